//! Why a host cannot start, or does not run any more.

use opensrf::jid::JidError;
use opensrf::liveness::TooSoon;
use opensrf::pool::PoolSizeError;
use opensrf::router::TrustError;

use crate::control::ControlError;
use crate::jabber::ListenError;
use crate::sasl::AccountError;
use crate::service::ServiceError;
use crate::services;
use crate::supervise::Exit;

/// Why a host cannot start, or does not run any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// A socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The socket for questions from outside cannot be had.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The accounts are wrong.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A service is wrong.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A service that is not on board.
    #[error("service {0} is not on board; there are: {list}", list = services::NAMES.join(", "))]
    NoSuchService(String),
    /// A pool of drones is wrong.
    #[error(transparent)]
    Pool(#[from] PoolSizeError),
    /// Living peers would be taken for dead.
    #[error(transparent)]
    DeadAfter(#[from] TooSoon),
    /// The router would trust nobody.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// An account, domain or name cannot be part of an address.
    #[error("{what} cannot be part of an address: {error}")]
    Address {
        /// Which one.
        what: String,
        /// What is wrong with it.
        error: JidError,
    },
    /// Router or services want an embedded server that is not there.
    #[error("there is no embedded server; give router and bus the address of one")]
    NoServer,
    /// The system lets no signal be waited for.
    #[error("no signals: {0}")]
    Signals(std::io::Error),
    /// The system gave no thread.
    #[error("no thread for the host: {0}")]
    Thread(std::io::Error),
    /// A part of the host failed too often.
    #[error("the host ended: {0}")]
    Failed(Exit),
    /// The host has ended.
    #[error("the host has ended")]
    Ended,
}
