//! What an axis shows: its range and the texts beside it.

use std::time::Duration;

use crate::shown::{Figure, Length};

/// More orders of magnitude than a plain axis shows: the small ones would lie on its floor.
const WIDE: f64 = 25.0;
/// The end of an axis with shares of a whole: markers at its end are not cut.
pub(super) const WHOLE: f64 = 104.0;

/// An axis with its unit.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) label: String,
    pub(super) is_logarithmic: bool,
    pub(super) range: (f64, f64),
    pub(super) step: Option<f64>,
    pub(super) tick: Tick,
}

/// How values are written beside an axis.
#[derive(Debug, Clone)]
pub(super) enum Tick {
    Number,
    /// Of seconds, each with the unit that fits.
    Time,
    PerCent,
    /// One of these texts, by its place.
    Text(Vec<String>),
}

impl Tick {
    pub(super) fn text(&self, value: f64) -> String {
        match self {
            Self::Number => plain(value),
            Self::Time => {
                let time = Duration::try_from_secs_f64(value).unwrap_or_default();
                let text = Length(time).to_string();
                match text.split_once(' ') {
                    Some((number, unit)) => format!("{} {unit}", short(number)),
                    None => text,
                }
            }
            Self::PerCent => format!("{} %", plain(value)),
            Self::Text(texts) => {
                let is_whole = value.fract() == 0.0 && value >= 0.0;
                let text = texts.get(value as usize).filter(|_| is_whole);
                text.cloned().unwrap_or_default()
            }
        }
    }
}

impl Axis {
    /// From zero to a little more than the largest value.
    pub(super) fn from_zero(label: &str, tick: Tick, values: impl Iterator<Item = f64>) -> Self {
        let largest = values.fold(0.0, f64::max);
        let top = match (&tick, largest > 0.0) {
            (Tick::PerCent, true) => ceiling(largest).min(WHOLE),
            (_, true) => ceiling(largest),
            (_, false) => 1.0,
        };
        Self {
            label: label.to_owned(),
            is_logarithmic: false,
            range: (0.0, top),
            step: None,
            tick,
        }
    }

    /// The axis that fits the values: of times by their orders of magnitude, of all else from zero.
    pub(super) fn of(label: &str, tick: Tick, values: impl Iterator<Item = f64> + Clone) -> Self {
        match tick {
            Tick::Time => Self::of_times(values),
            _ => Self::from_zero(label, tick, values),
        }
    }

    /// Of lengths of time in seconds; logarithmic if they are of many orders of magnitude.
    fn of_times(values: impl Iterator<Item = f64> + Clone) -> Self {
        let positive = values.clone().filter(|value| *value > 0.0);
        let (least, largest) = bounds(positive);
        match largest > least * WIDE {
            true => Self::logarithmic("time to the answer, logarithmic scale", Tick::Time, values),
            false => Self::from_zero("time to the answer", Tick::Time, values),
        }
    }

    /// By orders of magnitude, around the values above zero.
    pub(super) fn logarithmic(label: &str, tick: Tick, values: impl Iterator<Item = f64>) -> Self {
        let (least, largest) = bounds(values.filter(|value| *value > 0.0));
        Self {
            label: label.to_owned(),
            is_logarithmic: true,
            range: (floor(least), ceiling(largest.max(least * 1.01))),
            step: None,
            tick,
        }
    }
}

/// The least and the largest; of none, from one to one.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, 0.0);
    match values.fold(start, |(least, most), value| {
        (value.min(least), value.max(most))
    }) {
        (least, _) if least.is_infinite() => (1.0, 1.0),
        bounds => bounds,
    }
}

/// The next number of one digit, or one and a half, that leaves some room above it.
fn ceiling(value: f64) -> f64 {
    let magnitude = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let bound = value / magnitude * 1.03;
    magnitude
        * steps
            .into_iter()
            .find(|step| *step >= bound)
            .unwrap_or(10.0)
}

/// The next 1, 2 or 5 of its order of magnitude at or below it.
fn floor(value: f64) -> f64 {
    let magnitude = 10_f64.powf(value.log10().floor());
    let bound = value / magnitude * 1.000_001;
    let steps = [5.0, 2.0, 1.0].into_iter();
    magnitude * steps.into_iter().find(|step| *step <= bound).unwrap_or(1.0)
}

/// Without zeros at the end, which three digits would have.
fn short(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

fn plain(value: f64) -> String {
    short(&Figure(value).to_string()).to_owned()
}
