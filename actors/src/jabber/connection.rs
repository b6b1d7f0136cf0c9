//! One client's connection to the embedded server.
//!
//! Until the client is online, what it sends goes to the [`Acceptor`]; from then on to the switch,
//! in its name, and it is watched whether the client still lives. What others send to it waits in its [`Outbox`], where the switch puts it without
//! troubling this actor.

mod login;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message,
    StreamHandler, fut,
};
use bytes::BytesMut;
use opensrf::jid::Jid;
use opensrf::limits::StreamLimits;
use opensrf::liveness::{DeadAfter, Liveness, Make, PING};
use opensrf::stanza::{Condition, Kind, NotAStanza, Stanza, StanzaError, StreamError};
use opensrf::stream::acceptor::{Acceptor, Input};
use opensrf::switchboard::BindingId;
use opensrf::xml::{Frame, Framer, Raw, XmlError, ns};

use super::frames::{Frames, Unreadable};
use super::server::Shared;
use super::{Deliver, Eviction, Refused};
use crate::driver::{Conduct, Driver};
use crate::env::Env;
use crate::sasl::SaslServer;
use crate::supervise::{Exit, Tether};
use crate::transport::{Halves, Outbox, Signs, Unsent, WriteEnd, ping, watch};

/// How long a client may take to close a connection that we have ended.
const LINGER: Duration = Duration::from_secs(2);

/// One client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    shared: Arc<Shared>,
    driver: Driver<Acceptor>,
    env: Env,
    framer: Rc<RefCell<Framer>>,
    outbox: Outbox,
    signs: Rc<Signs>,
    sasl: Option<SaslServer>,
    /// The address, once it is claimed.
    bound: Option<(Jid, BindingId)>,
    is_online: bool,
    /// Nothing more comes from the client.
    is_read_out: bool,
    /// Nothing more goes to the client.
    is_written_out: bool,
    is_private: bool,
    /// Where it comes from, for people.
    from: String,
    tether: Tether,
}

/// Tell the client that the server ends, and end. Sent by the server only.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ShutDown;

impl Connection {
    pub(super) fn start(
        shared: Arc<Shared>,
        (halves, from): (Halves, &str),
        cleartext: bool,
        env: Env,
        tether: Tether,
    ) -> Addr<Self> {
        let Halves {
            reader,
            writer,
            is_private,
        } = halves;
        let framer = Rc::new(RefCell::new(Framer::new(StreamLimits::UNAUTHENTICATED)));
        let outbox = Outbox::new(shared.plan.outbox_bytes);
        let progress = shared.plan.outbox_progress;
        let signs = Signs::new(&env);
        Self::create(|ctx| {
            let frames = Frames::new(reader, Rc::clone(&framer), Rc::clone(&signs));
            ctx.add_stream(frames);
            let (writing, seen) = (outbox.clone(), Rc::clone(&signs));
            let written = async move { writing.write_out(writer, progress, &seen).await };
            ctx.spawn(fut::wrap_future(written).map(Self::written));
            let role = Acceptor::new(env.now(), Arc::clone(&shared.offer), cleartext)
                .within(shared.plan.login_time);
            Self {
                driver: Driver::new(role, env.clone()),
                shared,
                env,
                framer,
                outbox,
                signs,
                sasl: None,
                bound: None,
                is_online: false,
                is_read_out: false,
                is_written_out: false,
                is_private,
                from: from.to_owned(),
                tether,
            }
        })
    }

    /// The writer came to its end, and so does the connection.
    fn written(end: WriteEnd, connection: &mut Self, ctx: &mut Context<Self>) {
        match end {
            WriteEnd::Done => {
                connection.tether.ends(Exit::Normal, true);
                connection.release();
                if !connection.is_read_out {
                    // It is the client's turn to close, so that it gets to read all that we said.
                    connection.is_written_out = true;
                    ctx.run_later(LINGER, |_, ctx| ctx.stop());
                    return;
                }
            }
            WriteEnd::Broken(error) => connection.lost(&error.to_string()),
            WriteEnd::Stuck => {
                let progress = connection.shared.plan.outbox_progress;
                tracing::warn!(
                    jid = connection.name(),
                    ?progress,
                    "client takes nothing, closed"
                );
                connection.lost("it takes nothing");
            }
        }
        ctx.stop();
    }

