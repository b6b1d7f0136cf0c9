//! A host's tree for people: at most 100 columns, with units.

use std::fmt;

use super::model::{
    Answer, BusStatus, ChildState, ChildStatus, ClassStatus, Detail, HostPhase, HostStatus,
    RegistrationState, RegistrationStatus, ServerStatus, ServiceStatus,
};
use crate::counters::Figures;
use crate::shown::Span;

/// Columns of a line.
const WIDTH: usize = 100;
/// The column at which the states of the children stand.
const STATES: usize = 56;

impl fmt::Display for HostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            HostPhase::Running => "running",
            HostPhase::Draining => "draining",
            HostPhase::Stopping => "stopping",
        };
        let (name, version, pid) = (&self.name, &self.version, self.pid);
        let head = format!("{name}: {phase}, up {}", Span(self.uptime));
        line(f, &format!("{head}; opensrf {version}, process {pid}"))?;
        let last = self.children.len().saturating_sub(1);
        for (at, child) in self.children.iter().enumerate() {
            let (branch, stem) = match at == last {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            let title = format!("{branch}{}", child.title());
            line(f, &format!("{title:<STATES$}  {}", child.state_line()))?;
            for detail in child.details() {
                line(f, &format!("{stem}   {detail}"))?;
            }
        }
        figures(f, &self.figures)?;
        let problems = self.problems();
        if problems.is_empty() {
            return f.write_str("all is well");
        }
        f.write_str("not well:")?;
        for problem in problems {
            // In full: this is what somebody has to act upon.
            write!(f, "\n- {problem}")?;
        }
        Ok(())
    }
}

/// Writes a line, cut to its width.
fn line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let text = text.trim_end();
    match text.char_indices().nth(WIDTH) {
        None => writeln!(f, "{text}"),
        Some(_) => {
            let kept: String = text.chars().take(WIDTH - 1).collect();
            writeln!(f, "{kept}…")
        }
    }
}

/// What is not zero, as many to a line as fit.
fn figures(f: &mut fmt::Formatter<'_>, figures: &Figures) -> fmt::Result {
    let Ok(serde_json::Value::Object(figures)) = serde_json::to_value(figures) else {
        return Ok(());
    };
    let some = figures.iter().filter(|(_, value)| **value != 0);
    let some = some.map(|(name, value)| format!("{} {value}", name.replace('_', " ")));
    let mut text = String::from("so far:");
    let mut separator = " ";
    for figure in some {
        if text.chars().count() + figure.len() + separator.len() >= WIDTH {
            line(f, &format!("{text},"))?;
            text = String::from("       ");
            separator = " ";
        }
        text.push_str(separator);
        text.push_str(&figure);
        separator = ", ";
    }
    match separator {
        " " => line(f, "so far: nothing"),
        _ => line(f, &text),
    }
}

impl ChildStatus {
    fn state_line(&self) -> String {
        let state = match &self.state {
            ChildState::Starting => "STARTING".to_owned(),
            ChildState::Up => "up".to_owned(),
            ChildState::Restarting { in_seconds } => {
                format!("DOWN, restarts in {}", Span(*in_seconds))
            }
            ChildState::Draining => "draining".to_owned(),
        };
        let up = self.uptime.map(|uptime| format!(" {}", Span(uptime)));
        let restarts = match self.restarts {
            0 => String::new(),
            1 => ", 1 restart".to_owned(),
            many => format!(", {many} restarts"),
        };
        format!("{state}{}{restarts}", up.unwrap_or_default())
    }

    fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        if let Some(last) = &self.last_exit {
            details.push(format!("ended {} ago: {}", Span(last.ago), last.exit));
        }
        match &self.answer {
            Some(answer) => details.extend(answer.details(&self.name)),
            None if self.uptime.is_some() => details.push("DOES NOT ANSWER".to_owned()),
            None => {}
        }
        details
    }
}

