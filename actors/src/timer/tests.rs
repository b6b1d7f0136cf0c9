use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use opensrf::ids::Seed;
use proptest::prelude::*;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::Instant;

use super::{Kind, Paused, Timer};
use crate::env::Env;

/// Runs `test` under a paused clock.
fn paused<T>(test: impl AsyncFnOnce(Timer) -> T) -> T {
    let paused = Paused::new().expect("a runtime");
    let timer = paused.timer();
    paused.system().block_on(test(timer))
}

const fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// What happened, with nanoseconds since the beginning.
#[derive(Debug, Clone)]
struct Journal {
    began: Instant,
    lines: Rc<RefCell<Vec<(u128, String)>>>,
}

impl Journal {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            lines: Rc::default(),
        }
    }

    fn note(&self, what: impl Into<String>) {
        self.lines
            .borrow_mut()
            .push((self.began.elapsed().as_nanos(), what.into()));
    }

    fn read(&self) -> Vec<(u128, String)> {
        self.lines.borrow().clone()
    }
}

#[test]
fn sleeps_are_exact_to_the_nanosecond() {
    paused(async |timer| {
        for length in [
            1,
            999_999,
            1_000_000,
            1_000_001,
            300_000,
            61_234_567_891,
            2_000_000,
            0,
        ] {
            let began = Instant::now();
            timer.sleep(nanos(length)).await;
            assert_eq!(began.elapsed(), nanos(length));
        }
    });
}

#[test]
fn sleepers_and_timers_of_the_runtime_are_woken_in_the_order_of_their_moments() {
    let lines = paused(async |timer| {
        let journal = Journal::begin();
        let mut tasks = JoinSet::new();
        for length in [700_000, 2_500_000, 3_000_000, 300_000, 700_000, 64_100_000] {
            let (timer, journal) = (timer.clone(), journal.clone());
            tasks.spawn_local(async move {
                timer.sleep(nanos(length)).await;
                journal.note("exact");
            });
        }
        for length in [1, 2, 3, 64, 65] {
            let journal = journal.clone();
            tasks.spawn_local(async move {
                tokio::time::sleep(Duration::from_millis(length)).await;
                journal.note("coarse");
            });
        }
        tasks.join_all().await;
        journal.read()
    });
    let wanted = [
        (300_000, "exact"),
        (700_000, "exact"),
        (700_000, "exact"),
        (1_000_000, "coarse"),
        (2_000_000, "coarse"),
        (2_500_000, "exact"),
        (3_000_000, "exact"),
        (3_000_000, "coarse"),
        (64_000_000, "coarse"),
        (64_100_000, "exact"),
        (65_000_000, "coarse"),
    ];
    assert_eq!(lines, wanted.map(|(at, what)| (at, what.to_owned())));
}

#[test]
fn who_sleeps_until_the_same_moment_is_woken_in_the_order_of_coming() {
    let lines = paused(async |timer| {
        let journal = Journal::begin();
        let due = Instant::now() + nanos(1_500_000);
        let mut tasks = JoinSet::new();
        for number in 0..100 {
            let (timer, journal) = (timer.clone(), journal.clone());
            tasks.spawn_local(async move {
                timer.sleep_until(due).await;
                journal.note(number.to_string());
            });
        }
        tasks.join_all().await;
        journal.read()
    });
    let wanted = (0..100).map(|number| (1_500_000, number.to_string()));
    assert!(lines.into_iter().eq(wanted));
}

#[test]
fn a_sleep_given_up_wakes_nobody_and_leaves_nothing() {
    paused(async |timer| {
        let began = Instant::now();
        let long = timer.sleep(Duration::from_secs(5));
        let short = timer.sleep(nanos(10));
        let first = futures::future::select(long, short).await;
        assert!(matches!(first, futures::future::Either::Right(_)));
        drop(first);
        assert_eq!(timer.sleepers().expect("it is exact").first(), None);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(10_001));
    });
}

#[test]
fn a_sleep_passed_on_wakes_its_new_owner() {
    paused(async |timer| {
        let due = Instant::now() + nanos(500);
        let mut sleep = timer.sleep_until(due);
        assert!(futures::poll!(&mut sleep).is_pending());
        spawn_local(sleep).await.unwrap();
        assert_eq!(Instant::now(), due);
    });
}

