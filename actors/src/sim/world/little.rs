//! Little's law, with both sides counted by different parts of the program.
//!
//! The clients' hosts add up for how long their clients had requests open; divided by the time of the run
//! that is how many were open on average. Those who ask count their calls, and add up how long each
//! took. A request that is counted twice, or not at all, or whose end comes late, parts the two.

use super::World;
use crate::sim::report::{Little, Mode};

/// Both sides of the law, for a world in which no request is open any more.
pub(super) fn law(world: &World) -> Little {
    let (calls, took) = world.recorder.calls();
    let time = (world.env.now() - world.start).as_secs_f64();
    if time == 0.0 || calls == 0 {
        return Little::default();
    }
    let open = world.calls().open.as_secs_f64() / time;
    Little {
        open,
        arrivals: calls as f64 / time,
        time: took.div_f64(calls as f64),
        tolerance: match world.mode {
            Mode::Simulated => 1e-6 * open + 1e-6,
            // News from one thread to another takes a while, more so if the machine is busy.
            Mode::Real => 0.1 * open + 0.01 * calls as f64 / time,
        },
    }
}
