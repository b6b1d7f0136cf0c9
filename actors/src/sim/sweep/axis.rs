//! What is swept: one setting and its values, as `services.0.drones.max=1..32`.

use super::Axis;

/// More runs than this in one sweep are taken for a slip.
pub(super) const MOST: usize = 10_000;

/// The setting whose values have an order, but no more and less.
pub(crate) const SEED: &str = "seed";

/// Why a text is no axis of a sweep.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxisError {
    /// It has another shape.
    #[error(
        "{0:?} is no sweep; write one as services.0.drones.max=1..32, with a step as \
         clients.0.rate=100..1000:100, or as a list: routers.0.policy=round_robin,weighted"
    )]
    Shape(String),
    /// A range that cannot be.
    #[error("{range:?}: {problem}")]
    Range {
        /// The range.
        range: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Axis {
    /// Reads `path=values`. The values are numbers from one to another, both included
    /// (`1..32`, `0.5..2:0.25`), or a list with commas, in which those within brackets do not count.
    ///
    /// # Errors
    /// [`AxisError`] says what cannot be read.
    pub fn parse(text: &str) -> Result<Self, AxisError> {
        let shape = || AxisError::Shape(text.to_owned());
        let (path, values) = text.split_once('=').ok_or_else(shape)?;
        let (path, values) = (path.trim(), values.trim());
        if path.is_empty() || values.is_empty() {
            return Err(shape());
        }
        let values = match values.split_once("..") {
            Some((first, rest)) if first.parse::<f64>().is_ok() => range(values, first, rest)?,
            _ => list(values),
        };
        if values.iter().any(String::is_empty) {
            return Err(shape());
        }
        Ok(Self {
            path: path.to_owned(),
            values,
        })
    }
}

fn range(text: &str, first: &str, rest: &str) -> Result<Vec<String>, AxisError> {
    let wrong = |problem| AxisError::Range {
        range: text.to_owned(),
        problem,
    };
    let number = |text: &str| {
        let number: Option<f64> = text.trim().parse().ok();
        let number = number.filter(|number| number.is_finite());
        number.ok_or_else(|| wrong("a range is made of numbers, such as 1..32 or 0.5..2:0.5"))
    };
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let (last, step) = rest.split_once(':').unwrap_or((rest, "1"));
    let (from, last, step) = (number(first)?, number(last)?, number(step)?);
    if step <= 0.0 {
        return Err(wrong("its step must be above zero"));
    }
    if last < from {
        return Err(wrong("it ends before it begins"));
    }
    let number = ((last - from) / step + 1e-9).floor();
    if number >= MOST as f64 {
        return Err(wrong(
            "it has more than 10000 values; give it a larger step, as in 1..1000:50",
        ));
    }
    // As many places as were written, so that 0.1 three times is 0.3.
    let places = [first, rest].map(|text| {
        let numbers = text
            .split(':')
            .map(|number| number.split_once('.').map_or(0, |(_, p)| p.trim().len()));
        numbers.max().unwrap_or(0)
    });
    let places = places.into_iter().max().unwrap_or(0);
    let values =
        (0..=number as usize).map(|n| format!("{:.places$}", step.mul_add(n as f64, from)));
    Ok(values.collect())
}

/// Cut at commas that are not within brackets or quotes.
fn list(text: &str) -> Vec<String> {
    let (mut values, mut depth, mut is_quoted) = (vec![String::new()], 0_i32, false);
    for c in text.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth <= 0 && !is_quoted {
            values.push(String::new());
        } else if let Some(value) = values.last_mut() {
            value.push(c);
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_have_the_values_that_one_expects() {
        let cases: [(&str, &[&str]); 8] = [
            ("1..4", &["1", "2", "3", "4"]),
            ("1..=4", &["1", "2", "3", "4"]),
            ("100..300:100", &["100", "200", "300"]),
            ("0.1..0.4:0.1", &["0.1", "0.2", "0.3", "0.4"]),
            ("1..8:3", &["1", "4", "7"]),
            ("7", &["7"]),
            ("round_robin, weighted", &["round_robin", "weighted"]),
            ("uniform(1ms, 2ms),5ms", &["uniform(1ms, 2ms)", "5ms"]),
        ];
        for (text, values) in cases {
            let axis = Axis::parse(&format!("services.0.x={text}")).unwrap();
            assert_eq!(axis.path, "services.0.x");
            assert_eq!(axis.values, values, "{text}");
        }
    }

    #[test]
    fn what_is_no_axis_is_refused_with_the_remedy() {
        let cases = [
            ("drones", "is no sweep"),
            ("=1..2", "is no sweep"),
            ("a=", "is no sweep"),
            ("a=1,,2", "is no sweep"),
            ("a=1..x", "a range is made of numbers"),
            ("a=2..1", "it ends before it begins"),
            ("a=1..2:0", "its step must be above zero"),
            ("a=1..1e9", "more than 10000 values"),
        ];
        for (text, told) in cases {
            let error = Axis::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
