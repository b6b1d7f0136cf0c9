//! Drones that end: because the pool wants it, or of themselves; and what becomes of their work.

use super::{DroneId, Effect, Phase, Pool, PoolRules, State, Waiting};
use crate::time::Tick;

impl Pool {
    /// Replaces all drones: those that are idle at once, the others when they are.
    pub(super) fn renew(&mut self, now: Tick, out: &mut Vec<Effect>) {
        for slot in self.drones.values_mut() {
            slot.is_spent = true;
        }
        while let Some(drone) = self.idle.pop() {
            self.stop(drone, out);
        }
        self.grow(now, out);
    }

    /// Other rules hold from now on; drones above the new maximum end when they are idle.
    pub(super) fn change(&mut self, now: Tick, rules: PoolRules, out: &mut Vec<Effect>) {
        self.rules = rules;
        let surplus = self.drones.len().saturating_sub(rules.size.max);
        for _ in 0..surplus {
            match self.idle.pop() {
                Some(drone) => self.stop(drone, out),
                None => break,
            }
        }
        let surplus = self.drones.len().saturating_sub(rules.size.max);
        for slot in self.drones.values_mut().rev().take(surplus) {
            slot.is_spent = true;
        }
        self.grow(now, out);
    }

    pub(super) fn stop(&mut self, drone: DroneId, out: &mut Vec<Effect>) {
        self.drones.remove(&drone);
        self.starting.remove(&drone);
        out.push(Effect::StopDrone(drone));
    }

    /// Nobody looked at it, so it is as good as new, and first in line; unless all is over.
    fn requeue(&mut self, now: Tick, request: Waiting, out: &mut Vec<Effect>) {
        if self.phase == Phase::Drained {
            return out.push(Effect::Dismiss(request.stanza));
        }
        self.backlog.push_front(request);
        self.hand_out(now, out);
    }

    pub(super) fn returned(&mut self, now: Tick, drone: DroneId, out: &mut Vec<Effect>) {
        // Without a slot its end was told before, and what it had was seen to then.
        if let Some(slot) = self.drones.remove(&drone)
            && let State::Busy(request) = slot.state
        {
            if slot.assigned == 1 {
                self.starts.ended_early(now, slot.since);
            }
            // It may be there after all, with its mailbox full.
            out.push(Effect::StopDrone(drone));
            self.requeue(now, request, out);
        }
        self.grow(now, out);
    }

    pub(super) fn exited(
        &mut self,
        now: Tick,
        drone: DroneId,
        taken: u64,
        settled: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.drones.remove(&drone) else {
            return;
        };
        match slot.state {
            State::Starting => {
                self.starting.remove(&drone);
                self.starts.failed(now, slot.since);
            }
            _ if taken == 0 => self.starts.ended_early(now, slot.since),
            State::Idle | State::Busy(_) => {}
        }
        match slot.state {
            State::Starting => {}
            State::Idle => self.idle.retain(|&id| id != drone),
            State::Busy(request) if taken < slot.assigned => self.requeue(now, request, out),
            State::Busy(request) if !settled => out.push(Effect::Abandon(request.stanza)),
            State::Busy(_) => {}
        }
        self.turn_away(now, out);
        self.grow(now, out);
    }

    /// Whether no drone is there, and none has been for so long that nobody should wait for one.
    pub(super) fn is_deserted(&self, now: Tick) -> bool {
        let stats = self.stats();
        self.is_online && stats.idle + stats.busy == 0 && self.starts.are_hopeless(now)
    }

    /// One more drone has failed: turns away what waits, if it has been so for long.
    fn turn_away(&mut self, now: Tick, out: &mut Vec<Effect>) {
        while self.is_deserted(now)
            && let Some(request) = self.backlog.pop_front()
        {
            out.push(Effect::TurnAway(request.stanza));
        }
    }

    /// Does without the drones that did not come up in time.
    pub(super) fn give_up_starts(&mut self, now: Tick, out: &mut Vec<Effect>) {
        while let Some((&drone, &due)) = self.starting.first_key_value()
            && due <= now
        {
            self.starting.remove(&drone);
            let made = self.drones.remove(&drone).map_or(now, |slot| slot.since);
            self.starts.failed(now, made);
            out.push(Effect::StartOverdue(drone));
            self.turn_away(now, out);
        }
    }
}
