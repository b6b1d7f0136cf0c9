//! What stands between a party and its link, and lets things go wrong.
//!
//! No lock is held while anything is passed on: what is sent may come back by the same relay at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_rt::time::Instant;
use opensrf::jid::Jid;
use opensrf::stanza::{Condition, Stanza, StanzaError};

use super::courier::Courier;
use super::faults::Steer;
use super::lane::{Lane, Passing};
use super::{Direction, Faults, InFlight};
use crate::jabber::Refused;
use crate::transport::inbox::Hears;
use crate::transport::xmpp::send_back;
use crate::transport::{Inbox, Link, LinkError, LinkEvent, Transport, Unsent};

/// Stands between one party and its link.
#[derive(Debug)]
pub(super) struct Relay {
    number: u64,
    jid: Jid,
    faults: Faults,
    courier: Courier,
    /// In front of the party.
    party: Inbox,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    link: Option<Arc<dyn Link>>,
    /// What comes over the link.
    incoming: Option<Inbox>,
    is_cut: bool,
    /// It carries nothing any more.
    is_over: bool,
    sent: Lane,
    received: Lane,
}

impl State {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::Sent => &mut self.sent,
            Direction::Received => &mut self.received,
        }
    }

    /// Whether this direction waits for something, and the courier need not look.
    fn holds_back(&self, direction: Direction, is_stalled: bool) -> bool {
        match direction {
            // Without a link nothing is held back from it.
            Direction::Sent => is_stalled && self.link.is_some(),
            // What comes for a party that leaves goes back when it has left.
            Direction::Received => is_stalled || self.sent.is_ending(),
        }
    }
}

/// Gives up what was begun if whoever began it does not wait for the end.
struct Attempt<'a>(Option<&'a Relay>);

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(relay) = self.0.take() {
            relay.end();
        }
    }
}

impl Relay {
    /// Connects a party.
    pub(super) async fn connect(
        transport: Arc<dyn Transport>,
        jid: Jid,
        faults: Faults,
        courier: Courier,
        party: Inbox,
    ) -> Result<FaultyLink, LinkError> {
        let (number, sent, received) = faults.enlist(&jid);
        let relay = Arc::new(Self {
            number,
            jid,
            faults,
            courier,
            party,
            state: Mutex::new(State {
                link: None,
                incoming: None,
                is_cut: false,
                is_over: false,
                sent: Lane::new(sent),
                received: Lane::new(received),
            }),
        });
        let incoming = Inbox::heard_by(Arc::clone(&relay));
        relay.state().incoming = Some(incoming.clone());
        relay.courier.enlist(&relay);
        let mut attempt = Attempt(Some(&relay));
        relay.faults.passable().await?;
        let link = transport.connect(relay.jid.clone(), incoming).await?;
        relay.connected(link.into())?;
        attempt.0 = None;
        drop(attempt);
        Ok(FaultyLink(relay))
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn connected(&self, link: Arc<dyn Link>) -> Result<(), LinkError> {
        let mut state = self.state();
        if state.is_cut || state.is_over {
            drop(state); // the link goes without a lock
            return Err(cut());
        }
        state.link = Some(link);
        Ok(())
    }

    /// Takes a stanza that goes this way; gives it back if too much is under way.
    fn take(self: &Arc<Self>, direction: Direction, stanza: Stanza) -> Result<(), Box<Stanza>> {
        let now = Instant::now();
        let mut state = self.state();
        if state.is_over {
            self.faults.note(|tally| tally.lost += 1);
            return Ok(());
        }
        let lane = state.lane(direction);
        let taken = self.faults.rule(direction, |rules, tally| {
            lane.take(now, stanza, rules, tally)
        });
        self.plan(state, direction);
        taken
    }

    /// Has the courier look when the next arrives.
    fn plan(self: &Arc<Self>, mut state: MutexGuard<'_, State>, direction: Direction) {
        let due = state.lane(direction).unplanned();
        drop(state);
        if let Some(due) = due {
            self.courier.plan(due, self, direction);
        }
    }

    /// Passes on what has arrived at the other side.
    pub(super) fn pass(self: &Arc<Self>, direction: Direction, now: Instant) {
        self.state().lane(direction).looked();
        while let Some((passing, link)) = self.arrived(direction, now) {
            match direction {
                Direction::Sent => self.pass_out(passing, link),
                Direction::Received => self.pass_in(passing),
            }
        }
    }

    fn arrived(
        self: &Arc<Self>,
        direction: Direction,
        now: Instant,
    ) -> Option<(Passing, Option<Arc<dyn Link>>)> {
        let mut state = self.state();
        let passing = self.faults.rule(direction, |rules, tally| {
            if state.holds_back(direction, rules.is_stalled) {
                return Err(()); // whoever ends that has the courier look again
            }
            let arrived = state.lane(direction).arrived(now);
            Ok(arrived.map(|(passing, took)| {
                if let Passing::Stanza(stanza) = &passing {
                    tally.carried(stanza, took);
                }
                passing
            }))
        });
        match passing {
            Err(()) => None,
            Ok(Some(passing)) => Some((passing, state.link.clone())),
            Ok(None) => {
                self.plan(state, direction);
                None
            }
        }
    }

    fn pass_out(&self, passing: Passing, link: Option<Arc<dyn Link>>) {
        match (passing, link) {
            (Passing::Stanza(stanza), Some(link)) => link.send(stanza),
            (Passing::Stanza(_), None) => self.faults.note(|tally| tally.lost += 1),
            (Passing::Leave | Passing::Down(_), link) => {
                // What is still under way to the party finds nobody.
                let mut state = self.state();
                let under_way = state.received.empty();
                let incoming = state.incoming.take();
                drop(state);
                let unseen = incoming.map(|incoming| incoming.close());
                let stanzas = under_way.filter_map(Passing::into_stanza);
                for stanza in stanzas.chain(unseen.into_iter().flatten()) {
                    let bounce = bounce(&stanza, Condition::ServiceUnavailable);
                    if let (Some(bounce), Some(link)) = (bounce, &link) {
                        link.send(bounce);
                    }
                }
                self.end();
            }
        }
    }

    fn pass_in(self: &Arc<Self>, passing: Passing) {
        match passing {
            Passing::Stanza(stanza) => {
                if let Err(refused) = self.party.push(stanza) {
                    self.refuse(refused);
                }
            }
            Passing::Down(reason) => self.party.down(reason),
            Passing::Leave => {}
        }
    }

    /// Tells the senders of stanzas that the party did not take them.
    fn refuse(self: &Arc<Self>, refused: Refused) {
        let (stanzas, condition) = match refused {
            Refused::Full(stanzas) => (stanzas, Condition::ResourceConstraint),
            Refused::Gone(stanza) => (vec![*stanza], Condition::ServiceUnavailable),
        };
        let bounces = stanzas
            .iter()
            .filter_map(|stanza| bounce(stanza, condition));
        for bounce in bounces {
            if self.take(Direction::Sent, bounce).is_err() {
                self.faults.note(|tally| tally.lost += 1);
            }
        }
    }

    /// Does what all relays are told.
    pub(super) fn steer(self: &Arc<Self>, steer: Steer, now: Instant) {
        if let Steer::Cut(in_flight) = steer {
            self.cut(in_flight);
        }
        // Something may be possible that was not.
        self.pass(Direction::Received, now);
        self.pass(Direction::Sent, now);
    }

    fn cut(self: &Arc<Self>, in_flight: InFlight) {
        let mut state = self.state();
        if state.is_over || std::mem::replace(&mut state.is_cut, true) {
            return;
        }
        let (is_leaving, is_down) = (state.sent.is_ending(), state.received.is_ending());
        let (sent, received) = (state.sent.empty(), state.received.empty());
        let link = state.link.take();
        drop(state);
        self.faults.note(|tally| tally.cut += 1);
        match in_flight {
            InFlight::Arrives => {
                for passing in sent {
                    if let (Passing::Stanza(stanza), Some(link)) = (passing, &link) {
                        link.send(stanza);
                    }
                }
                received.for_each(|passing| self.pass_in(passing));
            }
            InFlight::Lost => {
                let lost = sent.chain(received).filter_map(Passing::into_stanza);
                let lost = lost.count() as u64;
                self.faults.note(|tally| tally.lost += lost);
                if is_down && !is_leaving {
                    self.party.down(cut()); // that it is so is not lost
                }
            }
        }
        if is_leaving {
            self.end();
        } else if link.is_some() {
            self.party.down(cut());
        }
    }

    /// The party has let go of its link.
    fn leave(self: &Arc<Self>) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        self.faults.leaves(self.number);
        state.sent.end(Instant::now(), Passing::Leave);
        self.plan(state, Direction::Sent);
    }

