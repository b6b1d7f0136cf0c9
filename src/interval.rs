//! Lengths of time as people write them: `1 day, 2 hours and 35 minutes`, `+2h`, `02:30:00`, `300`.
//!
//! ```text
//! interval = seconds | term { [","] ["and"] term }
//! term     = ["+"] number unit | ["+"] hours ":" minutes [":" seconds]
//! ```
//!
//! Numbers are whole. Units are those of [`UNITS`], in any case, a blank before them or not. A month
//! is a twelfth of a year, a year has 365 days. A number without a unit is one of seconds, if it
//! stands alone.
//!
//! Source: protocol of OpenSRF 3.x, §7.3, which writes the expiry of `opensrf.persist` so.

use std::time::Duration;

/// Every unit with its names and seconds; the first name is the one that errors propose.
pub const UNITS: [(&[&str], u64); 7] = [
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["min", "m", "mins", "minute", "minutes"], MINUTE),
    (&["h", "hr", "hrs", "hour", "hours"], HOUR),
    (&["d", "day", "days"], DAY),
    (&["w", "wk", "wks", "week", "weeks"], 7 * DAY),
    (&["mo", "mon", "mons", "month", "months"], YEAR / 12),
    (&["y", "yr", "yrs", "year", "years"], YEAR),
];

/// The longest interval: a thousand years.
pub const LONGEST: Duration = Duration::from_secs(1_000 * YEAR);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// A text that is no interval.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntervalError {
    /// No number in it.
    #[error("an interval is missing: write \"2 hours\", \"02:30:00\" or a number of seconds")]
    Empty,
    /// Something where a number should be.
    #[error("{0:?} is no number: write an interval such as \"1 day, 2 hours and 35 minutes\"")]
    NoNumber(String),
    /// A number among others, without a unit.
    #[error("{0} has no unit: write s, min, h, d, w, mo or y behind a whole number")]
    NoUnit(String),
    /// A word behind a number that is no unit.
    #[error("{0:?} is no unit of time: write s, min, h, d, w, mo or y")]
    UnknownUnit(String),
    /// Something with colons that is no time.
    #[error("{0:?} is no time: write hours, minutes and seconds as 02:30:00")]
    BadClock(String),
    /// Longer than [`LONGEST`].
    #[error("the interval is longer than 1,000 years")]
    TooLong,
}

/// Reads an interval.
///
/// # Errors
/// [`IntervalError`] names the part that is wrong.
///
/// ```
/// # use opensrf::interval;
/// assert_eq!(interval::parse("1 day, 2 hours and 35 minutes")?.as_secs(), 95_700);
/// assert_eq!(interval::parse("300")?.as_secs(), 300);
/// # Ok::<(), interval::IntervalError>(())
/// ```
pub fn parse(text: &str) -> Result<Duration, IntervalError> {
    let text = text.trim();
    let bare = text.strip_prefix('+').unwrap_or(text);
    if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return checked(number(bare)?);
    }
    let mut rest = after_separators(text);
    if rest.is_empty() {
        return Err(IntervalError::Empty);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (seconds, behind) = term(rest)?;
        total = total.checked_add(seconds).ok_or(IntervalError::TooLong)?;
        rest = after_separators(behind);
    }
    checked(total)
}

fn checked(seconds: u64) -> Result<Duration, IntervalError> {
    let interval = Duration::from_secs(seconds);
    if interval > LONGEST {
        return Err(IntervalError::TooLong);
    }
    Ok(interval)
}

/// What stands behind blanks, commas, plus signs and the word `and`.
fn after_separators(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '+');
        let (word, behind) = split_while(rest, char::is_alphabetic);
        if !word.eq_ignore_ascii_case("and") {
            return rest;
        }
        rest = behind;
    }
}

/// The seconds of the first term, and what stands behind it.
fn term(text: &str) -> Result<(u64, &str), IntervalError> {
    let (digits, behind) = split_while(text, |c| c.is_ascii_digit());
    if digits.is_empty() {
        let word = text.split_whitespace().next().unwrap_or(text);
        return Err(IntervalError::NoNumber(word.to_owned()));
    }
    if behind.starts_with(':') {
        let (clock, behind) = split_while(text, |c| c.is_ascii_digit() || c == ':');
        return Ok((clock_seconds(clock)?, behind));
    }
    let (word, behind) = split_while(behind.trim_start(), char::is_alphabetic);
    if word.is_empty() {
        return Err(IntervalError::NoUnit(digits.to_owned()));
    }
    let seconds = number(digits)?.checked_mul(unit(word)?);
    Ok((seconds.ok_or(IntervalError::TooLong)?, behind))
}

fn unit(word: &str) -> Result<u64, IntervalError> {
    let is_it = |name: &&str| name.eq_ignore_ascii_case(word);
    let mut known = UNITS.iter();
    known
        .find(|(names, _)| names.iter().any(is_it))
        .map(|(_, seconds)| *seconds)
        .ok_or_else(|| IntervalError::UnknownUnit(word.to_owned()))
}

