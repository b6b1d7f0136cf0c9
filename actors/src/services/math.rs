//! `opensrf.math`: adds, subtracts, multiplies and divides two numbers.
//!
//! The original hands each sum on to `opensrf.dbmath`; this one does it itself. Numbers may come as
//! texts, as the original's callers write them. What is no number is refused (the original counts
//! it as 0), and so is what JSON cannot hold (the original writes `inf`).

use opensrf::osrf::code;
use serde_json::{Number, Value};

use crate::service::{MethodError, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.math";

/// The service.
///
/// # Errors
/// Never, unless its definition is wrong.
pub fn service() -> Result<Service, ServiceError> {
    Service::builder(NAME)
        .function("add", |_, pair: Pair| {
            compute(&pair, i64::checked_add, |a, b| a + b)
        })
        .notes("The sum of two numbers.")
        .function("sub", |_, pair: Pair| {
            compute(&pair, i64::checked_sub, |a, b| a - b)
        })
        .notes("The first number less the second.")
        .function("mult", |_, pair: Pair| {
            compute(&pair, i64::checked_mul, |a, b| a * b)
        })
        .notes("The product of two numbers.")
        .function("div", |_, pair: Pair| {
            compute(&pair, exact_quotient, |a, b| a / b)
        })
        .notes("The first number divided by the second.")
        .build()
}

type Pair = (Value, Value);

/// Computes in whole numbers as long as that is exact.
fn compute(
    pair: &Pair,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Number, MethodError> {
    let (a, b) = (operand(&pair.0, 1)?, operand(&pair.1, 2)?);
    let exact = a.as_i64().zip(b.as_i64()).and_then(|(a, b)| whole(a, b));
    if let Some(result) = exact {
        return Ok(result.into());
    }
    let (a, b) = (
        a.as_f64().unwrap_or(f64::NAN),
        b.as_f64().unwrap_or(f64::NAN),
    );
    Number::from_f64(real(a, b))
        .ok_or_else(|| MethodError::new(code::BAD_REQUEST, "the result is no finite number"))
}

fn exact_quotient(a: i64, b: i64) -> Option<i64> {
    (a.checked_rem(b)? == 0).then(|| a / b)
}

fn operand(value: &Value, position: usize) -> Result<Number, MethodError> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        // JSON has no leading zeros and no plus sign; people do.
        Value::String(text) => text.trim().parse().ok().or_else(|| {
            let number: i64 = text.trim().parse().ok()?;
            Some(number.into())
        }),
        _ => None,
    };
    number.ok_or_else(|| {
        MethodError::new(
            code::BAD_REQUEST,
            format!("parameter {position} is no number"),
        )
    })
}
