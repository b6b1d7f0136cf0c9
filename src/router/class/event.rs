//! What can happen to a class, and what it wants done.

use bytestring::ByteString;

use crate::jid::Jid;
use crate::router::{ClassStats, Distrusted, Registrant};
use crate::stanza::Stanza;

/// What happens to a class.
#[derive(Debug)]
pub enum ClassInput {
    /// From the router: this listener serves the class now.
    AddNode(Registrant),
    /// From the router: this listener has left; it still takes what was sent to it.
    RemoveNode(Jid),
    /// From the router: this listener's session has ended; what was sent to it comes back.
    LoseNode(Jid),
    /// From the router: say what you have passed on.
    Report,
    /// From the router, after `Empty`: end.
    Close,
    /// A stanza came to the class's address.
    Stanza(Stanza),
}

/// What a class wants done.
#[derive(Debug)]
pub enum ClassEffect {
    /// Send it off.
    Send(Stanza),
    /// Tell the router the figures.
    Report(ClassStats),
    /// Tell the router that this node takes nothing any more and is forgotten.
    Lost(Jid),
    /// Tell the router that no node is left, after so many `AddNode`.
    Empty {
        /// `AddNode` inputs seen so far; the router knows from it whether another is on its way.
        added: u64,
    },
    /// The class ends.
    Stop,
    /// A stanza was dropped because the class does not trust its sender's domain to call.
    Distrusted(Distrusted),
    /// A stanza of this transaction was dropped, for this reason; nobody could be told.
    Dropped(&'static str, ByteString),
}