    /// Nobody carries any more.
    pub(super) fn abandon(&self) {
        self.end();
        self.party.down(cut());
    }

    fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        let (link, incoming) = (state.link.take(), state.incoming.take());
        let under_way = (state.sent.empty(), state.received.empty());
        // What goes with these may come back here.
        drop(state);
        drop((link, under_way));
        drop(incoming.map(|incoming| incoming.close()));
        self.courier.dismiss(self.number);
        self.faults.left(self.number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the state would still be sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hears for Arc<Relay> {
    fn hear(&self, event: LinkEvent, inbox: &Inbox) {
        match event {
            LinkEvent::Stanzas => {
                while let Some(stanza) = inbox.pop() {
                    if let Err(stanza) = self.take(Direction::Received, stanza) {
                        self.refuse(Refused::Full(vec![*stanza]));
                    }
                }
            }
            LinkEvent::Down(reason) => {
                let mut state = self.state();
                let link = state.link.take();
                state.received.end(Instant::now(), Passing::Down(reason));
                self.plan(state, Direction::Received);
                drop(link);
            }
        }
    }
}

fn bounce(stanza: &Stanza, condition: Condition) -> Option<Stanza> {
    stanza.bounce(StanzaError::new(condition))
}

fn cut() -> LinkError {
    LinkError::Ended("the connection was cut".into())
}

/// A link with a relay behind it.
#[derive(Debug)]
pub(super) struct FaultyLink(Arc<Relay>);

impl Link for FaultyLink {
    fn send(&self, mut stanza: Stanza) {
        let Self(relay) = self;
        if !std::thread::panicking() && relay.faults.dooms(&relay.jid) {
            // A panic that was asked for is no news: nothing is printed.
            std::panic::resume_unwind(Box::new(format!("{} was told to panic", relay.jid)));
        }
        stanza.from = Some(relay.jid.clone());
        if let Err(stanza) = relay.take(Direction::Sent, stanza) {
            send_back(&relay.party, Unsent::Full(vec![*stanza]));
        }
    }
}

impl Drop for FaultyLink {
    fn drop(&mut self) {
        self.0.leave();
    }
}
