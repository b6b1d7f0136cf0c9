//! What can happen to a router, and what it wants done.

use bytestring::ByteString;

use crate::jid::Jid;
use crate::router::{ClassStats, Distrusted, Registrant};
use crate::stanza::Stanza;

/// What happens to a router.
#[derive(Debug)]
pub enum RouterInput {
    /// A stanza came to the router's address.
    Stanza(Stanza),
    /// A class is at its address and passes requests on.
    ClassUp(String),
    /// A class has no nodes after so many `AddNode`.
    ClassEmpty {
        /// The service.
        class: String,
        /// `AddNode` it has seen.
        added: u64,
    },
    /// A class is gone.
    ClassGone {
        /// The service.
        class: String,
        /// How it ended.
        end: ClassEnd,
    },
    /// A class has lost a node: what it passed on came back.
    NodeLost {
        /// The service.
        class: String,
        /// The listener.
        node: Jid,
    },
    /// A class's figures.
    Report(ClassStats),
}

/// How a class ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassEnd {
    /// It was told to.
    Closed,
    /// Somebody else has taken its address.
    Evicted,
    /// It broke.
    Broken,
}

/// What a router wants done.
#[derive(Debug)]
pub enum RouterEffect {
    /// Send it off.
    Send(Stanza),
    /// Start a class at this address.
    OpenClass {
        /// The service.
        class: String,
        /// Where it takes requests.
        address: Jid,
    },
    /// Tell a class about a node.
    AddNode(String, Registrant),
    /// Tell a class that a node left.
    RemoveNode(String, Jid),
    /// Tell a class that a node's session has ended.
    LoseNode(String, Jid),
    /// Tell an empty class to end.
    CloseClass(String),
    /// Ask a class for its figures.
    AskStats(String),
    /// A stanza was dropped because the router does not trust its sender's domain to serve.
    Distrusted(Distrusted),
    /// A stanza of this transaction was dropped, for this reason; nobody could be told.
    Dropped(&'static str, ByteString),
}
