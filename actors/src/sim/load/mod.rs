//! Clients that ask as their scenario says.
//!
//! In an open loop all requests of a group are futures of one task, so that a million of them costs a
//! million small allocations and no tasks. In a closed loop each client is a task of its own: it is
//! there all the time, and to find it among ten thousand others would cost more than it does itself.

mod arrivals;
mod mix;

use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, FutureExt, join_all, ready};
use futures::stream::FuturesUnordered;
use opensrf::ids::Seed;
use opensrf::time::Tick;

use super::SimError;
use super::measure::{End, Kind, Open, Recorder};
use super::scenario::{Clients, Pace, Scenario};
use crate::client::{Answers, Client, ClientError};
use crate::env::Env;
use crate::law::Law;
use arrivals::Process;
use mix::{Dice, Mix, Request};

/// One group of clients at work.
#[derive(Debug)]
pub(crate) struct Group {
    number: usize,
    plan: Clients,
    clients: Vec<Client>,
    mix: Mix,
    recorder: Recorder,
    env: Env,
    chance: Seed,
    start: Tick,
    end: Tick,
}

impl Group {
    /// The group of that number, with its clients on the bus; it begins now.
    ///
    /// # Errors
    /// A service has a name that can be none.
    pub(crate) fn new(
        scenario: &Scenario,
        number: usize,
        clients: Vec<Client>,
        recorder: Recorder,
        env: Env,
    ) -> Result<Self, ClientError> {
        let (start, plan) = (env.now(), &scenario.clients[number]);
        let timed = |client: Client| {
            client
                .with_timeout(plan.timeout)
                .with_connect_timeout(plan.timeout)
        };
        let asks = |client: &Client| Mix::new(plan, scenario, |service| client.address(service));
        let mix = clients.first().map(asks).transpose()?.unwrap_or_default();
        Ok(Self {
            number,
            plan: plan.clone(),
            clients: clients.into_iter().map(timed).collect(),
            mix,
            recorder,
            chance: env.seed(),
            env,
            start,
            end: start + scenario.duration,
        })
    }

    /// Asks until the time is over, and waits until all has ended.
    ///
    /// # Errors
    /// [`SimError::Panicked`].
    pub(crate) async fn run(self: Rc<Self>) -> Result<(), SimError> {
        match &self.plan.pace {
            Pace::Idle => {}
            Pace::Open { rate, arrivals } => {
                let chance = self.chance.fork("arrivals");
                let process = Process::new(*rate, arrivals.clone(), chance);
                self.asks_at(process.map(|at| (at, None))).await;
            }
            Pace::Replay(requests) => {
                let requests = requests.iter();
                self.asks_at(requests.map(|request| (request.at, request.time)))
                    .await;
            }
            Pace::Closed { think } => {
                let asking = self.clients.iter().enumerate().map(|(number, client)| {
                    let (group, client, think) = (Rc::clone(&self), client.clone(), think.clone());
                    actix_rt::spawn(async move { group.thinks(number, &client, &think).await })
                });
                let asked = join_all(asking.collect::<Vec<_>>()).await;
                if asked.iter().any(Result::is_err) {
                    return Err(SimError::Panicked);
                }
            }
        }
        Ok(())
    }

    /// Open loop: asks at these moments, whatever becomes of it.
    async fn asks_at(&self, moments: impl Iterator<Item = (Duration, Option<Duration>)>) {
        let mut dice = Dice::new(&self.chance);
        let mut open = FuturesUnordered::new();
        let within = moments.take_while(|(at, _)| self.start + *at < self.end);
        for ((at, time), client) in within.zip(self.clients.iter().cycle()) {
            let mut due = self
                .env
                .sleep((self.start + at).saturating_sub(self.env.now()))
                .fuse();
            loop {
                futures::select_biased! {
                    () = due => break,
                    _ = open.select_next_some() => {}
                }
            }
            open.push(self.asks(client, &mut dice, time));
        }
        while open.next().await.is_some() {}
    }

    /// Closed loop: one client that thinks and asks.
    async fn thinks(&self, number: usize, client: &Client, think: &Law) {
        let chance = self.chance.fork(&format!("client {number}"));
        let (mut thinking, mut dice) = (chance.fork("thinks"), Dice::new(&chance));
        loop {
            self.env.sleep(think.draw(&mut thinking)).await;
            if self.env.now() >= self.end {
                return;
            }
            self.asks(client, &mut dice, None).await;
        }
    }

    /// A request, which is asked at once, or a session of several for one service. What is asked is drawn
    /// now, so that it is the same whenever answers come.
    fn asks<'a>(
        &'a self,
        client: &'a Client,
        dice: &mut Dice,
        time: Option<Duration>,
    ) -> impl Future<Output = ()> + use<'a> {
        match (self.mix.choose(dice), self.plan.session) {
            (None, _) => Either::Right(ready(()).boxed_local()),
            (Some(choice), None) => Either::Left(self.ask(client, choice.request(dice, time))),
            (Some(choice), Some(number)) => {
                let requests = (0..number).map(|_| choice.request(dice, time)).collect();
                Either::Right(self.converse(client, requests).boxed_local())
            }
        }
    }

    fn ask(&self, client: &Client, request: Request<'_>) -> impl Future<Output = ()> + use<'_> {
        let began = self.env.now();
        let open = self.recorder.asks(self.kind(&request), began);
        let params = request.params.list();
        let answers = client.call_at(request.service.clone(), request.method, params);
        async move { self.ends(open, began, &answers.await) }
    }

    /// A session. What its beginning takes is a part of its first request.
    async fn converse(&self, client: &Client, requests: Vec<Request<'_>>) {
        let mut session = None;
        for request in requests {
            let open = self.recorder.asks(self.kind(&request), self.env.now());
            let session = match &session {
                Some(session) => session,
                None => match client.connect_at(request.service.clone()).await {
                    Ok(connected) => session.insert(connected),
                    Err(error) => {
                        return self.recorder.ends(open, End::of(&error), self.env.now());
                    }
                },
            };
            let began = self.env.now();
            let outcome = session
                .call_with(request.method, request.params.list())
                .await;
            self.ends(open, began, &outcome);
        }
    }

    /// The call of a request has ended.
    fn ends(&self, open: Open, began: Tick, outcome: &Result<Answers, ClientError>) {
        let now = self.env.now();
        self.recorder.called(now.saturating_sub(began));
        let end = outcome.as_ref().map_or_else(End::of, |_| End::Answered);
        self.recorder.ends(open, end, now);
    }

    fn kind(&self, request: &Request<'_>) -> Kind {
        Kind {
            group: self.number,
            service: request.number,
        }
    }
}
