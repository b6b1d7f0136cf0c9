//! `Regex`: does a value look as it should?
//!
//! The value is written in small letters first, without blanks around it.

use opensrf::osrf::Json;

use super::{Object, text};
use crate::service::ServiceError;
use crate::services::given::Given;

/// An address of e-mail: what HTML takes for one, with a dot in its domain. (RFC 5321 allows more,
/// such as quoted names, that nobody writes.)
pub const PATTERN: &str = r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3, without its brackets).
pub const LONGEST: usize = 254;

/// A pattern for a field.
#[derive(Debug)]
pub(super) struct Regex {
    field: String,
    pattern: regex::Regex,
}

impl Regex {
    pub(super) fn new(field: String, given: &Given<'_>) -> Result<Self, ServiceError> {
        given.only(&["implementation", "field", "pattern"])?;
        let pattern = given.text("pattern")?;
        let pattern = regex::Regex::new(pattern.as_deref().unwrap_or(PATTERN))
            .map_err(|error| given.wrong("pattern", error))?;
        Ok(Self { field, pattern })
    }

    pub(super) fn check(&self, object: &mut Object) -> Option<&'static str> {
        let value = text(object, &self.field).to_lowercase();
        if value.is_empty() {
            return Some("No Address");
        }
        let is_good = value.len() <= LONGEST && self.pattern.is_match(&value);
        object.insert(self.field.clone(), Json::string(&value));
        (!is_good).then_some("Bad Address - Regex Check Failed")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(address: &str) -> Option<&'static str> {
        let settings = json!({});
        let given = Given::new("test", &settings).unwrap();
        let regex = Regex::new("at".to_owned(), &given).unwrap();
        let mut object = Object::from([("at".to_owned(), Json::string(address))]);
        regex.check(&mut object)
    }

    #[test]
    fn addresses_that_people_have_are_good() {
        for address in [
            "x@y.zz",
            "First.Last+tag@Sub.Example.org",
            "o'x@a-b.co",
            "1@2.3c",
        ] {
            assert_eq!(verdict(address), None, "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        let bad = Some("Bad Address - Regex Check Failed");
        let long = format!("{}@b.cd", "a".repeat(250));
        for address in [
            "x",
            "x@y",
            "@y.zz",
            "x@",
            "x@-y.zz",
            "x@y-.zz",
            "x@y..zz",
            "x@.zz",
            "a b@y.zz",
            "x@y.zz\nz",
            "x@@y.zz",
            &long,
        ] {
            assert_eq!(verdict(address), bad, "{address}");
        }
        for nothing in ["", "  "] {
            assert_eq!(verdict(nothing), Some("No Address"));
        }
    }
}
