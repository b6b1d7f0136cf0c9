//! Ports on the loopback address.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports below those that the kernel gives to outgoing connections, so that no connection of
/// another test takes one between the moment it is chosen and the moment it is listened on.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

/// Begins somewhere else in every run, so that two runs at once do not meet.
static NEXT: LazyLock<AtomicU16> =
    LazyLock::new(|| AtomicU16::new(RandomState::new().hash_one(0_u8) as u16));

/// A port that nobody listens on, and that no other test of this run gets.
pub(crate) fn free_port() -> u16 {
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
