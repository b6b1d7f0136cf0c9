//! A client for memcached, with the keys, values and expiry of OpenSRF's own (protocol §13).
//!
//! ```no_run
//! # async fn example() -> Result<(), opensrf_actors::cache::CacheError> {
//! use std::time::Duration;
//! use opensrf_actors::cache::Cache;
//!
//! let cache = Cache::new(["127.0.0.1:11211"], Duration::from_secs(86_400))?;
//! cache.put("answer", &42, None).await?;
//! let answer = cache.get("answer").await?;
//! # Ok(()) }
//! ```
//!
//! - A value is JSON text as it is, with flags 0, so that the original's programs read it.
//!   [`put_text`](Cache::put_text) and [`get_text`](Cache::get_text) leave JSON aside.
//! - Keys lose white space and control characters; long ones are [shortened](clean). An empty key is
//!   never there, and putting something there does nothing.
//! - Nothing is kept longer than the cache's longest time, and everything that long unless it says
//!   otherwise. There is no "for ever".
//! - Each key has one of the servers: by Jenkins' one-at-a-time hash of the key, modulo their
//!   number, as libmemcached does by default. The order of the servers matters.
//! - A cache that does not answer is an error that names the server, after a second; a connection that
//!   was lost is made anew at the next command. Nothing goes to another server instead.
//! - The servers are asked over IPv4 or a Unix socket.

mod key;
mod server;

use std::sync::Arc;
use std::time::Duration;

use opensrf::osrf::{Json, JsonError};
use serde::Serialize;

pub use self::key::clean;
pub(crate) use self::key::md5_hex;
use self::key::server_of;
use self::server::{Command, Reply, Server};

/// How long one command may take unless the cache says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// The longest time that a value can be kept: memcached takes more than 30 days for a date.
pub const LONGEST_EXPIRY: Duration = Duration::from_secs(30 * 86_400);

/// Why something could not be cached or looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// No server at all.
    #[error("a cache needs a server, such as 127.0.0.1:11211")]
    NoServer,
    /// Something that is no server.
    #[error("{0:?} is no server: write host:port, with no IPv6 address, or unix:/path")]
    Address(String),
    /// A longest time that memcached does not know.
    #[error("values cannot be kept for {0:?}: up to 30 days are possible, and at least a second")]
    Expiry(Duration),
    /// No answer in time.
    #[error("memcached at {server} did not answer within {limit:?}")]
    Timeout {
        /// The server.
        server: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The server is not there, or went away.
    #[error("memcached at {server} cannot be reached: {error}")]
    Connection {
        /// The server.
        server: String,
        /// What the operating system says.
        error: String,
    },
    /// The server does not do it; it may be too large.
    #[error("memcached at {server} refused: {error}")]
    Refused {
        /// The server.
        server: String,
        /// What it says.
        error: String,
    },
    /// A value that cannot be JSON, or one in the cache that is not.
    #[error("no JSON under {key:?}: {error}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong.
        error: JsonError,
    },
    /// A value in the cache that is no text.
    #[error("no text in UTF-8 under {0:?}")]
    Text(String),
}

/// A cache on one or several servers. Clones are the same cache.
#[derive(Debug, Clone)]
pub struct Cache {
    servers: Arc<[Server]>,
    longest: Duration,
    timeout: Duration,
}

impl Cache {
    /// A cache on these servers, `host:port` or `unix:/path` each, that keeps nothing for longer than
    /// `longest`. Connects when it is used.
    ///
    /// # Errors
    /// [`CacheError`] if there is no server, one is no address, or `longest` is no time that
    /// memcached knows.
    pub fn new<S: AsRef<str>>(
        servers: impl IntoIterator<Item = S>,
        longest: Duration,
    ) -> Result<Self, CacheError> {
        let servers = servers
            .into_iter()
            .map(|server| Server::new(server.as_ref()));
        let servers: Arc<[Server]> = servers.collect::<Result<_, _>>()?;
        if servers.is_empty() {
            return Err(CacheError::NoServer);
        }
        if !(Duration::from_secs(1)..=LONGEST_EXPIRY).contains(&longest) {
            return Err(CacheError::Expiry(longest));
        }
        Ok(Self {
            servers,
            longest,
            timeout: TIMEOUT,
        })
    }

