//! Lengths of time as they stand in scenarios: `200ms`, `1.5 s`, `30 min`.
//!
//! A number, with a fraction or without, and one unit behind it. Unlike the intervals of OpenSRF
//! (`opensrf::interval`), which are whole seconds, they go down to nanoseconds.

use std::fmt;
use std::time::Duration;

/// Every unit with its nanoseconds; the same unit may have two names.
pub const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 24 * 3_600 * 1_000_000_000),
];

/// The longest length: a thousand years, as for intervals.
pub const LONGEST: Duration = opensrf::interval::LONGEST;

/// A text that is no length of time.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LengthError {
    /// Something where the number should be.
    #[error("{0:?} is no length of time: write a number and a unit, such as 20ms")]
    NoNumber(String),
    /// A number with nothing behind it.
    #[error("{0} has no unit: write ns, us, ms, s, min, h or d behind it")]
    NoUnit(String),
    /// A word behind the number that is no unit.
    #[error("{0:?} is no unit of time: write ns, us, ms, s, min, h or d")]
    UnknownUnit(String),
    /// Longer than [`LONGEST`].
    #[error("{0} is longer than 1,000 years")]
    TooLong(String),
}

/// Reads a length of time. What is below a nanosecond is cut off.
///
/// # Errors
/// [`LengthError`] names the part that is wrong.
///
/// ```
/// # use opensrf_actors::law::length;
/// assert_eq!(length::parse("1.5 ms")?.as_nanos(), 1_500_000);
/// # Ok::<(), length::LengthError>(())
/// ```
pub fn parse(text: &str) -> Result<Duration, LengthError> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(LengthError::NoNumber(text.to_owned()));
    }
    let unit = unit_nanos(number, unit.trim_start())?;
    let too_long = || LengthError::TooLong(text.to_owned());
    let whole: u64 = whole.parse().map_err(|_| too_long())?;
    let nanos = u128::from(whole) * u128::from(unit) + fraction_nanos(fraction, unit);
    let length = u64::try_from(nanos / 1_000_000_000)
        .map(|seconds| Duration::new(seconds, (nanos % 1_000_000_000) as u32));
    length
        .ok()
        .filter(|length| *length <= LONGEST)
        .ok_or_else(too_long)
}

fn unit_nanos(number: &str, unit: &str) -> Result<u64, LengthError> {
    if unit.is_empty() {
        return Err(LengthError::NoUnit(number.to_owned()));
    }
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    known
        .map(|(_, nanos)| *nanos)
        .ok_or_else(|| LengthError::UnknownUnit(unit.to_owned()))
}

/// As many digits as may count: the largest unit has 8.64e13 nanoseconds.
fn fraction_nanos(digits: &str, unit: u64) -> u128 {
    let digits = digits
        .bytes()
        .take(14)
        .map(|digit| u128::from(digit - b'0'));
    let (value, scale) = digits.fold((0, 1), |(value, scale), digit| {
        (value * 10 + digit, scale * 10)
    });
    value * u128::from(unit) / scale
}

/// Shows a length so that [`parse`] gives it back: `1.5ms`, `90s`.
pub fn show(length: Duration) -> impl fmt::Display {
    Shown(length)
}

struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (unit, size, digits) = match nanos {
            0 => return f.write_str("0ms"),
            1..1_000 => ("ns", 1, 0),
            1_000..1_000_000 => ("us", 1_000, 3),
            1_000_000..1_000_000_000 => ("ms", 1_000_000, 6),
            _ => ("s", 1_000_000_000, 9),
        };
        let (whole, rest) = (nanos / size, nanos % size);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let fraction = format!("{rest:0digits$}");
        write!(f, "{whole}.{}{unit}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_read_with_any_unit_and_fraction() {
        for (text, nanos) in [
            ("0ms", 0),
            ("7ns", 7),
            ("2us", 2_000),
            ("2 µs", 2_000),
            (" 1.5 ms ", 1_500_000),
            ("0.000000001s", 1),
            ("0.0000000019s", 1),
            ("1.25 min", 75_000_000_000),
            ("2h", 7_200_000_000_000),
            ("1d", 86_400_000_000_000),
            ("0.00000000000001d", 0),
        ] {
            assert_eq!(parse(text).map(|l| l.as_nanos()), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused_by_name() {
        let no_number = |text: &str| LengthError::NoNumber(text.to_owned());
        for (text, wanted) in [
            ("", no_number("")),
            ("soon", no_number("soon")),
            ("-1ms", no_number("-1ms")),
            ("1.ms", no_number("1.ms")),
            (".5ms", no_number(".5ms")),
            ("1.2.3s", no_number("1.2.3s")),
            ("20", LengthError::NoUnit("20".to_owned())),
            ("2 moons", LengthError::UnknownUnit("moons".to_owned())),
            ("1e3s", LengthError::UnknownUnit("e3s".to_owned())),
            ("1s 2ms", LengthError::UnknownUnit("s 2ms".to_owned())),
            ("365001d", LengthError::TooLong("365001d".to_owned())),
            (
                "99999999999999999999s",
                LengthError::TooLong("99999999999999999999s".to_owned()),
            ),
        ] {
            assert_eq!(parse(text), Err(wanted), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_length_comes_back(nanos in 0..=LONGEST.as_nanos(), shift in 0_u32..64) {
            let nanos = nanos >> shift;
            let length = Duration::new((nanos / 1_000_000_000) as u64, (nanos % 1_000_000_000) as u32);
            prop_assert_eq!(parse(&show(length).to_string()), Ok(length));
        }

        #[test]
        fn any_text_is_a_length_or_an_error(text in "([0-9.]{0,22}|[ ,+:-]|[a-zµ]{1,3}|\\PC){0,4}") {
            let read = parse(&text);
            prop_assert!(read.is_err() || read.unwrap() <= LONGEST);
        }
    }
}