/// `hours:minutes` or `hours:minutes:seconds`; there may be any number of hours.
fn clock_seconds(clock: &str) -> Result<u64, IntervalError> {
    let wrong = || IntervalError::BadClock(clock.to_owned());
    let mut parts = clock.split(':');
    let hours = parts.next().ok_or_else(wrong)?;
    let mut below_60 = |is_needed: bool| match parts.next() {
        None if !is_needed => Ok(0),
        Some(part) if (1..=2).contains(&part.len()) => match part.parse() {
            Ok(number) if number < 60 => Ok(number),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    };
    let (minutes, seconds): (u64, u64) = (below_60(true)?, below_60(false)?);
    if parts.next().is_some() {
        return Err(wrong());
    }
    let hours = number(hours)?.checked_mul(HOUR);
    let total = hours.and_then(|hours| hours.checked_add(minutes * MINUTE + seconds));
    total.ok_or(IntervalError::TooLong)
}

/// A number of digits; only one that is too large is none.
fn number(digits: &str) -> Result<u64, IntervalError> {
    digits.parse().map_err(|_| IntervalError::TooLong)
}

fn split_while(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(text: &str) -> u64 {
        parse(text).unwrap().as_secs()
    }

    #[test]
    fn intervals_are_read_as_people_write_them() {
        let day = 86_400;
        for (text, wanted) in [
            ("1 day, 2 hours and 35 minutes", day + 2 * 3_600 + 35 * 60),
            ("+2h", 7_200),
            ("+ 2 h + 3 min", 7_380),
            ("02:30:00", 9_000),
            ("100:00", 360_000),
            ("1 day 00:00:05", day + 5),
            ("300", 300),
            (" +300 ", 300),
            ("0", 0),
            ("0s", 0),
            ("1w2d", 9 * day),
            ("1 mo", 365 * day / 12),
            ("2 Years", 730 * day),
            ("1m", 60),
            ("1 day and, and 1 s", day + 1),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_named() {
        let no_number = |word: &str| IntervalError::NoNumber(word.to_owned());
        let no_unit = |number: &str| IntervalError::NoUnit(number.to_owned());
        let bad_clock = |clock: &str| IntervalError::BadClock(clock.to_owned());
        for (text, wanted) in [
            ("", IntervalError::Empty),
            (" , and +", IntervalError::Empty),
            ("soon", no_number("soon")),
            ("-2h", no_number("-2h")),
            ("2 h then", no_number("then")),
            ("1 day 5", no_unit("5")),
            ("1.5 h", no_unit("1")),
            ("2 moons", IntervalError::UnknownUnit("moons".to_owned())),
            ("2 andh", IntervalError::UnknownUnit("andh".to_owned())),
            ("1:2:3:4", bad_clock("1:2:3:4")),
            ("1:60", bad_clock("1:60")),
            ("1:", bad_clock("1:")),
            ("1:000", bad_clock("1:000")),
            ("1001 y", IntervalError::TooLong),
            ("99999999999999999999", IntervalError::TooLong),
            ("9999999999999999999 y", IntervalError::TooLong),
            ("18446744073709551615:00", IntervalError::TooLong),
        ] {
            assert_eq!(parse(text), Err(wanted), "{text}");
        }
    }

    proptest! {
        #[test]
        fn terms_add_up_in_any_unit_and_form(
            terms in prop::collection::vec((0_u64..1_000, 0_usize..7, 0_usize..3, any::<bool>()), 1..6),
            and in prop::sample::select(vec![" ", ", ", " and ", ", and ", "+"]),
        ) {
            let told = |&(number, unit, name, blank): &(u64, usize, usize, bool)| {
                let (names, _) = UNITS[unit];
                format!("{number}{}{}", if blank { " " } else { "" }, names[name])
            };
            let text = terms.iter().map(told).collect::<Vec<_>>().join(and);
            let sum = terms.iter().map(|&(number, unit, ..)| number * UNITS[unit].1).sum::<u64>();
            prop_assert_eq!(parse(&text), checked(sum));
        }

        #[test]
        fn any_number_of_seconds_comes_back(wanted in 0..=LONGEST.as_secs()) {
            prop_assert_eq!(seconds(&wanted.to_string()), wanted);
            prop_assert_eq!(seconds(&format!("{wanted} seconds")), wanted);
            let (hours, minutes) = (wanted / 3_600, wanted / 60 % 60);
            prop_assert_eq!(seconds(&format!("{hours}:{minutes:02}:{:02}", wanted % 60)), wanted);
        }

        #[test]
        fn any_text_is_an_interval_or_an_error(text in "([0-9]{0,22}|[ ,+:-]|and|[a-z]{1,3}|\\PC){0,8}") {
            let read = parse(&text);
            prop_assert!(read.is_err() || read.unwrap() <= LONGEST);
        }
    }
}
