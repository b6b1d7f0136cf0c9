//! One client's connection to the embedded server.
//!
//! Until the client is online, what it sends goes to the [`Acceptor`]; from then on to the switch,
//! in its name. What others send to it waits in its [`Outbox`], where the switch puts it without
//! troubling this actor.

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
use opensrf::stanza::{Condition, NotAStanza, Stanza, StanzaError, StreamError};
use opensrf::stream::acceptor::{Acceptor, BindRefusal, Effect, Input};
use opensrf::stream::{SaslFailure, SaslProgress};
use opensrf::switchboard::BindingId;
use opensrf::xml::{Frame, Framer, Raw, XmlError};

use super::frames::{Frames, Unreadable};
use super::server::Shared;
use super::{Deliver, Refused};
use crate::driver::{Conduct, Driver};
use crate::env::Env;
use crate::sasl::SaslServer;
use crate::supervise::{Exit, Tether};
use crate::transport::{Halves, LinkError, Outbox, Unsent, WriteEnd};

/// How long a stranger waits for the news that its password was wrong. Guessing is to be slow.
const FAILURE_DELAY: Duration = Duration::from_secs(1);

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
    sasl: Option<SaslServer>,
    /// The address, once it is claimed.
    bound: Option<(Jid, BindingId)>,
    is_online: bool,
    /// Nothing more comes from the client.
    is_read_out: bool,
    /// Nothing more goes to the client.
    is_written_out: bool,
    is_private: bool,
    tether: Tether,
}

/// Tell the client that the server ends, and end. Sent by the server only.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ShutDown;

impl Connection {
    pub(super) fn start(
        shared: Arc<Shared>,
        halves: Halves,
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
        Self::create(|ctx| {
            ctx.add_stream(Frames::new(reader, Rc::clone(&framer)));
            let writing = outbox.clone();
            let written = async move { writing.write_out(writer, progress).await };
            ctx.spawn(fut::wrap_future(written).map(Self::written));
            let role = Acceptor::new(env.now(), Arc::clone(&shared.offer), cleartext)
                .within(shared.plan.login_time);
            Self {
                driver: Driver::new(role, env.clone()),
                shared,
                env,
                framer,
                outbox,
                sasl: None,
                bound: None,
                is_online: false,
                is_read_out: false,
                is_written_out: false,
                is_private,
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
    fn send_back(&self, sent: Stanza, error: StanzaError) {
        let from = self.bound.as_ref().map(|(jid, _)| jid.clone());
        if let Some(bounce) = (Stanza { from, ..sent }).bounce(error) {
            self.shared.switch.counters().bounced.add();
            // Full of other answers: the client does not read, and will be closed for it.
            let _ = self.outbox.push(bounce);
        }
    }

    fn check(&mut self, progress: SaslProgress, ctx: &mut Context<Self>) {
        if let SaslProgress::Failure(SaslFailure::NotAuthorized) = progress {
            self.refuse(Input::Sasl(progress), ctx);
        } else {
            self.step(Input::Sasl(progress), ctx);
        }
    }

    /// Gives the news of a failed log-in, late to strangers.
    fn refuse(&mut self, news: Input, ctx: &mut Context<Self>) {
        self.shared.switch.counters().login_failures.add();
        if self.is_private {
            return self.step(news, ctx);
        }
        let delay = actix_rt::time::sleep(FAILURE_DELAY);
        ctx.wait(fut::wrap_future(delay).map(|(), this: &mut Self, ctx| this.step(news, ctx)));
    }

    fn bind(&mut self, jid: &Jid, ctx: &mut Context<Self>) {
        let target = Arc::new(Client(self.outbox.clone()));
        match self.shared.switch.bind(jid, target) {
            Ok(binding) => {
                self.bound = Some((jid.clone(), binding));
                self.step(Input::Bound, ctx);
            }
            Err(LinkError::TooManySessions(_)) => {
                tracing::warn!(%jid, "the account has as many sessions as it may");
                self.step(Input::BindRefused(BindRefusal::ResourceConstraint), ctx);
            }
            Err(_) => self.step(Input::BindRefused(BindRefusal::Conflict), ctx),
        }
    }
}

impl Conduct<Acceptor> for Connection {
    fn driver(&mut self) -> &mut Driver<Acceptor> {
        &mut self.driver
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Send(bytes) => self.outbox.push_bytes(bytes),
            Effect::CheckLegacy {
                user,
                domain,
                proof,
            } => match self.shared.plan.accounts.check(&user, &domain, &proof) {
                true => self.step(Input::LegacyChecked(true), ctx),
                false => self.refuse(Input::LegacyChecked(false), ctx),
            },
            Effect::SaslStart {
                mechanism,
                domain,
                initial,
            } => {
                let accounts = Arc::clone(&self.shared.plan.accounts);
                let progress = match SaslServer::start(accounts, &domain, &mechanism) {
                    Ok(mut exchange) => {
                        let progress = exchange.step(initial.as_deref());
                        self.sasl = Some(exchange);
                        progress
                    }
                    Err(failure) => SaslProgress::Failure(failure),
                };
                self.check(progress, ctx);
            }
            Effect::SaslStep(data) => {
                let none = SaslProgress::Failure(SaslFailure::MalformedRequest);
                let progress = self
                    .sasl
                    .as_mut()
                    .map_or(none, |sasl| sasl.step(Some(&data)));
                self.check(progress, ctx);
            }
            Effect::RestartStream => self.framer.borrow_mut().restart(),
            Effect::Bind(jid) => self.bind(&jid, ctx),
            Effect::Online(jid) => {
                tracing::debug!(%jid, "client is online");
                self.shared.switch.counters().logins.add();
                self.sasl = None;
                self.is_online = true;
                // Twice the room: once for what was passed on, which must not end the router's
                // stream, and once more to be able to send back what is larger than that.
                let limits = self.shared.plan.limits.with_room().with_room();
                self.framer.borrow_mut().set_limits(limits);
            }
            Effect::Close => self.outbox.close(),
        }
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

    fn evict(&self) {
        let mut bytes = BytesMut::new();
        StreamError::Conflict.write_to(&mut bytes);
        self.0.push_bytes(bytes.freeze());
        self.0.close();
    }
}
