//! What goes wrong, and when.

use std::rc::Rc;
use std::time::Duration;

use opensrf::ids::Seed;
use opensrf_actors::host::Host;
use opensrf_actors::law::Law;
use opensrf_actors::transport::faulty::{Amount, Break, Direction, Disorder, InFlight};

use super::services::NAMES;
use super::{World, below, chance_of, millis, trap};

/// How natural the faults are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// What happens over TCP: connections break, stall and crawl, but what comes, comes once and in
    /// order.
    Natural,
    /// Stanzas are lost, doubled and mixed up, too, as no connection does it.
    Unnatural,
}

/// Something that goes wrong, for a while or at once.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Every link of a site ends.
    Cut(usize, InFlight),
    /// Every byte stream of a site ends.
    CutWire(usize),
    /// The next connections of a site break after so many bytes.
    BreakNext(usize, Break),
    /// Half-open stanzas, or bytes, for so long.
    Stall(usize, Direction, Duration),
    StallWire(usize, Direction, Duration),
    /// Stanzas, or bytes, take so long.
    Disorder(usize, Disorder, Duration),
    SlowWire(usize, Duration),
    /// Nobody can connect for so long.
    Refuse(usize, Duration),
    /// The next party of a site with this in its address panics.
    Crash(usize, &'static str),
    CrashRouter(&'static str),
    CutRouter(InFlight),
    /// A host ends, and comes back after so long.
    Restart(usize, bool, Duration),
    /// The services of a site are off the routers for so long.
    Unregister(usize, Duration),
    /// The drones of a site are replaced.
    Renew(usize),
    /// The machine of a site loses its power, as far as the hub can tell, and is back at once: nobody
    /// is told that its connections are gone.
    Vanish(usize),
    /// The configuration of a site lacks a service for so long.
    Reload(usize, &'static str, Duration),
    /// The embedded server panics.
    CrashServer,
}

/// The faults of one run, by the moment at which they begin.
pub(crate) fn faults(
    seed: &Seed,
    sites: usize,
    until: Duration,
) -> (Nature, Vec<(Duration, Fault)>) {
    let mut chance = seed.clone();
    let nature = if chance_of(&mut chance, 0.25) {
        Nature::Unnatural
    } else {
        Nature::Natural
    };
    let many = 4 + below(&mut chance, 10);
    let end = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
    let mut faults: Vec<_> = (0..many)
        .map(|_| {
            let at = millis(&mut chance, 0..end);
            (at, fault(&mut chance, sites, nature))
        })
        .collect();
    faults.sort_by_key(|(at, _)| *at);
    (nature, faults)
}

fn fault(chance: &mut Seed, sites: usize, nature: Nature) -> Fault {
    let site = below(chance, sites);
    let guest = 1 + below(chance, sites - 1);
    let long = millis(chance, 50..2_500);
    let in_flight = if chance_of(chance, 0.5) {
        InFlight::Lost
    } else {
        InFlight::Arrives
    };
    let direction = if chance_of(chance, 0.5) {
        Direction::Sent
    } else {
        Direction::Received
    };
    match below(chance, 22) {
        0 => Fault::Cut(site, in_flight),
        1 => Fault::CutWire(guest),
        2 => {
            let after = Amount::Bytes(chance.next_u64() % 3_000);
            Fault::BreakNext(guest, Break { direction, after })
        }
        3 => Fault::Stall(site, direction, long),
        4 => Fault::StallWire(guest, direction, long),
        5 | 6 => Fault::Disorder(site, disorder(chance, nature), long),
        7 => Fault::SlowWire(guest, long),
        8 => Fault::Refuse(site, long),
        9 | 10 => Fault::Crash(site, "_listener_at_"),
        11 => Fault::Crash(site, "_drone_at_"),
        12 => Fault::Crash(site, "/client_at_"),
        13 => Fault::CrashRouter("/router"),
        14 => Fault::CrashRouter("/chaos."),
        15 => Fault::CutRouter(in_flight),
        16 => {
            // The hub seldom, since that stops all.
            let site = if chance_of(chance, 0.8) { guest } else { site };
            Fault::Restart(site, chance_of(chance, 0.5), long)
        }
        17 | 18 => Fault::Vanish(guest),
        19 => Fault::Reload(site, NAMES[below(chance, NAMES.len())], long),
        20 if chance_of(chance, 0.2) => Fault::CrashServer,
        _ if chance_of(chance, 0.5) => Fault::Unregister(site, long),
        _ => Fault::Renew(site),
    }
}

fn disorder(chance: &mut Seed, nature: Nature) -> Disorder {
    let delay = Law::uniform(Duration::ZERO, millis(chance, 1..150)).expect("they are in order");
    let pace = if chance_of(chance, 0.3) {
        millis(chance, 1..60)
    } else {
        Duration::ZERO
    };
    let natural = Disorder {
        delay,
        pace,
        ..Disorder::NONE
    };
    match nature {
        Nature::Natural => natural,
        Nature::Unnatural => Disorder {
            lost: chance.next_fraction() * 0.2,
            twice: chance.next_fraction() * 0.2,
            late: chance.next_fraction() * 0.2,
            ..natural
        },
    }
}

impl World {
    /// Lets one thing go wrong, and ends it in its time.
    pub(crate) async fn suffer(self: Rc<Self>, fault: Fault) {
        self.trace.note(&format!("FAULT {fault:?}"));
        match fault {
            Fault::Cut(site, in_flight) => self.sites[site].faults.cut(in_flight),
            Fault::CutWire(site) => self.sites[site].wire.cut(),
            Fault::BreakNext(site, at) => {
                let wire = &self.sites[site].wire;
                let next = wire.dialled() + 1;
                wire.break_at(move |number| (number < next + 3).then_some(at));
                wire.cut();
            }
            Fault::Stall(site, direction, long) => {
                self.sites[site].faults.stall(direction);
                self.healed(site, long).await;
            }
            Fault::StallWire(site, direction, long) => {
                self.sites[site].wire.stall(direction);
                self.healed(site, long).await;
            }
            Fault::Disorder(site, disorder, long) => {
                self.sites[site].faults.disorder(disorder);
                self.healed(site, long).await;
            }
            Fault::SlowWire(site, long) => {
                self.sites[site].wire.limit(Some(5_000));
                self.sites[site].wire.delay(Duration::from_millis(20));
                self.healed(site, long).await;
            }
            Fault::Refuse(site, long) => {
                self.sites[site].faults.refuse(true);
                self.sites[site].faults.cut(InFlight::Lost);
                self.healed(site, long).await;
            }
            Fault::Crash(site, part) => self.sites[site].faults.crash(part),
            Fault::CrashRouter(part) => self.router.crash(part),
            Fault::CutRouter(in_flight) => self.router.cut(in_flight),
            Fault::Restart(site, drains, long) => {
                self.close(site, drains).await;
                tokio::time::sleep(long).await;
                self.open(site).await;
            }
            Fault::Unregister(site, long) => {
                if let Some(host) = self.sites[site].host() {
                    let _ = host.unregister().await;
                    tokio::time::sleep(long).await;
                    let _ = host.register().await;
                }
            }
            Fault::Renew(site) => {
                if let Some(host) = self.sites[site].host() {
                    let _ = host.renew_drones().await;
                }
            }
            Fault::Vanish(site) => {
                // Who has not been asked yet whether it is there is not missed: that is the kernel's. The
                // fault lasts until it has found out.
                let site = &self.sites[site];
                site.wire.vanish(site.dead_after * 2);
                tokio::time::sleep(site.dead_after * 2).await;
            }
            Fault::Reload(site, without, long) => {
                self.reload(site, without).await;
                tokio::time::sleep(long).await;
                self.reload(site, "").await;
            }
            Fault::CrashServer => {
                if let Some(hub) = self.sites[0].host() {
                    let _crowd = trap::spring(&hub).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    /// Gives a site its configuration once more, but for one service.
    pub(crate) async fn reload(&self, site: usize, without: &str) {
        if let Some(host) = self.sites[site].host() {
            let wanted = self.with_services(Host::builder(), site, without);
            let _ = host.reload(&wanted).await;
        }
    }

    async fn healed(&self, site: usize, after: Duration) {
        tokio::time::sleep(after).await;
        self.sites[site].faults.heal();
        self.sites[site].wire.heal();
    }
}
