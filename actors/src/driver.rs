//! Runs a role inside an actor.
//!
//! An input goes to the role, its effects are carried out in order, and one timer is kept for the
//! role's deadline. An effect may bring about another input at once (a method that is done as soon
//! as it is called); that input waits until the effects before it are carried out, so that order is
//! kept. After 64 inputs in one turn the actor lets others run: actix drains a mailbox before it
//! looks at timers.

use std::collections::VecDeque;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, SpawnHandle, fut};
use opensrf::Role;
use opensrf::time::Tick;

use crate::env::Env;

/// Inputs that an actor takes before others get their turn.
const TURN: u32 = 64;

/// A role with what it needs to run.
#[derive(Debug)]
pub struct Driver<R: Role> {
    role: R,
    env: Env,
    inputs: VecDeque<R::Input>,
    is_stepping: bool,
    timer: Option<(Tick, SpawnHandle)>,
    turn: u32,
}

impl<R: Role> Driver<R> {
    /// Drives `role` by the clock of `env`.
    pub fn new(role: R, env: Env) -> Self {
        Self {
            role,
            env,
            inputs: VecDeque::new(),
            is_stepping: false,
            timer: None,
            turn: 0,
        }
    }

    /// The time of its clock.
    pub fn now(&self) -> Tick {
        self.env.now()
    }

    /// The role, to look at.
    pub fn role(&self) -> &R {
        &self.role
    }

    /// The role, for what is left in it when its actor ends.
    pub fn role_mut(&mut self) -> &mut R {
        &mut self.role
    }
}

/// An actor that carries out what a role decides. An actor may conduct several roles.
pub trait Conduct<R: Role>: Actor<Context = Context<Self>> {
    /// The driver of this role.
    fn driver(&mut self) -> &mut Driver<R>;

    /// Does one thing.
    fn perform(&mut self, effect: R::Effect, ctx: &mut Context<Self>);

    /// Sets the timer for the deadline that the role has from the start.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        arm(self, ctx);
    }

    /// Gives the role an input and does what it wants done.
    fn step(&mut self, input: R::Input, ctx: &mut Context<Self>) {
        let driver = self.driver();
        if driver.is_stepping {
            return driver.inputs.push_back(input);
        }
        driver.is_stepping = true;
        let mut next = Some(input);
        while let Some(input) = next {
            self.advance(ctx, |role, now, out| role.handle(now, input, out));
            next = self.driver().inputs.pop_front();
        }
        self.driver().is_stepping = false;
        arm(self, ctx);
        yield_after_a_turn(self, ctx);
    }

    /// Lets the role decide, and does what it wants done.
    fn advance(
        &mut self,
        ctx: &mut Context<Self>,
        decide: impl FnOnce(&mut R, Tick, &mut Vec<R::Effect>),
    ) {
        let driver = self.driver();
        // Made anew each time: what was used last is in the processor's caches, which the memory of one
        // of ten thousand actors is not.
        let mut effects = Vec::new();
        let now = driver.env.now();
        decide(&mut driver.role, now, &mut effects);
        for effect in effects {
            self.perform(effect, ctx);
        }
    }
}

/// Keeps one timer, never later than the role's deadline. One that fires too early costs less than
/// setting it anew at each step.
fn arm<R: Role, A: Conduct<R>>(actor: &mut A, ctx: &mut Context<A>) {
    let driver = actor.driver();
    let Some(due) = driver.role.deadline() else {
        return;
    };
    if let Some((at, handle)) = driver.timer {
        if at <= due {
            return;
        }
        ctx.cancel_future(handle);
    }
    let wait = due.saturating_sub(driver.env.now());
    let handle = ctx.run_later(wait, |actor: &mut A, ctx| {
        actor.driver().timer = None;
        wake(actor, ctx);
    });
    actor.driver().timer = Some((due, handle));
}

fn wake<R: Role, A: Conduct<R>>(actor: &mut A, ctx: &mut Context<A>) {
    actor.driver().is_stepping = true;
    actor.advance(ctx, |role, now, out| role.wake(now, out));
    while let Some(input) = actor.driver().inputs.pop_front() {
        actor.advance(ctx, |role, now, out| role.handle(now, input, out));
    }
    actor.driver().is_stepping = false;
    arm(actor, ctx);
}

fn yield_after_a_turn<R: Role, A: Conduct<R>>(actor: &mut A, ctx: &mut Context<A>) {
    let driver = actor.driver();
    driver.turn += 1;
    if driver.turn == TURN {
        driver.turn = 0;
        ctx.wait(fut::wrap_future(tokio::task::yield_now()).map(|(), _: &mut A, _| ()));
    }
}
