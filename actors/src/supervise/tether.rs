use actix::{Message, Recipient};

/// How an actor came to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exit {
    /// It had nothing more to do.
    #[error("normal")]
    Normal,
    /// It was told to end.
    #[error("stopped")]
    Stopped,
    /// It panicked, or was dropped without a word.
    #[error("panicked")]
    Panicked,
    /// What it does at its start failed.
    #[error("could not start: {0}")]
    NotStarted(String),
    /// Its connection was lost.
    #[error("link lost: {0}")]
    LinkLost(String),
    /// What it did took longer than it may.
    #[error("its method took longer than it may")]
    Hung,
    /// A child of it failed too often: which one, and how at last.
    #[error("failed too often: {0}")]
    Intensity(String),
}

impl Exit {
    /// What kind of end it is, without the particulars.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Stopped => "stopped",
            Self::Panicked => "panicked",
            Self::NotStarted(_) => "not started",
            Self::LinkLost(_) => "link lost",
            Self::Hung => "hung",
            Self::Intensity(_) => "gave up",
        }
    }
}

/// Sent by a [`Tether`] only: a child is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ChildExited {
    /// The child, by the number its parent gave it.
    pub child: u64,
    /// How it ended.
    pub exit: Exit,
    /// Jobs that it had begun, ever.
    pub taken: u64,
    /// Whether nothing is owed to anyone for the last of them.
    pub settled: bool,
}

/// Tells the parent when its holder is dropped.
#[derive(Debug)]
pub struct Tether {
    parent: Recipient<ChildExited>,
    child: u64,
    exit: Exit,
    taken: u64,
    settled: bool,
}

impl Tether {
    /// Ties the child of this number to its parent.
    #[must_use]
    pub fn new(parent: Recipient<ChildExited>, child: u64) -> Self {
        Self {
            parent,
            child,
            exit: Exit::Panicked,
            taken: 0,
            settled: false,
        }
    }

    /// The child begins a job.
    pub fn took(&mut self) {
        self.taken += 1;
        self.settled = false;
    }

    /// Nothing is owed for the last job.
    pub fn settled(&mut self) {
        self.settled = true;
    }

    /// Says how the child will have ended. Without a word it is a panic, with debts unless its last
    /// job was settled.
    pub fn ends(&mut self, exit: Exit, settled: bool) {
        self.exit = exit;
        self.settled = settled;
    }
}

impl Drop for Tether {
    #[allow(clippy::disallowed_methods)] // an end must be told even if the mailbox is full
    fn drop(&mut self) {
        self.parent.do_send(ChildExited {
            child: self.child,
            exit: self.exit.clone(),
            taken: self.taken,
            settled: self.settled,
        });
    }
}
