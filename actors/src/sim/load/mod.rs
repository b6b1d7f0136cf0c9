//! Clients that ask as their scenario says.
//!
//! All requests of a group are futures of one task, so that a million of them costs a million small
//! allocations and no tasks.

mod arrivals;
mod mix;

use std::time::Duration;

use futures::StreamExt;
use futures::future::{FutureExt, join_all};
use futures::stream::FuturesUnordered;
use opensrf::ids::Seed;
use opensrf::time::Tick;

use super::measure::{End, Kind, Recorder};
use super::scenario::{Clients, Pace, Scenario};
use crate::client::{Client, ClientError, Session};
use crate::env::Env;
use crate::law::Law;
use arrivals::Process;
use mix::{Dice, Mix, Params, Request};

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
    pub(crate) fn new(
        scenario: &Scenario,
        number: usize,
        clients: Vec<Client>,
        recorder: Recorder,
        env: Env,
    ) -> Self {
        let (start, plan) = (env.now(), &scenario.clients[number]);
        let timed = |client: Client| {
            client
                .with_timeout(plan.timeout)
                .with_connect_timeout(plan.timeout)
        };
        Self {
            number,
            plan: plan.clone(),
            clients: clients.into_iter().map(timed).collect(),
            mix: Mix::new(plan, scenario),
            recorder,
            chance: env.seed(),
            env,
            start,
            end: start + scenario.duration,
        }
    }

    /// Asks until the time is over, and waits until all has ended.
    pub(crate) async fn run(&self) {
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
                let clients = self.clients.iter().enumerate();
                let asking = clients.map(|(number, client)| self.thinks(number, client, think));
                join_all(asking).await;
            }
        }
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

    /// A request, or a session of several for one service.
    fn asks<'a>(
        &'a self,
        client: &'a Client,
        dice: &mut Dice,
        time: Option<Duration>,
    ) -> impl Future<Output = ()> + use<'a> {
        // Drawn now, so that it is the same whenever answers come.
        let mut requests = Vec::new();
        if let Some(choice) = self.mix.choose(dice) {
            let number = self.plan.session.unwrap_or(1);
            requests.extend((0..number).map(|_| choice.request(dice, time)));
        }
        async move {
            match self.plan.session {
                Some(_) => self.converses(client, requests).await,
                None => {
                    for request in requests {
                        let open = self.recorder.asks(self.kind(&request), self.env.now());
                        let end = self.timed(call(client, request)).await;
                        self.recorder.ends(open, end, self.env.now());
                    }
                }
            }
        }
    }

    /// A session. What its beginning takes is a part of its first request.
    async fn converses(&self, client: &Client, requests: impl IntoIterator<Item = Request<'_>>) {
        let mut session = None;
        for request in requests {
            let open = self.recorder.asks(self.kind(&request), self.env.now());
            let session = match &session {
                Some(session) => session,
                None => match client.connect(request.service).await {
                    Ok(connected) => session.insert(connected),
                    Err(error) => {
                        return self.recorder.ends(open, End::of(&error), self.env.now());
                    }
                },
            };
            let end = self.timed(call_in(session, request)).await;
            self.recorder.ends(open, end, self.env.now());
        }
    }

    async fn timed(&self, call: impl Future<Output = Result<(), ClientError>>) -> End {
        let began = self.env.now();
        let outcome = call.await;
        self.recorder.called(self.env.now().saturating_sub(began));
        outcome.map_or_else(|error| End::of(&error), |()| End::Answered)
    }

    fn kind(&self, request: &Request<'_>) -> Kind {
        Kind {
            group: self.number,
            service: request.number,
        }
    }
}

async fn call(client: &Client, request: Request<'_>) -> Result<(), ClientError> {
    let Request {
        service, method, ..
    } = request;
    let answers = match request.params {
        Params::Work(time, fate) => {
            let params = (nanos(time), fate.number());
            client.call(service, method, params).await
        }
        Params::Own(params) => client.call(service, method, params).await,
    };
    answers.map(drop)
}

async fn call_in(session: &Session, request: Request<'_>) -> Result<(), ClientError> {
    let answers = match request.params {
        Params::Work(time, fate) => {
            let params = (nanos(time), fate.number());
            session.call(request.method, params).await
        }
        Params::Own(params) => session.call(request.method, params).await,
    };
    answers.map(drop)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