#[test]
fn the_longest_sleep_is_none_that_panics() {
    paused(async |timer| {
        let sleep = timer.sleep(Duration::MAX);
        tokio::select! {
            () = sleep => {}
            () = timer.sleep(nanos(1)) => {}
        }
        timer.sleep(Duration::MAX).await; // some centuries
    });
}

#[test]
fn a_sleep_whose_moment_was_jumped_over_ends_at_once() {
    paused(async |timer| {
        let began = Instant::now();
        let sleeps = [300_u64, 200, 100].map(|length| spawn_local(timer.sleep(nanos(length))));
        tokio::task::yield_now().await;
        tokio::time::advance(nanos(1_500_000)).await;
        for sleep in sleeps {
            sleep.await.unwrap();
        }
        assert!(began.elapsed() < nanos(2_000_001));
    });
}

#[test]
fn all_clocks_show_the_same_whoever_moves_them() {
    let paused = Paused::new().unwrap();
    let (timer, system) = (paused.timer(), paused.system());
    let (began, env) = system.block_on(async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        (Instant::now(), Env::simulated(1).with_timer(timer.clone()))
    });
    assert_eq!(env.now(), Duration::ZERO);
    // In turns: the clock is moved by tokio's timers, and by sleeps that begin when it has been.
    system.block_on(async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(3)).await;
            assert_eq!(env.now(), began.elapsed());
            let before = env.now();
            timer.sleep(nanos(300_001)).await;
            assert_eq!(env.now(), began.elapsed());
            assert_eq!(env.now(), before + nanos(300_001));
        }
    });
    // A second run of the same runtime.
    system.block_on(async {
        let before = env.now();
        assert_eq!(before, began.elapsed());
        timer.sleep(nanos(5)).await;
        assert_eq!(
            (env.now(), began.elapsed()),
            (before + nanos(5), before + nanos(5))
        );
    });
}

/// Whoever is woken may have nothing to do, so that the runtime has nothing left to do once more.
#[test]
fn a_sleeper_who_wakes_nobody_passes_no_other_by() {
    paused(async |timer| {
        let env = Env::simulated(1).with_timer(timer.clone());
        let began = Instant::now();
        // Due on a tick, where the guard stops; its waker does nothing.
        let mut idle = timer.sleep(Duration::from_millis(2));
        let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(futures::FutureExt::poll_unpin(&mut idle, &mut noop).is_pending());
        let journal = Journal::begin();
        let late = {
            let (timer, journal) = (timer.clone(), journal.clone());
            spawn_local(async move {
                timer.sleep(nanos(2_500_000)).await;
                journal.note("exact");
            })
        };
        tokio::time::sleep(Duration::from_millis(4)).await;
        assert_eq!(
            (env.now(), began.elapsed()),
            (nanos(4_000_000), nanos(4_000_000))
        );
        late.await.unwrap();
        assert_eq!(journal.read(), [(2_500_000, "exact".to_owned())]);
    });
}

#[test]
fn tokio_stays_on_its_ticks() {
    paused(async |timer| {
        let began = Instant::now();
        timer.sleep(nanos(1_300_000)).await;
        tokio::time::sleep(Duration::from_millis(3)).await; // until 4.3 ms, which is rounded up
        assert_eq!(began.elapsed(), Duration::from_millis(5));
    });
}

#[test]
fn a_task_on_the_runtime_itself_is_woken_too() {
    paused(async |timer| {
        let began = Instant::now();
        let sleeping = tokio::spawn(async move { timer.sleep(nanos(2_300_000)).await });
        sleeping.await.unwrap();
        assert_eq!(began.elapsed(), nanos(2_300_000));
    });
}

#[test]
fn a_runtime_that_ends_leaves_nothing() {
    let paused = Paused::new().unwrap();
    let timer = paused.timer();
    let Kind::Paused(clock) = &timer.0 else {
        panic!("it is paused");
    };
    let watched = Arc::downgrade(clock);
    let system = paused.system();
    system.block_on(async move {
        spawn_local(timer.sleep(Duration::from_secs(9)));
        timer.sleep(Duration::from_secs(2)).await;
    });
    assert!(watched.strong_count() > 0);
    drop(system);
    assert_eq!(watched.strong_count(), 0);
}

