//! All that happened, in one number; and line by line, if it is to be read.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opensrf::stanza::Stanza;
use opensrf_actors::env::Env;
use opensrf_actors::jabber::Tap;

/// What happened in one run; clones are the same.
#[derive(Clone)]
pub(crate) struct Trace {
    env: Env,
    pub(crate) kept: Arc<Mutex<Kept>>,
}

pub(crate) struct Kept {
    /// The same for the same input.
    hash: DefaultHasher,
    /// Kept only if they are to be read.
    pub(crate) lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(env: Env, is_readable: bool) -> Self {
        let kept = Kept {
            hash: DefaultHasher::new(),
            lines: is_readable.then(Vec::new),
        };
        Self {
            env,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.env.now()
    }

    /// Notes what happens now.
    pub(crate) fn note(&self, what: &str) {
        let now = self.env.now();
        let mut kept = self.kept.lock().expect("no panic holds it");
        (now, what).hash(&mut kept.hash);
        if let Some(lines) = &mut kept.lines {
            let short: String = what.chars().take(600).collect();
            lines.push(format!("{:>10.3} ms  {short}", now.as_secs_f64() * 1_000.0));
        }
    }

    /// Notes all stanzas that a switch sees.
    pub(crate) fn tap(&self) -> Tap {
        let trace = self.clone();
        Arc::new(move |stanza| trace.note(&line(stanza)))
    }

    pub(crate) fn hash(&self) -> u64 {
        self.kept.lock().expect("no panic holds it").hash.finish()
    }
}

fn line(stanza: &Stanza) -> String {
    let address = |jid: &Option<opensrf::jid::Jid>| {
        jid.as_ref().map_or_else(String::new, ToString::to_string)
    };
    let content = stanza.decode();
    let error = content.error.as_ref().map(ToString::to_string);
    format!(
        "{} -> {} {:?} {} id={} thread={} {} {}{}",
        address(&stanza.from),
        address(&stanza.to),
        stanza.kind,
        stanza.stanza_type,
        stanza.id,
        content.thread,
        content.opensrf.router_command,
        error.unwrap_or_default(),
        content.body
    )
}
