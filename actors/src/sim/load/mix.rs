//! What is asked next, by chance.

use std::collections::BTreeMap;
use std::time::Duration;

use bytestring::ByteString;
use opensrf::ids::Seed;
use opensrf::jid::Jid;
use opensrf::osrf::Json;

use crate::client::ClientError;
use crate::law::Law;
use crate::sim::made_up::{Fate, METHOD};
use crate::sim::scenario::{Ask, Clients, Scenario, Simulated, Work};

/// What a group of clients may ask.
#[derive(Debug, Default)]
pub(super) struct Mix {
    choices: Vec<Choice>,
    /// The weight of each and all before it.
    up_to: Vec<f64>,
}

/// One of the things that may be asked.
#[derive(Debug)]
pub(super) struct Choice {
    /// The number of the service in the scenario.
    number: usize,
    service: Jid,
    what: What,
}

#[derive(Debug)]
enum What {
    MadeUp(Simulated),
    Own(ByteString, Vec<Json>),
}

/// One request to be.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) number: usize,
    pub(super) service: &'a Jid,
    pub(super) method: ByteString,
    pub(super) params: Params<'a>,
}

#[derive(Debug)]
pub(super) enum Params<'a> {
    /// How long a made-up service works, and how it ends.
    Work(Duration, Fate),
    Own(&'a [Json]),
}

impl Params<'_> {
    /// As they are sent.
    pub(super) fn list(&self) -> Vec<Json> {
        match *self {
            Self::Work(time, fate) => {
                let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
                vec![nanos.into(), i64::from(fate.number()).into()]
            }
            Self::Own(params) => params.to_vec(),
        }
    }
}

/// The chance of whoever asks. Which service is asked, and how long it works, come from sources of
/// their own: so another number of services, or of drones, leaves the rest of the load as it is.
#[derive(Debug)]
pub(super) struct Dice {
    which: Seed,
    work: Seed,
}

impl Dice {
    pub(super) fn new(seed: &Seed) -> Self {
        Self {
            which: seed.fork("which"),
            work: seed.fork("work"),
        }
    }
}

impl Mix {
    /// What these clients ask of services that are found at their `address`.
    pub(super) fn new(
        clients: &Clients,
        scenario: &Scenario,
        address: impl Fn(&str) -> Result<Jid, ClientError>,
    ) -> Result<Self, ClientError> {
        let numbers = scenario.services.iter().enumerate();
        let numbers: BTreeMap<_, _> = numbers.map(|(n, served)| (&*served.name, n)).collect();
        let every = scenario
            .services
            .iter()
            .map(|served| Ask::new(&served.name));
        let asks = match clients.asks.is_empty() {
            true => every.collect(),
            false => clients.asks.clone(),
        };
        let choices = asks.into_iter().map(|ask| {
            let number = numbers.get(&*ask.service).copied();
            let work = number.and_then(|number| scenario.services.get(number));
            let work = work.map(|served| &served.work);
            let what = match (ask.method, work) {
                (Some((method, params)), _) => What::Own(method.into(), params.unwrap_or_default()),
                (None, Some(Work::Simulated(simulated))) => What::MadeUp(simulated.clone()),
                // Refused by the scenario's check.
                (None, _) => What::MadeUp(Simulated::instant()),
            };
            let choice = Choice {
                number: number.unwrap_or(usize::MAX),
                service: address(&ask.service)?,
                what,
            };
            Ok((choice, ask.weight))
        });
        let choices: Vec<_> = choices.collect::<Result<_, ClientError>>()?;
        let (choices, weights): (Vec<_>, Vec<_>) = choices.into_iter().unzip();
        let mut sum = 0.0;
        let up_to = weights.into_iter().map(|weight: f64| {
            sum += weight;
            sum
        });
        let up_to = up_to.collect();
        Ok(Self { choices, up_to })
    }

    /// Draws what is asked next; nothing if there is nothing to ask.
    pub(super) fn choose(&self, dice: &mut Dice) -> Option<&Choice> {
        let at = match self.up_to.as_slice() {
            [] | [_] => 0,
            [.., all] => {
                let drawn = dice.which.next_fraction() * all;
                self.up_to.partition_point(|up_to| *up_to <= drawn)
            }
        };
        self.choices.get(at).or_else(|| self.choices.last())
    }
}

impl Choice {
    /// A request for it; `time` is how long a made-up service works on it, if that is known.
    pub(super) fn request(&self, dice: &mut Dice, time: Option<Duration>) -> Request<'_> {
        let (method, params) = match &self.what {
            What::Own(method, params) => (method.clone(), Params::Own(params)),
            What::MadeUp(simulated) => {
                let drawn = simulated.time.draw(&mut dice.work);
                let fate = Fate::draw(simulated, &mut dice.work);
                (
                    ByteString::from_static(METHOD),
                    Params::Work(time.unwrap_or(drawn), fate),
                )
            }
        };
        Request {
            number: self.number,
            service: &self.service,
            method,
            params,
        }
    }
}

impl Simulated {
    fn instant() -> Self {
        Self {
            time: Law::ZERO,
            errors: 0.0,
            panics: 0.0,
            answer_bytes: 0,
        }
    }
}