#[test]
fn the_coarse_timer_is_the_runtimes_own() {
    paused(async |_| {
        let began = Instant::now();
        Timer::coarse().sleep(nanos(1_200_000)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(2));
    });
}

/// Many tasks that sleep again and again, one in three by the runtime's timers.
fn walk(seed: u64, tasks: u64, sleeps: usize, longest: u64) -> Vec<(u128, String)> {
    paused(async |timer| {
        let journal = Journal::begin();
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let mut chance = Seed::new(seed).fork(&task.to_string());
            let (timer, journal) = (timer.clone(), journal.clone());
            running.spawn_local(async move {
                for _ in 0..sleeps {
                    let length = nanos(chance.next_u64() % longest);
                    let due = Instant::now() + length;
                    if task % 3 == 0 {
                        tokio::time::sleep_until(due).await;
                        let tick = due
                            .duration_since(journal.began)
                            .as_nanos()
                            .div_ceil(1_000_000);
                        let now = journal.began.elapsed().as_nanos();
                        assert!(now <= tick * 1_000_000, "a timer of tokio was passed by");
                    } else {
                        timer.sleep_until(due).await;
                        assert_eq!(Instant::now(), due);
                    }
                    journal.note(task.to_string());
                }
            });
        }
        running.join_all().await;
        journal.read()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn time_never_goes_back_and_runs_repeat(
        seed: u64,
        tasks in 1_u64..20,
        longest in prop::sample::select(vec![1_000, 900_000, 3_000_000, 200_000_000]),
    ) {
        let first = walk(seed, tasks, 30, longest);
        prop_assert!(first.is_sorted_by_key(|(at, _)| *at));
        prop_assert_eq!(first, walk(seed, tasks, 30, longest));
    }
}

#[test]
fn the_precise_timer_wakes_in_real_time_and_in_order() {
    let system = actix_rt::System::new();
    let timer = Timer::precise().unwrap();
    let order = system.block_on(async {
        let journal = Journal::begin();
        let mut tasks = JoinSet::new();
        for length in [3_000, 1_000, 2_000] {
            let (timer, journal) = (timer.clone(), journal.clone());
            tasks.spawn_local(async move {
                timer.sleep(Duration::from_micros(length)).await;
                journal.note(length.to_string());
            });
        }
        tasks.join_all().await;
        journal.read()
    });
    let lengths = order.iter().map(|(_, length)| length.as_str());
    assert!(lengths.eq(["1000", "2000", "3000"]));
    assert!(
        order
            .iter()
            .all(|(at, length)| *at >= length.parse::<u128>().unwrap() * 1_000)
    );
}

#[test]
fn the_precise_timer_goes_on_for_sleeps_that_outlive_it() {
    let system = actix_rt::System::new();
    system.block_on(async {
        let sleep = Timer::precise().unwrap().sleep(Duration::from_micros(500));
        sleep.await;
    });
}

#[test]
fn the_clock_stands_still_until_a_crowd_has_done_its_work() {
    let lines = paused(async |timer| {
        let journal = Journal::begin();
        let mut tasks = JoinSet::new();
        for _ in 0..1_000 {
            let (timer, journal) = (timer.clone(), journal.clone());
            tasks.spawn_local(async move {
                timer.sleep(nanos(1_500_000)).await;
                journal.note("first");
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    journal.note("and more");
                }
            });
        }
        let late = journal.clone();
        tasks.spawn_local(async move {
            timer.sleep(nanos(1_500_001)).await;
            late.note("second");
        });
        tasks.join_all().await;
        journal.read()
    });
    let (second, first) = lines.split_last().unwrap();
    assert_eq!(first.len(), 4_000);
    let odd = first.iter().find(|(at, _)| *at != 1_500_000);
    assert_eq!(odd, None);
    assert_eq!(*second, (1_500_001, "second".to_owned()));
}
