//! Shows on stderr how far a run is, if that is a terminal.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::sim::Progress;
use crate::sim::report::Mode;
use crate::sim::scenario::Scenario;
use crate::sim::sweep::Axis;

const OFTEN: Duration = Duration::from_millis(100);

/// Watches until it is told that it is over.
pub(super) struct Watch {
    bar: ProgressBar,
    /// Looks at a run now and then.
    looking: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Watch {
    /// Of one run: simulated time, requests a second of the machine's time, and how long it will
    /// still take.
    pub(super) fn of_run(
        scenario: &Scenario,
        mode: Mode,
        progress: &Arc<Progress>,
        is_quiet: bool,
    ) -> Self {
        let what = match mode {
            Mode::Simulated => "simulated",
            Mode::Real => "real",
        };
        let template = format!(
            "{{bar:30}} {{msg}} {what} seconds, {{prefix}} requests/s, {{elapsed}} so far, {{eta}} to go"
        );
        let bar = bar(nanos(scenario.length()), &template, is_quiet);
        let (over, until) = mpsc::channel();
        let (shown, progress) = (bar.clone(), Arc::clone(progress));
        let all = scenario.length().as_secs_f64();
        let look = move || {
            let look = || {
                let (time, elapsed) = (progress.time(), shown.elapsed().as_secs_f64());
                shown.set_message(format!("{:.1} of {all:.1}", time.as_secs_f64()));
                let rate = progress.ended() as f64 / elapsed.max(f64::EPSILON);
                shown.set_prefix(format!("{rate:.0}"));
                shown.set_position(nanos(time));
                for (at, news) in progress.news() {
                    shown.println(format!("{:>9.3} s  {news}", at.as_secs_f64()));
                }
            };
            while let Err(RecvTimeoutError::Timeout) = until.recv_timeout(OFTEN) {
                look();
            }
            look();
        };
        let looking = (!bar.is_hidden()).then(|| (over, std::thread::spawn(look)));
        Self { bar, looking }
    }

    /// Of many runs.
    pub(super) fn of_sweep(axes: &[Axis], is_quiet: bool) -> Self {
        let runs: usize = axes.iter().map(|axis| axis.values.len()).product();
        let template = "{bar:30} {pos} of {len} runs, {elapsed} so far, {eta} to go";
        Self {
            bar: bar(runs as u64, template, is_quiet),
            looking: None,
        }
    }

    pub(super) fn reaches(&self, runs: usize) {
        self.bar.set_position(runs as u64);
    }

    pub(super) fn ends(self) {
        if let Some((over, looking)) = self.looking {
            drop(over);
            let _ = looking.join();
        }
        self.bar.finish_and_clear();
    }
}

fn bar(length: u64, template: &str, is_quiet: bool) -> ProgressBar {
    let target = match is_quiet {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(), // draws on a terminal only
    };
    let style = ProgressStyle::with_template(template).expect("the template is sound");
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
    bar.enable_steady_tick(OFTEN);
    bar
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
