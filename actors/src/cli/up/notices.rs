//! What the service manager is told: systemd, or whoever else speaks the protocol of `sd_notify`.
//!
//! The manager names a datagram socket in the variable `NOTIFY_SOCKET`, and takes lines such as
//! `READY=1` there. Without the variable nothing is said. A manager that cannot be told is named in
//! the log once; the host goes on.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::io;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
#[cfg(target_os = "linux")]
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::guard::GRACE;

/// How long a manager that does not read may hold up the host.
const PATIENCE: Duration = Duration::from_millis(100);

/// The way to the service manager, if there is one.
#[derive(Debug, Default)]
pub(super) struct Notices {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
    has_failed: Cell<bool>,
}

impl Notices {
    /// As the variables say that `variable` gives.
    pub(super) fn new(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut notices = Self::default();
        if let Some(address) = variable("NOTIFY_SOCKET").filter(|address| !address.is_empty()) {
            match connect(&address) {
                Ok(socket) => {
                    notices.socket = Some(socket);
                    notices.watchdog = watchdog(variable);
                }
                Err(error) => notices.complain(&error),
            }
        }
        notices
    }

    /// How often the manager wants a sign of life: twice in the time after which it gives us up.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|patience| patience / 2)
    }

    /// All is up, or up again.
    pub(super) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// Something that an operator may want to know.
    pub(super) fn status(&self, status: &str) {
        self.tell(&format!("STATUS={}", one_line(status)));
    }

    /// The configuration is being read again; `ready` comes next.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        let status = "reads the configuration again";
        self.tell(&format!(
            "RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS={status}"
        ));
    }

    /// The host ends, and takes at most so long to finish what it has.
    pub(super) fn stopping(&self, drain: Duration, status: &str) {
        let micros = drain.saturating_add(GRACE).as_micros();
        self.tell(&format!(
            "STOPPING=1\nSTATUS={status}\nEXTEND_TIMEOUT_USEC={micros}"
        ));
    }

    /// A sign of life.
    pub(super) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, lines: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(lines.as_bytes())
        {
            self.complain(&error);
        }
    }

    fn complain(&self, error: &io::Error) {
        if !self.has_failed.replace(true) {
            tracing::warn!(%error, "the service manager cannot be told (NOTIFY_SOCKET)");
        }
    }
}

fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    match address.as_bytes() {
        [b'/', ..] => socket.connect(address)?,
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        _ => {
            let text = format!("{address:?} begins with neither / nor @");
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
    }
    Ok(socket)
}

/// After how long without a sign of life the manager gives this process up.
fn watchdog(variable: impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
    let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
    let is_meant = variable("WATCHDOG_PID").is_none()
        || number("WATCHDOG_PID") == Some(u64::from(process::id()));
    let micros = number("WATCHDOG_USEC").filter(|micros| is_meant && *micros > 0)?;
    // Twice a millisecond is as often as anybody could want it.
    Some(Duration::from_micros(micros).max(Duration::from_millis(1)))
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

// Their managers are at abstract addresses.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// A manager at `address`, and what tells it.
    fn manager(address: &str) -> (UnixDatagram, Notices) {
        let name = address.strip_prefix('@').unwrap();
        let there = SocketAddr::from_abstract_name(name).unwrap();
        let manager = UnixDatagram::bind_addr(&there).unwrap();
        manager
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let notices = Notices::new(|name| (name == "NOTIFY_SOCKET").then(|| address.into()));
        (manager, notices)
    }

    fn heard(manager: &UnixDatagram) -> String {
        let mut bytes = [0; 1_000];
        let count = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    #[test]
    fn each_notice_is_one_datagram_of_lines() {
        let (manager, notices) = manager("@opensrf-notices-lines");
        notices.ready("serves\nwell");
        assert_eq!(heard(&manager), "READY=1\nSTATUS=serves well");
        notices.stopping(Duration::from_secs(1), "ends");
        let end = "STOPPING=1\nSTATUS=ends\nEXTEND_TIMEOUT_USEC=6000000";
        assert_eq!(heard(&manager), end);
        notices.alive();
        assert_eq!(heard(&manager), "WATCHDOG=1");
    }

    #[test]
    fn a_reload_says_when_it_began_by_the_clock_of_the_manager() {
        let (manager, notices) = manager("@opensrf-notices-reload");
        let before = clock_gettime(ClockId::Monotonic).tv_sec;
        notices.reloading();
        let heard = heard(&manager);
        let mut lines = heard.lines();
        assert_eq!(lines.next(), Some("RELOADING=1"));
        let micros = lines.next().unwrap().strip_prefix("MONOTONIC_USEC=");
        let micros: i64 = micros.unwrap().parse().unwrap();
        assert!((before..before + 60).contains(&(micros / 1_000_000)));
    }

    #[test]
    fn a_manager_that_is_not_there_or_does_not_read_holds_nothing_up() {
        for address in [
            "/nowhere/at/all",
            "@opensrf-notices-nobody",
            "vsock:2:1",
            "",
        ] {
            Notices::new(|name| (name == "NOTIFY_SOCKET").then(|| address.into())).ready("");
        }
        Notices::new(|_| None).ready("");
        let (_deaf, notices) = manager("@opensrf-notices-deaf");
        while !notices.has_failed.get() {
            notices.alive();
        }
    }

    #[test]
    fn signs_of_life_are_given_twice_in_the_time_if_they_are_meant_for_this_process() {
        let every = |pid: Option<u32>, micros: &str| {
            let seen = watchdog(|name| match name {
                "WATCHDOG_PID" => pid.map(|pid| pid.to_string().into()),
                _ => Some(micros.into()),
            });
            let notices = Notices {
                watchdog: seen,
                ..Notices::default()
            };
            notices.watchdog().map(|every| every.as_micros())
        };
        let own = process::id();
        assert_eq!(every(None, "30000000"), Some(15_000_000));
        assert_eq!(every(Some(own), "30000000"), Some(15_000_000));
        assert_eq!(every(Some(own + 1), "30000000"), None);
        for micros in ["", "0", "-1", "soon"] {
            assert_eq!(every(None, micros), None, "{micros}");
        }
    }
}
