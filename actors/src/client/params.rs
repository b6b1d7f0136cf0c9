//! Parameters of a call.

use opensrf::osrf::Json;
use serde::Serialize;

use super::ClientError;

/// What can be the parameters of a call: any value that serde writes as a JSON list, such as
/// `(2, 2)`, `["a"]` or a `Vec` of [`Json`]. `()` is the empty list.
pub trait IntoParams {
    /// The list.
    ///
    /// # Errors
    /// [`ClientError::Params`] if it is none.
    fn into_params(self) -> Result<Vec<Json>, ClientError>;
}

impl<T: Serialize> IntoParams for T {
    fn into_params(self) -> Result<Vec<Json>, ClientError> {
        let wrong = |error: &dyn std::fmt::Display| ClientError::Params(error.to_string());
        let text = serde_json::to_string(&self).map_err(|error| wrong(&error))?;
        if text == "null" {
            return Ok(Vec::new());
        }
        Json::parse_list(text).map_err(|error| wrong(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_any_kind_are_parameters() {
        let texts = |params: Vec<Json>| params.iter().map(Json::to_string).collect::<Vec<_>>();
        assert_eq!(texts((2, "a").into_params().unwrap()), ["2", "\"a\""]);
        assert_eq!(
            texts(vec![Json::from(7), Json::NULL].into_params().unwrap()),
            ["7", "null"]
        );
        assert!(().into_params().unwrap().is_empty());
        assert!("text".into_params().is_err());
    }
}
