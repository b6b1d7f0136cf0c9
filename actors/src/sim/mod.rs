//! Load experiments: the same actors as in production, on one thread under a paused clock.
//!
//! A [`Scenario`](scenario::Scenario) says which machines, services and clients there are, what goes
//! wrong, and what is expected. It is run by the program (`opensrf sim`), or in a test of one's own:
//!
//! ```
//! use std::time::Duration;
//!
//! use opensrf_actors::law::Law;
//! use opensrf_actors::service::Service;
//! use opensrf_actors::sim::World;
//! use opensrf_actors::sim::scenario::{Ask, Clients, Fault, FaultKind};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::builder("acme.calc")
//!     .function("sum", |_, (a, b): (i64, i64)| Ok(a + b))
//!     .build()?;
//!
//! let report = World::builder()
//!     .service(service)
//!     .clients(Clients::open("load", 50.0).asks(Ask::new("acme.calc").method("sum", (1, 2))))
//!     .fault(Fault::new(FaultKind::KillDrone).every(Law::parse("exponential(1s)")?))
//!     .run_for(Duration::from_secs(20))?;
//! assert!(report.is_good(), "{report}");
//! # assert!(report.total.ends.answered > 900);
//! # Ok(()) }
//! ```
//!
//! That takes milliseconds: waiting takes no time. The same seed gives the same report, to the byte.
//!
//! What is real: server, router, classes, listeners, drones, clients, with all their bounds, deadlines
//! and retries; which drone gets what, what is refused, what bounces. What is made up: how long methods
//! take ([`Law`](crate::law::Law)), how long stanzas are under way, and faults. What is not there: the
//! time that the machine's cores take for passing stanzas on. So a simulation is right about a
//! network whose services take longer than its messages, and knows nothing of a server that is at
//! the end of its strength; `run_for_real` does.

pub mod expect;
mod load;
mod made_up;
mod measure;
mod progress;
pub mod report;
mod run;
pub mod scenario;
mod seconds;
pub mod sweep;
mod world;

pub use progress::Progress;
pub use run::SimError;
pub use world::World;
