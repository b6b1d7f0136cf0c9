//! A method runs: what it gives goes to its caller, and it ends in one of four ways.
//!
//! It is done, it fails, it panics, or it takes longer than it may. After the last two the drone is
//! not to be trusted any more: it says what is owed to everybody who waits, and ends.

use std::sync::Arc;

use super::session::{Running, Session, answer};
use super::{Drone, DroneEffect, Out, Outcome, Run, RunId};
use crate::limits::BUNDLE_TIME;
use crate::osrf::{self, Body, Bundle, Json, Status, code};
use crate::time::Tick;

/// What those are told who wait in a session behind a method that costs it its drone.
const DRONE_FAILED: &str = "the drone failed at an earlier request";

impl Drone {
    pub(super) fn request(&mut self, now: Tick, message: osrf::Message, out: &mut Out) {
        let (Some(session), Body::Request(request)) = (&mut self.session, &message.body) else {
            return;
        };
        let method = match self.catalog.dispatch(request) {
            Ok(method) => method,
            Err(status) => {
                session.say(vec![answer(&message, status.clone())], out);
                return out.push(DroneEffect::Refused {
                    request: request.clone(),
                    xid: session.xid.clone(),
                    status,
                });
            }
        };
        self.runs += 1;
        let (atomic, sizes, limit) = match self.catalog.get(method) {
            Some(method) => (method.atomic, method.sizes, method.limit),
            None => Default::default(),
        };
        let limit = limit.or(self.rules.max_run);
        let limit = limit.filter(|limit| !limit.is_zero());
        session.requests += 1;
        session.running = Some(Running {
            id: self.runs,
            trace: message.trace,
            locale: message.locale.clone(),
            bundle: Bundle::new(sizes),
            flush_at: None,
            due: limit.map(|limit| now.saturating_add(limit)),
            collected: atomic.then(Vec::new),
            is_complete: false,
        });
        let params = match message.body {
            Body::Request(request) => request.params,
            _ => Vec::new(),
        };
        out.push(DroneEffect::Run(Arc::new(Run {
            id: self.runs,
            method,
            params,
            caller: session.remote.clone(),
            thread: session.thread.clone(),
            xid: session.xid.clone(),
            trace: message.trace,
            locale: message.locale,
            tz: message.tz,
            ingress: message.ingress,
            api_level: message.api_level,
        })));
    }

    pub(super) fn output(&mut self, now: Tick, run: RunId, item: Json, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return out.push(DroneEffect::Late);
        };
        match &mut running.collected {
            _ if running.is_complete => {}
            Some(all) => all.push(item),
            None => {
                let mut ready = Vec::new();
                running.bundle.push(running.result(item), &mut ready);
                session.say_all(ready, out);
                let soon = running
                    .flush_at
                    .unwrap_or_else(|| now.saturating_add(BUNDLE_TIME));
                running.flush_at = (!running.bundle.is_empty()).then_some(soon);
            }
        }
        session.running = Some(running);
    }

    /// Sends what waits to be sent together with more that has not come.
    pub(super) fn flush(&mut self, out: &mut Out) {
        let Some(session) = &mut self.session else {
            return;
        };
        let mut ready = Vec::new();
        if let Some(running) = &mut session.running {
            running.flush_at = None;
            running.bundle.flush(&mut ready);
        }
        session.say_all(ready, out);
    }

    pub(super) fn hold(&mut self, run: RunId, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return out.push(DroneEffect::Late);
        };
        if !running.is_complete {
            let mut ready = Vec::new();
            running.flush_at = None;
            running.bundle.flush(&mut ready);
            session.say_all(ready, out);
            session.say(vec![running.status(Status::please_hold())], out);
        }
        session.running = Some(running);
    }

    /// The caller has all it will get, while the method goes on.
    pub(super) fn completed(&mut self, run: RunId, last: Option<Json>, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return out.push(DroneEffect::Late);
        };
        session.conclude(&mut running, last, Status::complete(), out);
        session.running = Some(running);
    }

    pub(super) fn finished(&mut self, now: Tick, run: RunId, outcome: Outcome, out: &mut Out) {
        let Some((session, mut running)) = self.running(run) else {
            return out.push(DroneEffect::Late);
        };
        let (last, status, panicked) = match outcome {
            Outcome::Done(last) => (last, Status::complete(), false),
            Outcome::Failed(status) => (None, status, false),
            Outcome::Panicked => {
                let text = "the method failed unexpectedly (it panicked)";
                let status = Status::method_exception(code::INTERNAL_SERVER_ERROR, text);
                (None, status, true)
            }
        };
        session.conclude(&mut running, last, status, out);
        if panicked {
            session.refuse_queue(&Status::broken_session(DRONE_FAILED), out);
            self.session = None;
            return out.push(DroneEffect::Exit);
        }
        self.go_on(now, out);
    }

    /// The method has taken longer than it may: whoever waits is told so, and the drone ends.
    pub(super) fn give_up(&mut self, out: &mut Out) {
        let Some(mut session) = self.session.take() else {
            return;
        };
        let Some(mut running) = session.running.take() else {
            return;
        };
        let text = "the method took longer than it may";
        let status = Status::method_exception(code::GATEWAY_TIMEOUT, text);
        session.conclude(&mut running, None, status, out);
        session.refuse_queue(&Status::broken_session(DRONE_FAILED), out);
        out.push(DroneEffect::Hung(running.id));
    }

    /// The session and what runs in it, if that is `run`; whoever takes it puts it back or ends it.
    fn running(&mut self, run: RunId) -> Option<(&mut Session, Running)> {
        let session = self.session.as_mut()?;
        let running = session.running.take_if(|running| running.id == run)?;
        Some((session, running))
    }
}
