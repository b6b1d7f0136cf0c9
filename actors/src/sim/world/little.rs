//! Little's law, with both sides counted by different parts of the program.
//!
//! Those who ask add up how long their calls took. The figures of the clients' hosts say how many
//! calls are open: at moments by chance, so that what happens at regular times is seen as often as it
//! should. Both are about the same run, so they differ only by the looks: each is as good as any other,
//! and the average of many is off by their spread, divided by the root of their number.

use std::rc::Rc;

use opensrf::time::Tick;

use super::World;
use crate::sim::report::Little;

/// How often it looks, about.
const LOOKS: u32 = 4_000;

/// Open calls at moments by chance.
#[derive(Debug)]
pub(super) struct Looks {
    open: Vec<f64>,
    from: Tick,
    until: Tick,
}

impl Looks {
    /// Looks until the last call has ended.
    pub(super) async fn take(world: Rc<World>) -> Self {
        let mut chance = world.env.seed().fork("little");
        let mean = world.scenario.duration / LOOKS;
        let from = world.env.now();
        let mut open = Vec::new();
        let mut until = from;
        loop {
            let pause = mean.mul_f64(-(-chance.next_fraction()).ln_1p());
            world.env.sleep(pause).await;
            if world.is_over() {
                break;
            }
            until = world.env.now();
            let (asked, ended) = world.calls();
            open.push((asked - ended) as f64);
        }
        Self { open, from, until }
    }

    /// Both sides of the law.
    pub(super) fn law(&self, world: &World) -> Little {
        let (calls, took) = world.recorder.calls();
        let time = (self.until - self.from).as_secs_f64();
        if self.open.is_empty() || time == 0.0 || calls == 0 {
            return Little::default();
        }
        let open = mean(&self.open);
        Little {
            open,
            arrivals: calls as f64 / time,
            time: took.div_f64(calls as f64),
            tolerance: 4.0 * self.error() + 0.01 * open + 0.01,
        }
    }

    /// The standard error of the average.
    fn error(&self) -> f64 {
        let number = self.open.len().max(2) as f64;
        let middle = mean(&self.open);
        let squares: f64 = self.open.iter().map(|open| (open - middle).powi(2)).sum();
        (squares / (number - 1.0) / number).sqrt()
    }
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len().max(1) as f64
}
