//! Figures as people read them: with units, and no more digits than anybody looks at.

use std::fmt;
use std::time::Duration;

/// For how long something has been, as people say it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        let text = match seconds {
            0..10 => format!("{:.1} s", self.0.as_secs_f64()),
            10..120 => format!("{seconds} s"),
            120..7_200 => format!("{minutes} min"),
            7_200..172_800 => format!("{hours} h {} min", minutes % 60),
            _ => format!("{days} d {} h", hours % 24),
        };
        f.pad(&text)
    }
}

/// A length of time that was measured, to three digits; in hours, as [`Span`] has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length(pub(crate) Duration);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        // Divided, not multiplied: exact at the borders.
        let of = |unit: f64| Figure(nanos as f64 / unit);
        // The borders are where rounding to three digits arrives at the next unit.
        let text = match nanos {
            0 => "0 s".to_owned(),
            1..=999 => format!("{nanos} ns"),
            1_000..999_500 => format!("{} µs", of(1e3)),
            999_500..999_500_000 => format!("{} ms", of(1e6)),
            _ if self.0.as_secs() < 7_200 => format!("{} s", of(1e9)),
            _ => Span(self.0).to_string(),
        };
        f.pad(&text)
    }
}

/// A number that was measured: three digits, and all before the point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure(pub(crate) f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        let text = match size {
            _ if !size.is_finite() => "-".to_owned(),
            0.0 => "0".to_owned(),
            _ if size < 0.001 => format!("{:.1e}", self.0),
            _ if size < 0.9995 => format!("{:.3}", self.0),
            _ if size < 9.995 => format!("{:.2}", self.0),
            _ if size < 99.95 => format!("{:.1}", self.0),
            _ if self.0 < 0.0 => format!("-{}", Count(size.round() as u64)),
            _ => Count(size.round() as u64).to_string(),
        };
        f.pad(&text)
    }
}

/// A number of things, in groups of three digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count(pub(crate) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// A part of a whole, as per cent. Neither what is there nor what is missing is rounded away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share(pub(crate) f64);

impl Share {
    /// So many of all; of none, nothing.
    pub(crate) fn of(part: u64, all: u64) -> Self {
        match all {
            0 => Self(0.0),
            _ => Self(part as f64 / all as f64),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 * 100.0 {
            some if some > 0.0 && some < 0.05 => "<0.1 %".to_owned(),
            most if (99.95..100.0).contains(&most) => ">99.9 %".to_owned(),
            per_cent => format!("{per_cent:.1} %"),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests;
