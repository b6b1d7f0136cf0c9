//! The signals that `opensrf up` follows.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    End(End),
    Reload,
    Unregister,
    Register,
}

/// How the host is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What was accepted is finished first.
    Drain,
    /// At once.
    Stop,
}

/// SIGTERM and SIGINT. Each one of these hears every signal, so that several may wait.
#[derive(Debug)]
pub(super) struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.terminate.recv() => End::Drain,
            _ = self.interrupt.recv() => End::Stop,
        }
    }
}

/// All signals that count.
#[derive(Debug)]
pub(super) struct Signals {
    ends: Ends,
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ends: Ends::new()?,
            hang_up: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
        })
    }

    pub(super) async fn next(&mut self) -> Word {
        tokio::select! {
            end = self.ends.next() => Word::End(end),
            _ = self.hang_up.recv() => Word::Reload,
            _ = self.user_1.recv() => Word::Unregister,
            _ = self.user_2.recv() => Word::Register,
        }
    }

    /// Waits until the host is to end; other signals have come too late.
    pub(super) async fn end(&mut self) {
        while !matches!(self.next().await, Word::End(_)) {}
    }
}
