//! Says nothing of the panics that are asked for.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    /// Panics on this thread are part of what is tried.
    static IS_HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Says nothing of the panics that are asked for on this thread: there are thousands.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str().unwrap_or_default();
            let is_asked_for = text == "on purpose" || text.ends_with("was told to panic");
            if !(IS_HUSHED.get() && is_asked_for) {
                usual(panic);
            }
        }));
    });
    IS_HUSHED.set(true);
}
