//! Watches the other side of one connection.
//!
//! Who reads and writes notes down when bytes moved, which costs a look at the clock for each read;
//! [`watch`] looks at the notes a few times in the time after which a peer is dead, and lets the
//! role [`Liveness`] decide.

use std::cell::Cell;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use opensrf::Role;
use opensrf::jid::Jid;
use opensrf::liveness::{self, Effect, Input, Liveness};
use opensrf::stanza::Stanza;
use opensrf::time::Tick;

use super::Outbox;
use crate::env::Env;

/// What one side of a connection has seen of the other.
#[derive(Debug)]
pub(crate) struct Signs {
    env: Env,
    /// When bytes came from the peer, or it took some that had to wait.
    moved: Cell<Tick>,
    /// Somebody waits for bytes. Nobody does while the last ones are dealt with: what the peer says
    /// then is not heard.
    is_listening: Cell<bool>,
    has_answered: Cell<bool>,
}

impl Signs {
    pub(crate) fn new(env: &Env) -> Rc<Self> {
        Rc::new(Self {
            moved: Cell::new(env.now()),
            env: env.clone(),
            is_listening: Cell::new(false),
            has_answered: Cell::new(false),
        })
    }

    /// Waits for bytes from now on.
    pub(crate) fn listen(&self) {
        self.is_listening.set(true);
    }

    /// Bytes came.
    pub(crate) fn hear(&self) {
        self.is_listening.set(false);
        self.moved.set(self.env.now());
    }

    /// The peer took bytes that it had not taken at once.
    pub(crate) fn took(&self) {
        self.moved.set(self.env.now());
    }

    /// It answered a ping; `true` for the first time.
    pub(crate) fn answered(&self) -> bool {
        !self.has_answered.replace(true)
    }

    /// The last moment at which it may have been alive.
    fn alive(&self, now: Tick) -> Tick {
        if !self.is_listening.get() {
            self.moved.set(now);
        }
        self.moved.get()
    }
}

/// Asks the peer and sends it white space as `role` wants, through `outbox`; ends when it is dead.
pub(crate) async fn watch(mut role: Liveness, signs: Rc<Signs>, outbox: Outbox, ping: Bytes) {
    let env = &signs.env;
    let mut effects = Vec::new();
    while let Some(due) = role.deadline() {
        actix_rt::time::sleep(due.saturating_sub(env.now())).await;
        let now = env.now();
        role.handle(now, Input::Alive(signs.alive(now)), &mut effects);
        if signs.has_answered.get() {
            role.handle(now, Input::Answered, &mut effects);
        }
        role.wake(now, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Ping => outbox.push_bytes(ping.clone()),
                Effect::WhiteSpace => outbox.push_bytes(" ".into()),
                Effect::Dead => return,
            }
        }
    }
}

/// The question whether `to` is there, asked by `from`; without that by whoever has logged in.
pub(crate) fn ping(from: Option<Jid>, to: Jid) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut ping = Stanza::ping(to, liveness::PING);
    ping.from = from;
    ping.write_to(&mut bytes);
    bytes.freeze()
}
