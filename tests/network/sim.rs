//! The simulator.
mod queues;
