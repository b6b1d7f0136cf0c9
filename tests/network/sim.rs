//! The simulator: against theory, against itself, and under faults.

mod faults;
mod queues;
mod repeat;
