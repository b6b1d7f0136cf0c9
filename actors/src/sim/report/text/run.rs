//! One run.

use std::fmt;
use std::time::Duration;

use super::table::{Table, cut};
use super::{NAME, check, outcome, section, verdict};
use crate::shown::{Count, Figure, Length, Share};
use crate::sim::report::{
    Ends, FaultReport, HostReport, Latency, Little, Mode, PoolReport, Report, ServiceReport,
    Summary,
};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.scenario, self.outcome())?;
        writeln!(f, "{}", self.conditions())?;
        section(f, "requests", &self.requests())?;
        section(f, "latency", &self.latencies())?;
        section(f, "pools", &self.pools())?;
        let faults: Vec<_> = self.faults.iter().map(FaultReport::line).collect();
        section(f, "faults", &faults)?;
        section(f, "Little's law", &[self.little.line()])?;
        let checks: Vec<_> = self.checks.iter().map(check).collect();
        section(f, "checks", &checks)?;
        let expectations: Vec<_> = self.expectations.iter().map(verdict).collect();
        section(f, "expectations", &expectations)
    }
}

impl Report {
    pub(in crate::sim::report) fn outcome(&self) -> String {
        let holds = self.checks.iter().map(|check| check.holds);
        let holds = holds.chain(self.expectations.iter().map(|verdict| verdict.holds));
        let (fails, all) = holds.fold((0, 0), |(fails, all), holds| {
            (fails + usize::from(!holds), all + 1)
        });
        outcome(fails, all)
    }

    pub(in crate::sim::report) fn conditions(&self) -> String {
        let mode = match self.mode {
            Mode::Simulated => "simulated time",
            Mode::Real => "real time",
        };
        let (seed, duration) = (self.seed, Length(self.duration));
        let warmup = match self.warmup.is_zero() {
            true => String::new(),
            false => format!(", the first {} not counted", Length(self.warmup)),
        };
        format!("seed {seed}, {duration} of {mode}{warmup}")
    }

    fn requests(&self) -> Vec<String> {
        let mut table = Table::default();
        let asked = self.total.asked;
        table.row(["asked".to_owned(), Count(asked).to_string()]);
        for (name, count) in self.total.ends.named() {
            if count > 0 || name == "answered" {
                let (share, count) = (Share::of(count, asked), Count(count));
                table.row([name.to_owned(), count.to_string(), share.to_string()]);
            }
        }
        let mut lines = table.lines();
        lines.push(format!(
            "{} answered a second",
            Figure(self.total.throughput)
        ));
        lines
    }

    /// All, and the parts of it where there are several.
    fn latencies(&self) -> Vec<String> {
        let mut table = Table::headed(&["", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"]);
        table.row(latency("all", &self.total));
        if self.clients.len() > 1 {
            for group in &self.clients {
                table.row(latency(
                    &format!("clients {}", cut(&group.name, NAME - 8)),
                    &group.summary,
                ));
            }
        }
        if self.services.len() > 1 {
            for service in &self.services {
                table.row(latency(&service.name, &service.summary));
            }
        }
        table.lines()
    }

    fn pools(&self) -> Vec<String> {
        if self.services.is_empty() {
            return Vec::new();
        }
        let head = [
            "",
            "drones",
            "busy",
            "in use",
            "waiting",
            "mean wait",
            "assigned",
            "share",
        ];
        let mut table = Table::headed(&head);
        for service in &self.services {
            table.row(pool(&service.name, &service.pool, None));
            // One host has all.
            for (host, share) in service.shares().filter(|_| service.hosts.len() > 1) {
                table.row(pool(&format!("  {}", host.host), &host.pool, Some(share)));
            }
        }
        table.lines()
    }
}

impl ServiceReport {
    /// The hosts, each with its part of the requests.
    pub(in crate::sim::report) fn shares(&self) -> impl Iterator<Item = (&HostReport, Share)> {
        let all = self.hosts.iter().map(|host| host.pool.assigned).sum();
        let share = move |host: &HostReport| Share::of(host.pool.assigned, all);
        self.hosts.iter().map(move |host| (host, share(host)))
    }
}

impl Ends {
    /// With the names that people read.
    pub(in crate::sim::report) fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("answered", self.answered),
            ("refused", self.refused),
            ("failed", self.failed),
            ("bounced", self.bounced),
            ("timed out", self.timed_out),
            ("disconnected", self.disconnected),
        ]
    }
}

impl Latency {
    /// The figures that tables have, in their order.
    pub(in crate::sim::report) fn figures(&self) -> [Duration; 7] {
        let Self {
            mean,
            p50,
            p90,
            p95,
            p99,
            p999,
            max,
            ..
        } = *self;
        [mean, p50, p90, p95, p99, p999, max]
    }
}

fn latency(name: &str, summary: &Summary) -> Vec<String> {
    let times = summary.latency.as_ref().map(Latency::figures);
    let times = times.map_or_else(
        || vec!["-".to_owned(); 7],
        |times| times.map(|time| Length(time).to_string()).to_vec(),
    );
    std::iter::once(cut(name, NAME)).chain(times).collect()
}

fn pool(name: &str, pool: &PoolReport, share: Option<Share>) -> Vec<String> {
    vec![
        cut(name, NAME),
        pool.drones.to_string(),
        Figure(pool.busy).to_string(),
        Share(pool.utilisation).to_string(),
        Figure(pool.waiting).to_string(),
        Length(pool.mean_wait).to_string(),
        Count(pool.assigned).to_string(),
        share.map(|share| share.to_string()).unwrap_or_default(),
    ]
}

impl FaultReport {
    pub(in crate::sim::report) fn when(&self) -> String {
        match self.until {
            Some(until) => format!("{} to {}", Length(self.at), Length(until)),
            None => format!("at {}", Length(self.at)),
        }
    }

    pub(in crate::sim::report) fn outcome(&self) -> String {
        match self.recovered {
            Some(time) if time.is_zero() => "all requests were answered".to_owned(),
            Some(time) => format!("recovered after {}", Length(time)),
            None => "NOT RECOVERED when the run ended".to_owned(),
        }
    }

    fn line(&self) -> String {
        format!("{:<18}  {}: {}", self.when(), self.what, self.outcome())
    }
}

impl Little {
    pub(in crate::sim::report) fn line(&self) -> String {
        let (open, arrivals, time) = (Figure(self.open), Figure(self.arrivals), Length(self.time));
        let product = Figure(self.arrivals * self.time.as_secs_f64());
        let sign = super::sign(self.holds());
        format!("{sign}  {open} open on average; {arrivals} a second for {time} each are {product}")
    }
}
