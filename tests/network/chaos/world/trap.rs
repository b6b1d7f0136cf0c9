//! Brings down an embedded server, which runs no code of others but that of the streams it drops.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use opensrf::limits::CONNECTIONS_PER_ADDRESS;
use opensrf_actors::host::HostHandle;
use opensrf_actors::jabber::Incoming;
use opensrf_actors::transport::{Halves, halves};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// A connection that brings down whoever turns it away.
struct Trap;

impl AsyncRead for Trap {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Trap {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("on purpose");
        }
    }
}

/// Opens connections from one address, as many as may be, and one more, which is a trap. Gives those
/// that stand.
pub(crate) async fn spring(host: &HostHandle) -> Vec<DuplexStream> {
    let mut ours = Vec::new();
    for _ in 0..CONNECTIONS_PER_ADDRESS {
        let (near, far) = tokio::io::duplex(64);
        ours.push(near);
        enter(host, halves(far, false)).await;
    }
    // If there is no server any more, the trap goes off here.
    let _ = AssertUnwindSafe(enter(host, halves(Trap, false)))
        .catch_unwind()
        .await;
    ours
}

async fn enter(host: &HostHandle, halves: Halves) {
    let from = "192.0.2.1".to_owned();
    let incoming = Incoming { halves, from };
    if let Some(server) = host.duplex().0.get() {
        let _ = server.tell_when_free(incoming).await;
    }
}