    /// Gives the address back; what was not written goes back to its senders.
    fn release(&mut self) {
        let Some((jid, binding)) = self.bound.take() else {
            return;
        };
        self.shared.switch.unbind(&jid, binding);
        for stanza in self.outbox.abandon() {
            self.shared.switch.bounce(Refused::Gone(Box::new(stanza)));
        }
    }

    fn lost(&mut self, reason: &str) {
        self.tether.ends(Exit::LinkLost(reason.to_owned()), true);
    }

    fn name(&self) -> &str {
        self.bound
            .as_ref()
            .map_or("nobody yet", |(jid, _)| jid.as_str())
    }

    /// Ends the stream with an error, after what waits already.
    fn fail(&mut self, error: StreamError) {
        self.fail_with(error, "");
    }

    fn fail_with(&mut self, error: StreamError, text: &str) {
        tracing::debug!(jid = self.name(), error = error.name(), "stream error");
        let mut bytes = BytesMut::new();
        error.write_with(text, &mut bytes);
        self.outbox.push_bytes(bytes.freeze());
        self.outbox.close();
    }

    fn online(&mut self, raw: Raw) {
        let Some((jid, _)) = &self.bound else { return };
        let limits = self.shared.plan.limits;
        let (is_large, is_too_large) = match raw.is_within(&limits) {
            true => (false, false),
            false => (true, !raw.is_within(&limits.with_room())),
        };
        match Stanza::from_raw(raw) {
            Ok(stanza) if self.is_sign_of_life(jid, &stanza) => {}
            // Only what somebody passes on for somebody else may have grown.
            Ok(stanza) if is_too_large || is_large && stanza.extension().router_from.is_none() => {
                let text = format!("larger than {} bytes", limits.stanza_bytes);
                let error = StanzaError::new(Condition::PolicyViolation).with_text(&text);
                tracing::warn!(%jid, limit = limits.stanza_bytes, "stanza sent back: it is larger than jabber.stanza_bytes");
                self.send_back(stanza, error);
            }
            Ok(mut stanza) => {
                stanza.from = Some(jid.clone());
                self.shared.switch.submit(stanza);
            }
            Err(NotAStanza::BadAddress { stanza, error }) => {
                let text = format!("the address is bad: {error}");
                let error = StanzaError::new(Condition::JidMalformed).with_text(&text);
                self.send_back(*stanza, error);
            }
            Err(other) => self.fail(other.stream_error().unwrap_or(StreamError::Undefined)),
        }
    }

    /// Gives the client back what it sent.
    fn send_back(&self, mut sent: Stanza, error: StanzaError) {
        sent.from = self.bound.as_ref().map(|(jid, _)| jid.clone());
        if let Some(bounce) = sent.bounce(error) {
            self.shared.switch.counters().bounced.add();
            // Full of other answers: the client does not read, and will be closed for it.
            let _ = self.outbox.push(bounce);
        }
    }

    /// Whether this is only said to hear of the other side, and is dealt with: the answer to our ping,
    /// or such a ping of the client's. The switch would count and show it.
    fn is_sign_of_life(&self, jid: &Jid, stanza: &Stanza) -> bool {
        let is_one = stanza.kind == Kind::Iq && stanza.id == *PING;
        let is_for_server = |to: &Jid| to.as_str() == jid.domain();
        if !is_one || !stanza.to.as_ref().is_none_or(is_for_server) {
            return false;
        }
        if stanza.answers(PING) {
            if self.signs.answered() {
                tracing::debug!(%jid, "client answers pings");
            }
            return true;
        }
        let is_ping = stanza.asks_for(&[ns::PING]);
        if is_ping {
            let mut answer = stanza.granted();
            answer.to = Some(jid.clone());
            self.outbox.push_if_free(answer);
        }
        is_ping
    }

