//! One process of a test.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

use serde_json::Value;

use super::PATIENCE;

/// A process that has not been waited for. It is killed by its pid and waited for when it is
/// dropped, so that none is left behind, whatever becomes of the test.
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Receiver<Line>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

enum Line {
    Out(String),
    Err(String),
}

/// Why no line comes.
#[derive(Debug)]
enum Silence {
    /// Both pipes are closed.
    Ended,
    Hung,
}

/// How a process ended, and all that it said.
pub(crate) struct Ended {
    name: String,
    /// The exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

impl Ended {
    /// All of stderr as one text.
    pub(crate) fn errors(&self) -> String {
        self.stderr.join("\n")
    }
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let (sender, lines) = mpsc::channel();
        read(child.stdout.take(), sender.clone(), Line::Out);
        read(child.stderr.take(), sender, Line::Err);
        Self {
            name,
            child,
            lines,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// Waits for a line with `text` in it, behind the last one that was waited for.
    ///
    /// # Panics
    /// If none comes.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |line| line.contains(text));
    }

    /// Waits for the line `ready`, also as JSON.
    ///
    /// # Panics
    /// If it does not come.
    pub(crate) fn ready(mut self) -> Self {
        self.wait_until("ready", |line| {
            let said = serde_json::from_str::<Value>(line);
            line == "ready" || said.is_ok_and(|said| said["message"] == "ready")
        });
        self
    }

    /// Waits for a line of which `is_it` is true, behind the last one that was waited for.
    ///
    /// # Panics
    /// If none comes; it is called `what` then.
    pub(crate) fn wait_until(&mut self, what: &str, is_it: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            match self.next_line(begun) {
                Ok(line) => {
                    if is_it(self.keep(line)) {
                        return;
                    }
                }
                Err(why) => panic!("{why:?} instead of saying {what:?}: {self:?}"),
            }
        }
    }

    fn keep(&mut self, line: Line) -> &str {
        let (said, line) = match line {
            Line::Out(line) => (&mut self.stdout, line),
            Line::Err(line) => (&mut self.stderr, line),
        };
        said.push(line);
        said.last().map_or("", String::as_str)
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// If it does not end.
    pub(crate) fn end(mut self) -> Ended {
        let begun = Instant::now();
        loop {
            match self.next_line(begun) {
                Ok(line) => {
                    self.keep(line);
                }
                Err(Silence::Ended) => break,
                Err(Silence::Hung) => panic!("it does not end: {self:?}"),
            }
        }
        let status = self.child.wait().expect("our own child");
        Ended {
            name: std::mem::take(&mut self.name),
            code: status.code(),
            stdout: std::mem::take(&mut self.stdout),
            stderr: std::mem::take(&mut self.stderr),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("our own child, not yet waited for");
    }

    /// Signals the one process that it has started.
    pub(crate) fn signal_child(&self, signal: Signal) {
        let id = self.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.expect("our own child, not yet waited for");
        let child = children.trim().parse().ok().and_then(Pid::from_raw);
        kill_process(child.expect("one child"), signal).expect("it runs");
    }

    /// The memory that it has in use; unknown where there is no `/proc`.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    }

    /// Ends it as a crash would, and waits until it is gone.
    pub(crate) fn kill(self) {
        drop(self);
    }

    fn next_line(&self, begun: Instant) -> Result<Line, Silence> {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        self.lines.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => Silence::Hung,
            RecvTimeoutError::Disconnected => Silence::Ended,
        })
    }
}

/// Sends the lines of a pipe until its end, which is the end of the process.
fn read<R>(pipe: Option<R>, lines: Sender<Line>, line: fn(String) -> Line)
where
    R: Read + Send + 'static,
{
    let pipe = pipe.expect("it was asked for");
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while pipe.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&bytes);
            let sent = lines.send(line(text.trim_end_matches('\n').to_owned()));
            bytes.clear();
            if sent.is_err() {
                return; // the test is over
            }
        }
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            while let Ok(line) = self.lines.try_recv() {
                self.keep(line);
            }
            eprintln!("meanwhile: {self:?}");
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.name, &self.stdout, &self.stderr)
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.name, &self.stdout, &self.stderr)?;
        write!(f, "exit code: {:?}", self.code)
    }
}

/// Shows what a process said, each line as far as a person would read it.
fn show(f: &mut fmt::Formatter<'_>, name: &str, out: &[String], err: &[String]) -> fmt::Result {
    writeln!(f, "{name:.1000}")?;
    for line in out {
        writeln!(f, "stdout: {line:.500}")?;
    }
    for line in err {
        writeln!(f, "stderr: {line:.500}")?;
    }
    Ok(())
}
