//! What a method takes and gives, for people, and for the check of a strict method.

use serde_json::{Value, json};

use crate::osrf::Json;

/// What a method takes and gives (protocol §6.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Its parameters, in order; may be fewer than it takes.
    pub params: Vec<Param>,
    /// What a result is.
    pub returns: Option<Returned>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name, for people.
    pub name: String,
    /// What it means, for people.
    pub desc: String,
    /// What a strict method takes for it.
    pub kind: ParamType,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// What it means, for people.
    pub desc: String,
    /// What it is.
    pub kind: ParamType,
}

/// A type of JSON value, by Perl's names for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ParamType {
    /// Anything; nothing is checked.
    #[default]
    Any,
    /// An object, with or without class hint.
    Object,
    /// An object of this class hint (`__c`).
    Class(String),
    /// A list.
    Array,
    /// A number, or a text that reads as one.
    Number,
    /// A text, or a number.
    String,
}

impl ParamType {
    fn name(&self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Object | Self::Class(_) => Some("object"),
            Self::Array => Some("array"),
            Self::Number => Some("number"),
            Self::String => Some("string"),
        }
    }

    fn class(&self) -> Option<&str> {
        match self {
            Self::Class(class) => Some(class),
            _ => None,
        }
    }

    /// Whether `value` is of this type, as far as its first character tells; Perl programs write
    /// numbers as texts and texts as numbers (protocol §2.1), so either counts as both.
    fn fits(&self, value: &Json) -> bool {
        let first = value.as_str().trim_start().bytes().next();
        let is_number = || value.value::<f64>().is_ok();
        match self {
            Self::Any => true,
            Self::Object | Self::Class(_) => first == Some(b'{'),
            Self::Array => first == Some(b'['),
            Self::Number => is_number(),
            Self::String => first == Some(b'"') || is_number(),
        }
    }
}

impl Signature {
    pub(super) fn is_empty(&self) -> bool {
        self.params.is_empty() && self.returns.is_none()
    }

    /// Checks the parameters that are there and described; says what is wrong as Perl does.
    pub(super) fn check(&self, params: &[Json]) -> Result<(), String> {
        for (at, (param, value)) in self.params.iter().zip(params).enumerate() {
            if let Some(class) = param.kind.class() {
                if hint(value).as_deref() != Some(class) {
                    return Err(format!(
                        "Incorrect param class at position {at} : should be a '{class}'"
                    ));
                }
            } else if !param.kind.fits(value) {
                let name = param.kind.name().unwrap_or_default();
                return Err(format!(
                    "Incorrect param type at position {at} : should be an '{name}'"
                ));
            }
        }
        Ok(())
    }

    /// As introspection shows it.
    pub(super) fn record(&self, desc: &str) -> Value {
        let typed = |mut value: Value, kind: &ParamType| {
            if let Some(name) = kind.name() {
                value["type"] = name.into();
            }
            if let Some(class) = kind.class() {
                value["class"] = class.into();
            }
            value
        };
        let params = self.params.iter();
        let params = params.map(|p| typed(json!({ "name": &p.name, "desc": &p.desc }), &p.kind));
        let mut record = json!({ "desc": desc, "params": params.collect::<Value>() });
        if let Some(returns) = &self.returns {
            record["return"] = typed(json!({ "desc": &returns.desc }), &returns.kind);
        }
        record
    }
}

/// The class hint of an object, if it has one.
fn hint(value: &Json) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Hinted {
        #[serde(rename = "__c")]
        class: String,
    }
    value.value::<Hinted>().ok().map(|hinted| hinted.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(kinds: &[ParamType]) -> Signature {
        let param = |kind: &ParamType| Param {
            name: "p".into(),
            desc: "a parameter".into(),
            kind: kind.clone(),
        };
        Signature {
            params: kinds.iter().map(param).collect(),
            returns: None,
        }
    }

    fn check(kind: ParamType, value: &'static str) -> Result<(), String> {
        signature(&[kind]).check(&[Json::parse(value).unwrap()])
    }

    #[test]
    fn each_type_takes_its_own_values() {
        for (kind, good, bad) in [
            (ParamType::Object, r#"{"a":1}"#, "[]"),
            (
                ParamType::Class("acn".into()),
                r#"{"__p":[1],"__c":"acn"}"#,
                r#"{"__c":"aou","__p":[]}"#,
            ),
            (ParamType::Array, " [1]", r#""x""#),
            (ParamType::Number, "-1.5", r#""x""#),
            (ParamType::String, r#""x""#, "{}"),
            (ParamType::String, "7", "null"),
        ] {
            assert_eq!(check(kind.clone(), good), Ok(()), "{kind:?}");
            assert!(check(kind, bad).is_err(), "{bad}");
        }
        assert_eq!(check(ParamType::Any, "null"), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_said_as_perl_says_it() {
        let wrong = check(ParamType::Number, "[]").unwrap_err();
        assert_eq!(
            wrong,
            "Incorrect param type at position 0 : should be an 'number'"
        );
        let wrong = check(ParamType::Class("acn".into()), "{}").unwrap_err();
        assert_eq!(
            wrong,
            "Incorrect param class at position 0 : should be a 'acn'"
        );
    }

    #[test]
    fn parameters_that_are_not_there_or_not_described_are_not_checked() {
        let two = signature(&[ParamType::Any, ParamType::Array]);
        assert_eq!(two.check(&[Json::NULL]), Ok(()));
        let params = [Json::NULL, Json::parse("[]").unwrap(), Json::NULL];
        assert_eq!(two.check(&params), Ok(()));
    }

    #[test]
    fn introspection_shows_names_types_and_classes() {
        let mut signature = signature(&[ParamType::Class("acn".into())]);
        signature.returns = Some(Returned {
            desc: "what".into(),
            kind: ParamType::Number,
        });
        assert_eq!(
            signature.record("does it"),
            json!({
                "desc": "does it",
                "params": [{ "name": "p", "desc": "a parameter", "type": "object", "class": "acn" }],
                "return": { "desc": "what", "type": "number" },
            })
        );
    }
}
