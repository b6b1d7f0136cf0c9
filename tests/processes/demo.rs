//! `opensrf demo`.

use crate::support::{World, run};

#[test]
fn the_demo_shows_the_sum_and_the_way_to_it() {
    let demo = run(World::new().opensrf(&["demo"]));
    assert_eq!(demo.code, Some(0), "{demo:?}");
    let hops: Vec<&str> = demo.stdout.iter().filter_map(|line| hop(line)).collect();
    let way = [
        "client -> service class",
        "service class -> listener",
        "listener -> drone",
        "drone -> client",
    ];
    assert_eq!(hops, way, "{demo:?}");
    let sum = |line: &String| line.starts_with("The client has the answer, 4,");
    assert!(demo.stdout.iter().any(sum), "{demo:?}");
}

/// What stands behind the number of a hop.
fn hop(line: &str) -> Option<&str> {
    let (number, hop) = line.trim_start().split_once(". ")?;
    number.parse::<u32>().ok().map(|_| hop)
}