impl Answer {
    fn details(&self, name: &str) -> Vec<String> {
        let mut details = Vec::new();
        if let Some(bus) = &self.bus {
            details.push(bus.detail(name));
            details.extend(bus.reason.clone());
        }
        match &self.detail {
            Detail::Server(server) => details.extend(server.details()),
            Detail::Service(service) => details.extend(service.details()),
            Detail::Client(client) => {
                let (requests, sessions) = (client.open_requests, client.sessions);
                details.push(format!("{requests} requests open, {sessions} sessions"));
            }
            Detail::Router(classes) if classes.is_empty() => {
                details.push("no service is registered".to_owned());
            }
            Detail::Router(classes) => {
                details.extend(classes.iter().flat_map(ClassStatus::details));
            }
        }
        if self.mailbox_delay.as_millis() >= 10 {
            details.push(format!("answers after {}", Span(self.mailbox_delay)));
        }
        details
    }
}

impl BusStatus {
    fn detail(&self, name: &str) -> String {
        let (is_on, since) = (if self.is_on { "on" } else { "OFF" }, Span(self.since));
        let waits = match self.inbox {
            0 => String::new(),
            inbox => format!(" ({inbox} stanzas wait in its inbox)"),
        };
        let at = match self.address == name {
            true => String::new(),
            false => format!(" as {}", self.address),
        };
        format!("{is_on} the bus for {since}{waits}{at}")
    }
}

impl ServerStatus {
    fn details(&self) -> Vec<String> {
        let (connections, sessions, bytes) = (self.connections, self.sessions, self.bytes_waiting);
        let mut details = vec![format!(
            "{connections} connections, {sessions} sessions, {bytes} bytes wait"
        )];
        if let Some(fullest) = &self.fullest {
            let bound = self.outbox_bytes;
            let (bytes, address) = (fullest.bytes, &fullest.address);
            details.push(format!("{bytes} of {bound} bytes wait for {address}"));
        }
        details
    }
}

impl ClassStatus {
    fn details(&self) -> Vec<String> {
        let name = &self.name;
        let Some(answer) = &self.answer else {
            return vec![format!("{name}: DOES NOT ANSWER")];
        };
        let (forwarded, bounced, refused) = (answer.forwarded, answer.bounced, answer.refused);
        let off = if answer.bus.is_on {
            ""
        } else {
            "OFF THE BUS, "
        };
        let policy = answer.policy.replace('_', " ");
        let mut details = vec![format!(
            "{name}: {off}{policy}, {forwarded} passed on, {bounced} came back, {refused} refused"
        )];
        // Two lines each: the addresses of nodes are long.
        details.extend(answer.nodes.iter().flat_map(|node| {
            let (since, again) = (Span(node.registered), Span(node.last_registered));
            let (forwarded, bounced) = (node.forwarded, node.bounced);
            let held = node.outstanding;
            let held = held.map(|held| format!(", {held} outstanding"));
            let held = held.unwrap_or_default();
            let figures = format!("{forwarded} passed on, {bounced} came back{held}");
            [
                format!("  {}", node.address),
                format!("    registered for {since}, again {again} ago; {figures}"),
            ]
        }));
        details
    }
}

impl ServiceStatus {
    fn details(&self) -> Vec<String> {
        let (busy, idle, starting, max) = (self.busy, self.idle, self.starting, self.max);
        let longest = self
            .longest_busy
            .map(|time| format!(" (for {})", Span(time)));
        let longest = longest.unwrap_or_default();
        let full = if self.is_full() { ", FULL" } else { "" };
        let mut details = vec![
            format!(
                "drones: {busy} busy{longest}, {idle} idle, {starting} starting, {max} at most; \
                 {} % used so far",
                self.percent_used()
            ),
            format!("backlog: {} of {}{full}", self.backlog, self.backlog_bound),
        ];
        details.extend(self.registrations.iter().map(RegistrationStatus::detail));
        details
    }
}

impl ServiceStatus {
    /// How much of what all drones could have done they did.
    fn percent_used(&self) -> u64 {
        let most = self.watched.as_secs_f64() * self.max as f64;
        let used = self.busy_time.as_secs_f64() / most.max(f64::MIN_POSITIVE);
        (used * 100.0).round() as u64
    }
}

impl RegistrationStatus {
    fn detail(&self) -> String {
        let state = match self.state {
            RegistrationState::Registered => "registered",
            RegistrationState::Registering => "NOT REGISTERED",
            RegistrationState::Offline => "NOT REGISTERED, off the bus",
            RegistrationState::Withdrawn => "withdrawn",
            RegistrationState::Leaving => "leaving",
        };
        format!("{}: {state} for {}", self.router, Span(self.since))
    }
}

#[cfg(test)]
mod tests;
