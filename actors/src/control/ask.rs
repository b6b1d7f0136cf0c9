//! Asks a host at its socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Reply, Request};
use crate::status::HostStatus;

/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const LONGEST_REPLY: u64 = 64 << 20;

/// Why a host does not tell what it does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// Its process was killed, and left the file of its socket behind.
    #[error("its process is gone; the next `opensrf up` removes the file")]
    Stale,
    /// It is there, and does not answer.
    #[error(
        "it does not answer within {} s: a method blocks its thread, or the process is stopped",
        PATIENCE.as_secs()
    )]
    Silent,
    /// It cannot be asked.
    #[error("it cannot be asked: {0}")]
    Io(#[from] io::Error),
    /// It is of another version, most likely.
    #[error("its answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It said why.
    #[error("it refuses: {0}")]
    Refused(String),
}

/// Asks the host at this socket what it does.
pub(crate) async fn ask(socket: &Path) -> Result<HostStatus, AskError> {
    let answer = timeout(PATIENCE, converse(socket)).await;
    match serde_json::from_slice(&answer.map_err(|_| AskError::Silent)??)? {
        Reply::Status(status) => Ok(*status),
        Reply::Error(error) => Err(AskError::Refused(error)),
    }
}

async fn converse(socket: &Path) -> Result<Vec<u8>, AskError> {
    let mut stream = match UnixStream::connect(socket).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Err(AskError::Stale);
        }
        other => other?,
    };
    let mut request = serde_json::to_vec(&Request::Status)?;
    request.push(b'\n');
    stream.write_all(&request).await?;
    let mut reply = Vec::new();
    stream.take(LONGEST_REPLY).read_to_end(&mut reply).await?;
    Ok(reply)
}