    /// Watches from now on whether the client lives.
    fn watch(&self, jid: &Jid, dead_after: DeadAfter, ctx: &mut Context<Self>) {
        let make = match self.sasl {
            Some(_) => Make::Other,
            None => Make::Original,
        };
        let chance = self.env.seed().fork("liveness");
        let role = Liveness::new(self.env.now(), dead_after, make, chance);
        let question = ping(Some(jid.server()), jid.clone());
        let dead = watch(role, Rc::clone(&self.signs), self.outbox.clone(), question);
        ctx.spawn(
            fut::wrap_future(dead).map(move |(), connection: &mut Self, ctx| {
                let silence = dead_after.get();
                tracing::warn!(jid = connection.name(), ?silence, "client is dead, closed");
                connection.shared.switch.counters().dead.add();
                connection.lost("it is dead");
                ctx.stop();
            }),
        );
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.begin(ctx);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.release();
    }
}

impl StreamHandler<Result<Frame, Unreadable>> for Connection {
    fn handle(&mut self, frame: Result<Frame, Unreadable>, ctx: &mut Context<Self>) {
        if self.outbox.is_closed() {
            return; // it is told to go, or was evicted; what it still says does not count
        }
        match frame {
            Ok(Frame::Element(raw)) if self.is_online => self.online(raw),
            Ok(Frame::Element(raw)) => self.step(Input::Element(raw.element()), ctx),
            Ok(Frame::Open(_)) if self.is_online => self.fail(StreamError::InvalidXml),
            Ok(Frame::Open(header)) => {
                let stream_id = format!("{:016x}", self.env.secret());
                let resource = format!("{:016x}", self.env.secret());
                self.step(
                    Input::Open {
                        header,
                        stream_id,
                        resource,
                    },
                    ctx,
                );
            }
            Ok(Frame::Close) if self.is_online => {
                self.outbox.push_bytes("</stream:stream>".into());
                self.outbox.close();
            }
            Ok(Frame::Close) => self.step(Input::Ended, ctx),
            Err(Unreadable::Xml(error)) if self.is_online => {
                if let XmlError::TooBig { .. } = error {
                    let limit = self.shared.plan.limits.stanza_bytes;
                    tracing::warn!(
                        jid = self.name(),
                        limit,
                        "client is disconnected: a stanza is larger than jabber.stanza_bytes"
                    );
                }
                let text = error.to_string();
                self.fail_with((&error).into(), &text);
            }
            Err(Unreadable::Xml(error)) => {
                let condition = StreamError::from(&error).name();
                self.step(
                    Input::Unreadable {
                        condition,
                        text: error.to_string(),
                    },
                    ctx,
                );
            }
            Err(Unreadable::Broken(reason)) => {
                self.lost(&reason);
                ctx.stop();
            }
        }
    }

    /// The client says no more. One that is not online may still wait for an answer.
    fn finished(&mut self, ctx: &mut Context<Self>) {
        self.is_read_out = true;
        if self.is_written_out || (self.is_online && !self.outbox.is_closed()) {
            self.tether.ends(Exit::Normal, true);
            ctx.stop();
        } else if !self.is_online {
            self.step(Input::Ended, ctx);
        }
    }
}

impl Handler<ShutDown> for Connection {
    type Result = ();

    fn handle(&mut self, _: ShutDown, _: &mut Self::Context) {
        self.fail(StreamError::SystemShutdown);
    }
}

/// A client as the switch sees it.
#[derive(Debug)]
struct Client(Outbox);

impl Deliver for Client {
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused> {
        self.0.push(stanza).map_err(|unsent| match unsent {
            Unsent::Full(stanzas) => Refused::Full(stanzas),
            Unsent::Closed(stanza) => Refused::Gone(stanza),
        })
    }

    fn evict(&self, why: Eviction) {
        let mut bytes = BytesMut::new();
        let error = match why {
            Eviction::Conflict => StreamError::Conflict,
            Eviction::Shutdown => StreamError::SystemShutdown,
        };
        error.write_to(&mut bytes);
        self.0.push_bytes(bytes.freeze());
        self.0.close();
    }

    fn bytes_waiting(&self) -> usize {
        self.0.waiting()
    }
}
