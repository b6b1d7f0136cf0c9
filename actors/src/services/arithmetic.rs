//! The four operations of `opensrf.math` and `opensrf.dbmath`.
//!
//! Numbers may come as texts, as the original's callers write them. What is no number is refused
//! (the original counts it as 0), and so is what JSON cannot hold (the original writes `inf`).

use opensrf::osrf::code;
use serde_json::{Number, Value};

use crate::service::{MethodError, ParamType, Service, ServiceError};

/// An operation on two numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) notes: &'static str,
    /// In whole numbers, where that is exact.
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
}

/// All operations, in the order in which introspection lists them.
pub(crate) const OPERATIONS: [Operation; 4] = [
    Operation {
        name: "add",
        notes: "The sum of two numbers.",
        whole: i64::checked_add,
        real: |a, b| a + b,
    },
    Operation {
        name: "sub",
        notes: "The first number less the second.",
        whole: i64::checked_sub,
        real: |a, b| a - b,
    },
    Operation {
        name: "mult",
        notes: "The product of two numbers.",
        whole: i64::checked_mul,
        real: |a, b| a * b,
    },
    Operation {
        name: "div",
        notes: "The first number divided by the second.",
        whole: exact_quotient,
        real: |a, b| a / b,
    },
];

/// A service of this name that computes.
pub(crate) fn service(name: &str) -> Result<Service, ServiceError> {
    let mut service = Service::builder(name);
    for operation in OPERATIONS {
        service = service
            .function(operation.name, move |_, (a, b): (Value, Value)| {
                operation.of(&a, &b)
            })
            .notes(operation.notes)
            .param("a", "The first number.", ParamType::Number)
            .param("b", "The second number.", ParamType::Number)
            .returns("The result.", ParamType::Number);
    }
    service.build()
}

impl Operation {
    /// The result for two parameters as they came; whole as long as that is exact.
    ///
    /// # Errors
    /// Status 400 for a parameter that is no number, and for a result that is none.
    pub(crate) fn of(&self, a: &Value, b: &Value) -> Result<Number, MethodError> {
        let (a, b) = (operand(1, a)?, operand(2, b)?);
        let whole = a.as_i64().zip(b.as_i64());
        if let Some(result) = whole.and_then(|(a, b)| (self.whole)(a, b)) {
            return Ok(result.into());
        }
        let real = |number: Number| number.as_f64().unwrap_or(f64::NAN);
        Number::from_f64((self.real)(real(a), real(b)))
            .ok_or_else(|| MethodError::new(code::BAD_REQUEST, "the result is no finite number"))
    }
}

fn exact_quotient(a: i64, b: i64) -> Option<i64> {
    (a.checked_rem(b)? == 0).then(|| a / b)
}

fn operand(at: usize, value: &Value) -> Result<Number, MethodError> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        // JSON has no leading zeros and no plus sign; people do.
        Value::String(text) => text.trim().parse().ok().or_else(|| {
            let number: i64 = text.trim().parse().ok()?;
            Some(number.into())
        }),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let no_number = || MethodError::new(code::BAD_REQUEST, format!("parameter {at} is no number"));
    number.ok_or_else(no_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &str, a: &str, b: &str) -> Result<String, MethodError> {
        let mut operations = OPERATIONS.iter();
        let operation = operations.find(|known| known.name == name).unwrap();
        let json = |text| serde_json::from_str(text).unwrap();
        let number = operation.of(&json(a), &json(b))?;
        Ok(number.to_string())
    }

    #[test]
    fn results_are_whole_where_that_is_exact() {
        for (name, a, b, wanted) in [
            ("add", "2", "2", "4"),
            ("sub", "2", "5", "-3"),
            ("mult", "6", "\"7\"", "42"),
            ("div", "1", "2", "0.5"),
            ("div", "6", "3", "2"),
            ("add", "\" +0010 \"", "0.5", "10.5"),
            ("add", "9223372036854775807", "1", "9.223372036854776e+18"),
        ] {
            assert_eq!(result(name, a, b).unwrap(), wanted, "{name} {a} {b}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let refused = |text: &str| Err(MethodError::new(code::BAD_REQUEST, text));
        for junk in ["null", "true", "[1]", "{}", "\"two\"", "\"\"", "\"NaN\""] {
            assert_eq!(
                result("add", junk, "1"),
                refused("parameter 1 is no number")
            );
            assert_eq!(
                result("add", "1", junk),
                refused("parameter 2 is no number")
            );
        }
        for (a, b) in [("1", "0"), ("0", "0")] {
            assert_eq!(
                result("div", a, b),
                refused("the result is no finite number")
            );
        }
    }
}
