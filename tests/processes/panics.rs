//! What the program's log does to the reports of panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use opensrf_actors::settings::Settings;
use opensrf_actors::telemetry;

#[test]
fn a_method_that_panics_at_each_call_filled_the_disk_with_reports() {
    // A process has one log, and this is the only test that sets one up.
    let reports = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reports);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_ours = panic
            .location()
            .is_some_and(|at| at.file().ends_with("panics.rs"));
        match is_ours {
            true => drop(counted.fetch_add(1, Ordering::Relaxed)),
            false => before(panic),
        }
    }));
    let settings = Settings::loader().load().expect("the built-in ones");
    telemetry::init(&settings.log).expect("the first log of this process");
    let panics = |number: u32| move || assert_ne!(number, number, "on purpose");
    for number in 0..100 {
        assert!(std::panic::catch_unwind(panics(number)).is_err());
    }
    assert_eq!(reports.load(Ordering::Relaxed), 1);
    assert!(std::panic::catch_unwind(|| assert!(reports.load(Ordering::Relaxed) == 0)).is_err());
    assert_eq!(reports.load(Ordering::Relaxed), 2, "another place");
}
