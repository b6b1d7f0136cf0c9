//! One server of memcached, and the connection to it.

use std::fmt;
use std::time::Duration;

use actix_rt::time::timeout;
use async_memcached::{AsciiProtocol, Client, Error, Status};
use tokio::sync::Mutex;

use super::CacheError;

/// memcached's own port.
const PORT: u16 = 11_211;

/// A server. Its commands go over one connection, one after the other; it is made at the first, and
/// made anew when it was lost.
pub(super) struct Server {
    /// `host:port`, or `unix:path`.
    address: String,
    /// The same as the client library wants it.
    url: String,
    client: Mutex<Option<Client>>,
}

/// What a server is to do with a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Command<'a> {
    Get,
    Set { value: &'a str, seconds: i64 },
    Delete,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Value(Vec<u8>),
    Done,
    /// The key is not there.
    Missing,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Server {
    /// A server at `host:port`, at `host` on memcached's own port, or at `unix:path`.
    pub(super) fn new(address: &str) -> Result<Self, CacheError> {
        let wrong = || CacheError::Address(address.to_owned());
        let url = if let Some(path) = address.strip_prefix("unix:") {
            if !path.starts_with('/') {
                return Err(wrong());
            }
            format!("unix://{path}")
        } else {
            let (host, port) = match address.split_once(':') {
                None => (address, PORT),
                Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            };
            let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            if host.is_empty() || !host.chars().all(is_host) {
                return Err(wrong());
            }
            format!("tcp://{host}:{port}")
        };
        Ok(Self {
            address: address.to_owned(),
            url,
            client: Mutex::new(None),
        })
    }

    /// Does it within `limit`, the wait for others counted in.
    ///
    /// A connection that was kept may have been lost since: then it is tried once more, with a new
    /// one. Every command may be done twice.
    pub(super) async fn run(
        &self,
        key: &str,
        command: Command<'_>,
        limit: Duration,
    ) -> Result<Reply, CacheError> {
        let attempt = async {
            let mut kept = self.client.lock().await;
            if let Some(client) = kept.as_mut().filter(|client| !client.is_closed()) {
                match perform(client, key, command).await {
                    Err(Error::Io(_) | Error::ConnectionClosed) => *kept = None,
                    reply => return reply,
                }
            }
            let client = kept.insert(Client::new(&self.url).await?);
            let reply = perform(client, key, command).await;
            if matches!(reply, Err(Error::Io(_) | Error::ConnectionClosed)) {
                *kept = None;
            }
            reply
        };
        match timeout(limit, attempt).await {
            Ok(reply) => reply.map_err(|error| self.failed(&error)),
            Err(_) => Err(CacheError::Timeout {
                server: self.address.clone(),
                limit,
            }),
        }
    }

    fn failed(&self, error: &Error) -> CacheError {
        let server = self.address.clone();
        let error_text = error.to_string();
        match error {
            Error::Protocol(_) | Error::ParseError(_) => CacheError::Refused {
                server,
                error: error_text,
            },
            Error::Connect(_) | Error::ConnectionClosed | Error::Io(_) => CacheError::Connection {
                server,
                error: error_text,
            },
        }
    }
}

async fn perform(client: &mut Client, key: &str, command: Command<'_>) -> Result<Reply, Error> {
    match command {
        Command::Get => {
            let found = client.get(key).await?.and_then(|value| value.data);
            Ok(found.map_or(Reply::Missing, Reply::Value))
        }
        Command::Set { value, seconds } => {
            client.set(key, value, Some(seconds), Some(0)).await?;
            Ok(Reply::Done)
        }
        Command::Delete => match client.delete(key).await {
            Ok(()) => Ok(Reply::Done),
            Err(Error::Protocol(Status::NotFound)) => Ok(Reply::Missing),
            Err(error) => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_host_and_port_or_path() {
        for (address, url) in [
            ("127.0.0.1:11212", "tcp://127.0.0.1:11212"),
            ("cache.example.org", "tcp://cache.example.org:11211"),
            ("unix:/run/memcached.sock", "unix:///run/memcached.sock"),
        ] {
            assert_eq!(Server::new(address).unwrap().url, url);
        }
        for address in [
            "",
            ":11211",
            "a:x",
            "a:99999",
            "[::1]:11211",
            "a b",
            "unix:x",
        ] {
            let wrong = CacheError::Address(address.to_owned()).to_string();
            assert_eq!(Server::new(address).unwrap_err().to_string(), wrong);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_an_error_in_time() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap().to_string();
        let server = Server::new(&address).unwrap();
        let limit = Duration::from_secs(1);
        for command in [Command::Get, Command::Delete] {
            let error = server.run("key", command, limit).await.unwrap_err();
            let told = format!("memcached at {address} did not answer within 1s");
            assert_eq!(error.to_string(), told);
        }
    }
}
