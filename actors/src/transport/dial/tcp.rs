//! A TCP connection as we want it: no delay for small writes, and news of a machine that vanished.
//!
//! The kernel asks the other machine's kernel (keepalive), and counts how long bytes stay
//! unacknowledged (user time-out). Neither is seen by the program over there, so this finds a
//! vanished machine also behind programs that answer no pings; a stopped program it does not find.
//!
//! Linux takes a program that reads nothing for a vanished machine, once the user time-out is over
//! (`tcp_probe_timer`). Such a program may be busy, and has the time that an outbox gives it: from
//! the first write that has to wait, the user time-out is off. Linux would take megabytes before
//! any write waits; here it takes little more than it can send.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use opensrf::liveness::DeadAfter;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use super::Halves;

/// Bytes that the kernel takes beyond those that it could send.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;

/// The two directions of a connection, which ends when its other machine has been gone for about as
/// long as `dead_after` says.
pub(crate) fn tcp_halves(socket: TcpStream, dead_after: Option<DeadAfter>) -> io::Result<Halves> {
    socket.set_nodelay(true)?;
    let is_private = socket.peer_addr()?.ip().is_loopback();
    if let Some(dead_after) = dead_after {
        set_times(SockRef::from(&socket), dead_after)?;
    }
    let (reader, socket) = socket.into_split();
    let is_timed = dead_after.is_some();
    Ok(Halves {
        reader: Box::new(reader),
        writer: Box::new(Writer { socket, is_timed }),
        is_private,
    })
}

/// Keepalive asks when nothing came for half of the time, and the connection ends when nothing was
/// acknowledged for three quarters of it.
fn set_times(socket: SockRef<'_>, dead_after: DeadAfter) -> io::Result<()> {
    let whole = dead_after.get();
    let second = Duration::from_secs(1);
    let keepalive = TcpKeepalive::new()
        .with_time((whole / 2).max(second))
        .with_interval((whole / 8).max(second))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        socket.set_tcp_user_timeout(Some(whole * 3 / 4))?;
    }
    Ok(())
}

/// The sending half.
struct Writer {
    socket: OwnedWriteHalf,
    /// The user time-out is on.
    is_timed: bool,
}

impl Writer {
    /// Leaves it to others to tell a busy program from a vanished machine.
    fn has_to_wait(&mut self) {
        self.is_timed = false;
        #[cfg(target_os = "linux")]
        if let Err(error) = SockRef::from(self.socket.as_ref()).set_tcp_user_timeout(None) {
            tracing::debug!(%error, "the user time-out stays");
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        if written.is_pending() && self.is_timed {
            self.has_to_wait();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use futures::FutureExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_program_that_reads_nothing_is_not_taken_for_a_vanished_machine() {
        actix_rt::System::new().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let _busy = TcpStream::connect(address).await.unwrap();
            let (socket, _) = listener.accept().await.unwrap();
            let dead_after = DeadAfter::new(Duration::from_secs(10)).unwrap().unwrap();
            set_times(SockRef::from(&socket), dead_after).unwrap();
            let (_reader, socket) = socket.into_split();
            let mut writer = Writer {
                socket,
                is_timed: true,
            };
            let user_timeout = |writer: &Writer| {
                let socket = SockRef::from(writer.socket.as_ref());
                socket.tcp_user_timeout().unwrap().unwrap_or_default()
            };
            writer.write_all(b"little").await.unwrap();
            assert_eq!(user_timeout(&writer), Duration::from_millis(7_500));
            let mut taken = 0;
            let much = [0; 64 * 1024];
            while let Some(written) = writer.write(&much).now_or_never() {
                taken += written.unwrap();
            }
            assert_eq!(user_timeout(&writer), Duration::ZERO);
            assert!(
                taken < 16 * 1024 * 1024,
                "{taken}: the kernel takes all that comes"
            );
        });
    }
}