    /// The same cache with another time for a command; a second by default.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Keeps a value as JSON; for the longest time unless `expiry` says less.
    ///
    /// # Errors
    /// [`CacheError`] if it cannot be JSON, is too large, or the server is not there.
    pub async fn put<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
        expiry: Option<Duration>,
    ) -> Result<(), CacheError> {
        let json = Json::from_value(value).map_err(|error| self.no_json(key, error))?;
        self.put_text(key, json.as_str(), expiry).await
    }

    /// Keeps a text as it is.
    ///
    /// # Errors
    /// [`CacheError`] if it is too large, or the server is not there.
    pub async fn put_text(
        &self,
        key: &str,
        value: &str,
        expiry: Option<Duration>,
    ) -> Result<(), CacheError> {
        let seconds = self.seconds(expiry);
        self.run(key, Command::Set { value, seconds }).await?;
        Ok(())
    }

    /// The value under a key, if there is one.
    ///
    /// # Errors
    /// [`CacheError`] if it is no JSON, or the server is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Json>, CacheError> {
        let text = self.get_text(key).await?;
        text.map(|text| Json::parse(text).map_err(|error| self.no_json(key, error)))
            .transpose()
    }

    /// The text under a key, if there is one.
    ///
    /// # Errors
    /// [`CacheError`] if it is no text, or the server is not there.
    pub async fn get_text(&self, key: &str) -> Result<Option<String>, CacheError> {
        let no_text = |_| CacheError::Text(key.to_owned());
        match self.run(key, Command::Get).await? {
            Reply::Value(bytes) => String::from_utf8(bytes).map(Some).map_err(no_text),
            Reply::Done | Reply::Missing => Ok(None),
        }
    }

    /// Has a value kept for so long from now on, and says whether it is there. It is read and written
    /// again: what another writes in between is lost.
    ///
    /// # Errors
    /// [`CacheError`] if it is no text, or the server is not there.
    pub async fn set_expire(&self, key: &str, expiry: Duration) -> Result<bool, CacheError> {
        let Some(text) = self.get_text(key).await? else {
            return Ok(false);
        };
        self.put_text(key, &text, Some(expiry)).await?;
        Ok(true)
    }

    /// Removes a value, and says whether it was there.
    ///
    /// # Errors
    /// [`CacheError`] if the server is not there.
    pub async fn delete(&self, key: &str) -> Result<bool, CacheError> {
        Ok(self.run(key, Command::Delete).await? == Reply::Done)
    }

    async fn run(&self, key: &str, command: Command<'_>) -> Result<Reply, CacheError> {
        let Some(key) = clean(key) else {
            return Ok(Reply::Missing);
        };
        let server = self.servers.get(server_of(&key, self.servers.len()));
        let server = server.ok_or(CacheError::NoServer)?;
        server.run(&key, command, self.timeout).await
    }

    /// Whole seconds, at least one; a time of none, and one that is too long, is the longest.
    fn seconds(&self, expiry: Option<Duration>) -> i64 {
        let wanted = expiry.filter(|expiry| !expiry.is_zero() && *expiry <= self.longest);
        let millis = wanted.unwrap_or(self.longest).as_millis();
        i64::try_from(millis.div_ceil(1_000)).unwrap_or(1)
    }

    fn no_json(&self, key: &str, error: JsonError) -> CacheError {
        let key = key.to_owned();
        CacheError::Value { key, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(longest: u64) -> Result<Cache, CacheError> {
        Cache::new(["localhost"], Duration::from_secs(longest))
    }

    #[test]
    fn nothing_is_kept_longer_than_the_longest_time() {
        let cache = cache(60).unwrap();
        for (expiry, seconds) in [
            (None, 60),
            (Some(0), 60),
            (Some(1), 1),
            (Some(1_500), 2),
            (Some(60_000), 60),
            (Some(61_000), 60),
        ] {
            assert_eq!(cache.seconds(expiry.map(Duration::from_millis)), seconds);
        }
    }

    #[test]
    fn a_cache_that_cannot_be_is_refused() {
        let none: [&str; 0] = [];
        let refused = Cache::new(none, LONGEST_EXPIRY).unwrap_err();
        assert!(matches!(refused, CacheError::NoServer));
        for longest in [0, 30 * 86_400 + 1] {
            assert!(matches!(cache(longest), Err(CacheError::Expiry(_))));
        }
        assert!(cache(30 * 86_400).is_ok());
    }
}
