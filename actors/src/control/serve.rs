//! Answers whoever asks at a host's socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::place::Open;
use super::{ControlError, Place, Reply, Request};
use crate::host::HostHandle;

/// How long a conversation may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a question.
const LONGEST_REQUEST: u64 = 4_096;
/// Conversations at once.
const MOST: usize = 16;

/// The same for whoever holds the documents to it.
#[cfg(test)]
pub(crate) const BOUNDS: (u64, u64, usize) = (LONGEST_REQUEST, PATIENCE.as_secs(), MOST);

/// A host's socket before the host is there.
#[derive(Debug)]
pub(crate) struct Control(Open);

impl Control {
    /// Begins to listen, if there is to be a socket. Whoever asks waits until the host is there.
    pub(crate) async fn open(
        place: Option<&Place>,
        host: &str,
    ) -> Result<Option<Self>, ControlError> {
        let Some(place) = place else {
            return Ok(None);
        };
        match (place, place.open(host).await) {
            (_, Ok(open)) => Ok(Some(Self(open))),
            (Place::File(_), Err(error)) => Err(error),
            (Place::Folder(_), Err(error)) => {
                tracing::warn!(%error, "`opensrf status` will not find this host");
                Ok(None)
            }
        }
    }

    /// Answers until the host has ended.
    pub(crate) async fn serve(self, host: HostHandle) {
        let Self(Open { ref listener, .. }) = self;
        let mut ended = std::pin::pin!(host.ended());
        let places = Arc::new(Semaphore::new(MOST));
        loop {
            tokio::select! {
                biased;
                _ = &mut ended => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => answer(stream, &host, &places),
                    // Out of file descriptors, most likely; the next moment may be better.
                    Err(_) => actix_rt::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }
}

/// Begins a conversation, unless there are too many; that one is closed.
fn answer(stream: UnixStream, host: &HostHandle, places: &Arc<Semaphore>) {
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        return;
    };
    let host = host.clone();
    actix_rt::spawn(async move {
        // Whoever is too slow, or went away, gets no answer.
        let _ = timeout(PATIENCE, converse(stream, &host)).await;
        drop(place);
    });
}

async fn converse(mut stream: UnixStream, host: &HostHandle) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(LONGEST_REQUEST));
    if reader.read_until(b'\n', &mut line).await? == 0 {
        return Ok(()); // it only wanted to know whether somebody listens
    }
    let mut reply = serde_json::to_vec(&reply(&line, host).await)?;
    reply.push(b'\n');
    writer.write_all(&reply).await?;
    writer.shutdown().await
}

async fn reply(line: &[u8], host: &HostHandle) -> Reply {
    if !line.ends_with(b"\n") {
        return Reply::Error(format!(
            "a request is one line of at most {LONGEST_REQUEST} bytes"
        ));
    }
    match serde_json::from_slice(line) {
        Ok(Request::Status) => match host.status().await {
            Ok(status) => Reply::Status(Box::new(status)),
            Err(error) => Reply::Error(error.to_string()),
        },
        Err(error) => Reply::Error(format!("no request: {error}")),
    }
}
