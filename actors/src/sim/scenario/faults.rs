//! What goes wrong on purpose.

use std::fmt;
use std::time::Duration;

use crate::law::Law;

/// Something that goes wrong, once or again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) target: Option<String>,
    pub(crate) when: When,
    pub(crate) lasts: Duration,
}

/// When something goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// At this moment, from the beginning of the run.
    At(Duration),
    /// Again and again, with so much time from the end of one to the beginning of the next.
    Every(Law),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// A machine and all on it is gone at once, and back after its time.
    KillHost,
    /// The same for a router's machine.
    KillRouter,
    /// The Jabber server is gone with all connections, and back after its time.
    KillServer,
    /// The next drone of a service that says something dies instead.
    KillDrone,
    /// All connections of a machine break, and none can be had for its time.
    Cut,
    /// Nothing arrives from a machine or at it, and nobody is told, for its time.
    HalfOpen,
    /// Made-up services of a machine take so many times as long, for its time.
    Slow(f64),
    /// Each stanza from and to a machine takes so much longer, for its time.
    Delay(Law),
    /// This fraction of stanzas from and to a machine is lost, for its time.
    Loss(f64),
    /// The next call of a made-up service panics.
    Panic,
    /// The next call of a made-up service never ends.
    Hang,
}

/// Every kind; those with a figure change nothing.
static KINDS: [FaultKind; 11] = [
    FaultKind::KillHost,
    FaultKind::KillRouter,
    FaultKind::KillServer,
    FaultKind::KillDrone,
    FaultKind::Cut,
    FaultKind::HalfOpen,
    FaultKind::Slow(1.0),
    FaultKind::Delay(Law::ZERO),
    FaultKind::Loss(0.0),
    FaultKind::Panic,
    FaultKind::Hang,
];

impl FaultKind {
    /// The kind that a word means; one with a figure changes nothing yet.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        KINDS.iter().find(|kind| kind.word() == word).cloned()
    }

    /// All words for kinds.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(Self::word)
    }

    /// What it aims at.
    pub(crate) fn aims_at(&self) -> Aim {
        match self {
            Self::KillServer => Aim::Nothing,
            Self::KillRouter => Aim::Router,
            Self::KillDrone => Aim::Service,
            Self::Panic | Self::Hang => Aim::MadeUp,
            Self::KillHost | Self::Slow(_) => Aim::Host,
            Self::Cut | Self::HalfOpen | Self::Delay(_) | Self::Loss(_) => Aim::Machine,
        }
    }

    /// Its word in scenario files and reports.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::KillHost => "kill_host",
            Self::KillRouter => "kill_router",
            Self::KillServer => "kill_server",
            Self::KillDrone => "kill_drone",
            Self::Cut => "cut",
            Self::HalfOpen => "half_open",
            Self::Slow(_) => "slow",
            Self::Delay(_) => "delay",
            Self::Loss(_) => "loss",
            Self::Panic => "panic",
            Self::Hang => "hang",
        }
    }

    /// Whether it goes on for a while.
    pub(crate) fn lasts(&self) -> bool {
        !matches!(self, Self::KillDrone | Self::Panic | Self::Hang)
    }
}

/// Its word.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a fault aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    Nothing,
    /// A router's machine, by its domain; the only one if there is no other.
    Router,
    /// A machine on which services run.
    Host,
    /// Any machine: of services, of a router or of clients.
    Machine,
    Service,
    /// A made-up service.
    MadeUp,
}

impl Fault {
    /// Something that goes wrong at the beginning of the run, for 5 s.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            target: None,
            when: When::At(Duration::ZERO),
            lasts: Duration::from_secs(5),
        }
    }

    /// To whom: the name of a machine, of a group of clients, of a service, or a router's domain,
    /// as the kind asks for it. If it is left out and there are several, one is chosen by chance
    /// each time.
    #[must_use]
    pub fn on(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// When, from the beginning of the run.
    #[must_use]
    pub fn at(mut self, at: Duration) -> Self {
        self.when = When::At(at);
        self
    }

    /// Again and again, with so much time between an end and the next beginning.
    #[must_use]
    pub fn every(mut self, pause: Law) -> Self {
        self.when = When::Every(pause);
        self
    }

    /// For how long, if it goes on for a while; 5 s by default.
    #[must_use]
    pub fn lasts(mut self, lasts: Duration) -> Self {
        self.lasts = lasts;
        self
    }
}
