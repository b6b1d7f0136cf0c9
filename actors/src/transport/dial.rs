//! Byte streams to a Jabber server.

mod tcp;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use opensrf::liveness::DeadAfter;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

pub(crate) use self::tcp::tcp_halves;
use crate::jabber::Incoming;
use crate::peer::Slot;

/// How long a connection may take to stand.
pub(super) const DIAL_TIME: Duration = Duration::from_secs(10);

/// Bytes that a stream within the process holds in each direction.
pub(super) const DUPLEX_BYTES: usize = 64 * 1024;

/// The two directions of a byte stream.
pub struct Halves {
    /// From the other side.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// To the other side.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Whether nobody but this machine sees the bytes, so that passwords may cross.
    pub is_private: bool,
}

impl fmt::Debug for Halves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Halves")
            .field("is_private", &self.is_private)
            .finish_non_exhaustive()
    }
}

/// Cuts any byte stream in its two directions.
pub fn halves<S>(stream: S, is_private: bool) -> Halves
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    Halves {
        reader: Box::new(reader),
        writer: Box::new(writer),
        is_private,
    }
}

/// A way to a Jabber server.
pub trait Dial: fmt::Debug + Send + Sync {
    /// Opens a new connection.
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>>;

    /// What is dialled, for people.
    fn address(&self) -> String;
}

/// Over TCP, to `host:port`.
#[derive(Debug, Clone)]
pub struct TcpDial {
    address: String,
    dead_after: Option<DeadAfter>,
}

impl TcpDial {
    /// To `host:port`.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            dead_after: None,
        }
    }

    /// Has the system close connections whose other machine has been gone for so long.
    #[must_use]
    pub fn with_dead_after(mut self, dead_after: Option<DeadAfter>) -> Self {
        self.dead_after = dead_after;
        self
    }
}

impl Dial for TcpDial {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        let Self {
            address,
            dead_after,
        } = self.clone();
        Box::pin(async move { tcp_halves(TcpStream::connect(address).await?, dead_after) })
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}

/// Over a Unix socket.
#[derive(Debug, Clone)]
pub struct UnixDial(pub PathBuf);

impl Dial for UnixDial {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        let path = self.0.clone();
        Box::pin(async move { Ok(unix_halves(UnixStream::connect(path).await?)) })
    }

    fn address(&self) -> String {
        format!("unix:{}", self.0.display())
    }
}

pub(crate) fn unix_halves(socket: UnixStream) -> Halves {
    let (reader, writer) = socket.into_split();
    Halves {
        reader: Box::new(reader),
        writer: Box::new(writer),
        is_private: true,
    }
}

/// To a server of this process, in bytes and without a socket.
#[derive(Debug, Clone)]
pub struct DuplexDial(pub Slot<Incoming>);

impl Dial for DuplexDial {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        let (ours, theirs) = tokio::io::duplex(DUPLEX_BYTES);
        let incoming = Incoming {
            halves: halves(theirs, true),
            from: "duplex".into(),
        };
        let server = self.0.get();
        Box::pin(async move {
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let server = server.ok_or_else(refused)?;
            server
                .tell_when_free(incoming)
                .await
                .map_err(|_| refused())?;
            Ok(halves(ours, true))
        })
    }

    fn address(&self) -> String {
        "this process".into()
    }
}
