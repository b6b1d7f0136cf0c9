//! `opensrf.version`: the MD5 of what a method answers, by which a caller sees that it has changed.
//!
//! `opensrf.version.verify(service, method, params…)` calls that method and gives the MD5, in
//! hexadecimal digits, of the JSON of its first result, as it came. What was computed is kept for five
//! minutes under the MD5 of the parameters' JSON: in memcached, where all hosts find it, or else in the
//! process, for the last [`KEPT`] calls. A memcached that fails is told in the log, and done without.
//!
//! | setting | meaning |
//! |---|---|
//! | `cache.servers` | The servers of memcached, `host:port` each; left out: none. |
//! | `cache.max_cache_time` | How long memcached keeps anything at most. 86,400 s. |
//!
//! The table `cache` is the original's `cache/global`, in which the list is `cache.servers.server`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_rt::time::Instant;
use futures::StreamExt;
use opensrf::osrf::Json;
use serde_json::Value;
use tracing::warn;

use super::given::Given;
use super::handed_on;
use crate::cache::{Cache, md5_hex};
use crate::service::{Call, MethodError, ParamType, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.version";

/// How long an MD5 is taken for true.
pub const TRUE_FOR: Duration = Duration::from_secs(300);

/// How many are kept in the process where there is no memcached.
pub const KEPT: usize = 1_000;

const MAX_CACHE_TIME: Duration = Duration::from_secs(86_400);

/// The service as its settings say.
///
/// # Errors
/// [`ServiceError::Setting`] if a setting is wrong or unknown.
pub fn service(settings: &Value) -> Result<Service, ServiceError> {
    let given = Given::new(NAME, settings)?;
    given.only(&["cache"])?;
    let known = Arc::new(match cache(&given.table("cache")?)? {
        Some(cache) => Known::Everywhere(cache),
        None => Known::Here(Mutex::default()),
    });
    Service::builder(NAME)
        .method("opensrf.version.verify", move |call, asked| {
            verify(call, asked, Arc::clone(&known))
        })
        .notes("The MD5 of the first result of a method. Its parameters follow its name.")
        .param("service", "The method's service.", ParamType::String)
        .param("method", "Its name.", ParamType::String)
        .returns("32 hexadecimal digits.", ParamType::String)
        .build()
}

fn cache(given: &Given<'_>) -> Result<Option<Cache>, ServiceError> {
    given.only(&["servers", "max_cache_time"])?;
    let servers = match given.value("servers") {
        Some(Value::Object(_)) => given.table("servers")?.texts("server")?,
        _ => given.texts("servers")?,
    };
    let longest = given.interval("max_cache_time", MAX_CACHE_TIME)?;
    if servers.is_empty() {
        return Ok(None);
    }
    let cache = Cache::new(servers, longest);
    Ok(Some(cache.map_err(|error| given.wrong("servers", error))?))
}

async fn verify(
    call: Call,
    (service, method): (String, String),
    known: Arc<Known>,
) -> Result<String, MethodError> {
    let key = md5_hex(Json::array(call.params()).as_str());
    if let Some(md5) = known.find(&key).await {
        return Ok(md5);
    }
    let params = call.params().get(2..).unwrap_or_default();
    let mut results = call
        .client()
        .stream(&service, &method, params)
        .await
        .map_err(handed_on)?;
    let first = results.next().await.ok_or_else(|| {
        MethodError::failed(format!(
            "{method} of {service} gives no result to take the MD5 of"
        ))
    })?;
    let md5 = md5_hex(first.map_err(|error| handed_on(error.into()))?.as_str());
    known.keep(key, &md5).await;
    Ok(md5)
}

/// What was computed before.
#[derive(Debug)]
enum Known {
    Everywhere(Cache),
    /// By key, with the moment from which it is not true any more.
    Here(Mutex<BTreeMap<String, (Instant, String)>>),
}

impl Known {
    async fn find(&self, key: &str) -> Option<String> {
        match self {
            Self::Everywhere(cache) => match cache.get(key).await {
                Ok(found) => found?.value().ok(),
                Err(error) => {
                    warn!(%error, "the cache failed; the method is asked");
                    None
                }
            },
            Self::Here(here) => {
                let here = here.lock().unwrap_or_else(PoisonError::into_inner);
                let (until, md5) = here.get(key)?;
                (*until > Instant::now()).then(|| md5.clone())
            }
        }
    }

    async fn keep(&self, key: String, md5: &str) {
        match self {
            Self::Everywhere(cache) => {
                if let Err(error) = cache.put(&key, md5, Some(TRUE_FOR)).await {
                    warn!(%error, "the cache failed; the result is not kept");
                }
            }
            Self::Here(here) => {
                let now = Instant::now();
                let mut here = here.lock().unwrap_or_else(PoisonError::into_inner);
                here.retain(|_, (until, _)| *until > now);
                if here.len() >= KEPT {
                    let oldest = here.iter().min_by_key(|(_, (until, _))| *until);
                    let oldest = oldest.map(|(key, _)| key.clone());
                    oldest.and_then(|key| here.remove(&key));
                }
                here.insert(key, (now + TRUE_FOR, md5.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_here_is_bounded_in_time_and_number() {
        let known = Known::Here(Mutex::default());
        known.keep("first".to_owned(), "md5").await;
        assert_eq!(known.find("first").await.as_deref(), Some("md5"));
        tokio::time::advance(TRUE_FOR).await;
        assert_eq!(known.find("first").await, None);
        for number in 0..=KEPT {
            tokio::time::advance(Duration::from_millis(1)).await;
            known.keep(number.to_string(), "md5").await;
        }
        assert_eq!(known.find("0").await, None, "the oldest made room");
        assert!(known.find("1").await.is_some());
        let Known::Here(here) = known else {
            panic!("here")
        };
        assert_eq!(here.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn the_cache_is_given_as_in_toml_or_as_in_xml() {
        let servers = |settings: Value| {
            let given = Given::new(NAME, &settings).unwrap();
            cache(&given).map(|cache| cache.map(|cache| format!("{cache:?}")))
        };
        assert_eq!(servers(json!({})).unwrap(), None);
        let one = servers(json!({"servers": ["127.0.0.1:1"]})).unwrap();
        assert!(one.as_ref().unwrap().contains("127.0.0.1:1"));
        let xml = json!({"servers": {"server": "127.0.0.1:1"}, "max_cache_time": 86400});
        assert_eq!(servers(xml).unwrap(), one);
        let wrong = json!({"servers": ["a:b"]});
        let told = servers(wrong).unwrap_err().to_string();
        assert!(
            told.contains("setting servers: \"a:b\" is no server"),
            "{told}"
        );
    }
}
