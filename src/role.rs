use crate::time::Tick;

/// One party's decisions: a state machine without side effects.
///
/// An actor feeds it inputs, carries out the effects and wakes it at its deadline. Nothing in a
/// role blocks, fails or reads a clock, so every decision can be tested as a table.
pub trait Role: 'static {
    /// What can happen to it.
    type Input: 'static;
    /// What it wants done.
    type Effect: 'static;

    /// Takes one input at `now` and pushes what must be done, in order, to `out`.
    fn handle(&mut self, now: Tick, input: Self::Input, out: &mut Vec<Self::Effect>);

    /// The earliest moment at which it wants to be woken, or `None` for never.
    fn deadline(&self) -> Option<Tick>;

    /// Called at (or after) its deadline.
    fn wake(&mut self, now: Tick, out: &mut Vec<Self::Effect>);
}
