//! Each fault does what it says, and nothing else.

mod couriers;
mod cuts;
mod stanzas;
mod wires;

use std::future::Future;

/// Runs a test on an actix `System` of its own under a paused clock.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    };
    actix_rt::System::with_tokio_rt(runtime).block_on(test)
}
