//! What clients ask while things go wrong.

use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use opensrf::ids::Seed;
use opensrf::osrf::Json;
use opensrf_actors::client::{AnswerStream, Client, ClientError, Session};
use serde_json::{Value, json};

use super::ledger::{Manner, word};
use super::services::NAMES;
use super::{World, below, chance_of, millis};

/// A client of this name that asks one thing after the other until `until`.
pub(crate) async fn asks(world: Rc<World>, name: String, until: Duration) {
    let mut asker = Asker {
        chance: world.seed.fork(&name),
        world,
        name,
        asked: 0,
    };
    while asker.world.env.now() < until {
        let pause = millis(&mut asker.chance, 1..900);
        tokio::time::sleep(pause).await;
        asker.once().await;
    }
}

struct Asker {
    world: Rc<World>,
    name: String,
    asked: usize,
    chance: Seed,
}

impl Asker {
    /// Asks something of some service from some host.
    async fn once(&mut self) {
        let site = below(&mut self.chance, self.world.sites.len());
        let Some(host) = self.world.sites[site].host() else {
            return;
        };
        let mut client = host.client().clone();
        if chance_of(&mut self.chance, 0.2) {
            match host.new_client("asker").await {
                Ok(other) => client = other,
                Err(_) => return, // the host is ending
            }
        }
        let timeout = millis(&mut self.chance, 300..2_000);
        let client = client
            .with_timeout(timeout)
            .with_connect_timeout(Duration::from_secs(1));
        let service = NAMES[below(&mut self.chance, NAMES.len())];
        let asking = Asking {
            world: &self.world,
            client,
            service,
            timeout,
        };
        let value = format!("{}-{}", self.name, self.asked);
        self.asked += 1;
        let small = self.chance.next_u64() % 40;
        match below(&mut self.chance, 12) {
            0..=2 => asking.call(&value, "echo", json!([value])).await,
            3 => {
                asking
                    .call(&value, "slow", json!([value, small * 10]))
                    .await
            }
            4 => {
                let bytes = below(&mut self.chance, 80_000);
                asking.call(&value, "fill", json!([value, bytes])).await;
            }
            5 => asking.call(&value, "panic", json!([value])).await,
            6 => {
                asking
                    .call(&value, "panic.later", json!([value, small]))
                    .await
            }
            7 => asking.call(&value, "hang", json!([value])).await,
            8 => {
                let params = json!([value, small, small % 7]);
                asking.stream(&value, params, small).await;
            }
            9 => {
                let patience = millis(&mut self.chance, 0..60);
                asking
                    .cancelled(&value, json!([value, small * 3]), patience)
                    .await;
            }
            10 => asking.burst(&value, 5 + small / 2).await,
            _ => {
                let calls = 1 + small % 5;
                let pause = millis(&mut self.chance, 0..300);
                asking.session(&value, calls, pause).await;
            }
        }
    }
}

struct Asking<'a> {
    world: &'a World,
    client: Client,
    service: &'a str,
    timeout: Duration,
}

impl Asking<'_> {
    fn begins(&self, value: &str, manner: Manner) {
        let trace = &self.world.trace;
        trace.note(&format!("ASK {value} {manner:?} {}", self.service));
        self.world
            .ledger
            .asks(value, manner, trace.now(), self.timeout);
    }

    fn ends(&self, value: &str, end: &str) {
        self.world.trace.note(&format!("END {value} {end}"));
        self.world.ledger.ends(value, self.world.trace.now(), end);
    }

    fn outcome(&self, value: &str, outcome: Result<Vec<Json>, ClientError>) {
        match outcome {
            Ok(results) => {
                let is_its_own = results.len() == 1 && echoes(&results[0], value);
                if !is_its_own {
                    let fault = format!("{} results, or another's", results.len());
                    self.world.ledger.blames(value, fault);
                }
                self.ends(value, "complete");
            }
            Err(error) => self.ends(value, &word(&error)),
        }
    }

    async fn call(&self, value: &str, method: &str, params: Value) {
        self.begins(value, Manner::Stateless);
        let called = self.client.call(self.service, method, params).await;
        self.outcome(value, called.map(|answers| answers.json().to_vec()));
    }

    async fn stream(&self, value: &str, params: Value, last: u64) {
        self.begins(value, Manner::Stateless);
        match self.client.stream(self.service, "count", params).await {
            Ok(stream) => self.read(value, stream, last).await,
            Err(error) => self.ends(value, &word(&error)),
        }
    }

    async fn read(&self, value: &str, mut stream: AnswerStream, last: u64) {
        let (mut numbers, mut end) = (Vec::new(), "complete".to_owned());
        while let Some(result) = stream.next().await {
            match result {
                Ok(json) if echoes(&json, value) => {
                    numbers.push(json.value::<(String, u64)>().map_or(0, |pair| pair.1));
                }
                Ok(json) => self.world.ledger.blames(value, format!("{json:?}")),
                Err(error) => end = word(&error.into()),
            }
        }
        let whole: Vec<_> = (1..=last).collect();
        let is_begun = whole.starts_with(&numbers);
        if !is_begun || (end == "complete" && numbers != whole) {
            self.world.ledger.blames(value, format!("{numbers:?}"));
        }
        self.ends(value, &end);
        if stream.next().await.is_some() {
            self.ends(value, "once more");
        }
    }

    async fn cancelled(&self, value: &str, params: Value, patience: Duration) {
        self.begins(value, Manner::Stateless);
        let call = self.client.call(self.service, "slow", params);
        match tokio::time::timeout(patience, call).await {
            Ok(called) => self.outcome(value, called.map(|answers| answers.json().to_vec())),
            Err(_) => self.ends(value, "cancelled"),
        }
    }

    async fn burst(&self, value: &str, many: u64) {
        let calls = (0..many).map(|number| async move {
            let value = format!("{value}.{number}");
            self.call(&value, "slow", json!([value, 20])).await;
        });
        join_all(calls).await;
    }

    async fn session(&self, value: &str, calls: u64, pause: Duration) {
        let session = match self.client.connect(self.service).await {
            Ok(session) => session,
            Err(error) => {
                return self
                    .world
                    .trace
                    .note(&format!("NO SESSION {value} {error}"));
            }
        };
        for number in 0..calls {
            self.within(&session, &format!("{value}.{number}")).await;
            // Now and then so long that the drone is free before the next.
            tokio::time::sleep(pause * 5).await;
        }
    }

    async fn within(&self, session: &Session, value: &str) {
        self.begins(value, Manner::InSession);
        let called = session.call("echo", json!([value])).await;
        self.outcome(value, called.map(|answers| answers.json().to_vec()));
    }
}

/// Whether a result is of the request with this value.
fn echoes(result: &Json, value: &str) -> bool {
    match result.value::<Value>() {
        Ok(Value::String(echo)) => echo == value,
        Ok(Value::Array(parts)) => parts.first().and_then(Value::as_str) == Some(value),
        _ => false,
    }
}
