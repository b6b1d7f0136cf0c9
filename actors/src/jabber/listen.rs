//! Sockets that the embedded server listens on.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opensrf::liveness::DeadAfter;
use tokio::net::{TcpListener, TcpSocket, UnixListener};

use super::Incoming;
use crate::peer::Peer;
use crate::transport::{TcpDial, tcp_halves, unix_halves};

/// Connections that the kernel holds for us while we are busy.
const KERNEL_BACKLOG: u32 = 1_024;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// `host:port`; port 0 takes a free one.
    Tcp(String),
    /// A file.
    Unix(PathBuf),
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {socket}: {reason}{}", remedy(.reason))]
pub struct ListenError {
    /// Which socket.
    pub socket: Socket,
    /// What the system said.
    pub reason: io::Error,
}

fn remedy(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::AddrInUse => " (another program has it; stop that, or change jabber.listen)",
        io::ErrorKind::PermissionDenied => " (ports below 1024 and foreign folders need rights)",
        io::ErrorKind::AddrNotAvailable => " (this machine has no such address)",
        _ => "",
    }
}

/// A socket that is listened on.
#[derive(Debug)]
pub enum Bound {
    /// TCP, with the port it has.
    Tcp(TcpListener, SocketAddr),
    /// A file, removed when it is dropped.
    Unix(UnixListener, Removed),
}

impl Bound {
    /// Begins to listen. Connections wait in the kernel until somebody takes them.
    ///
    /// # Errors
    /// [`ListenError`] names the socket and, if there is one, the remedy.
    pub async fn new(socket: &Socket) -> Result<Self, ListenError> {
        let bound = match socket {
            Socket::Tcp(address) => bind_tcp(address).await,
            Socket::Unix(path) => bind_unix(path).await,
        };
        bound.map_err(|reason| ListenError {
            socket: socket.clone(),
            reason,
        })
    }

    /// The TCP address that clients can reach, if it is one.
    #[must_use]
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(..) => None,
        }
    }

    /// Hands every connection to the server, until the server is gone.
    pub(super) async fn accept(&self, server: Peer<Incoming>, dead_after: Option<DeadAfter>) {
        loop {
            let incoming = match self {
                Self::Tcp(listener, _) => match listener.accept().await {
                    Ok((socket, from)) => tcp_halves(socket, dead_after).map(|halves| Incoming {
                        halves,
                        from: from.ip().to_string(),
                    }),
                    Err(error) => Err(error),
                },
                Self::Unix(listener, _) => listener.accept().await.map(|(socket, _)| Incoming {
                    halves: unix_halves(socket),
                    from: "unix".into(),
                }),
            };
            match incoming {
                Ok(incoming) => {
                    if server.tell_when_free(incoming).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    // Out of file descriptors, most likely; the next moment may be better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    actix_rt::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn bind_tcp(address: &str) -> io::Result<Bound> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for candidate in tokio::net::lookup_host(address).await? {
        match listen_tcp(candidate) {
            Ok(listener) => {
                let address = listener.local_addr()?;
                return Ok(Bound::Tcp(listener, address));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(KERNEL_BACKLOG)
}

async fn bind_unix(path: &Path) -> io::Result<Bound> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // A file that a killed process left behind answers nobody.
            if tokio::net::UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    Ok(Bound::Unix(listener, Removed(path.to_owned())))
}

/// A file that goes with its holder.
#[derive(Debug)]
pub struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // If it is gone already, all the better.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl From<SocketAddr> for TcpDial {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.to_string())
    }
}
