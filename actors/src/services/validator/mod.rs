//! `opensrf.validator`: checks values such as addresses of e-mail, as its settings say.
//!
//! Each table `validators.<entry>` becomes a method `opensrf.validator.<entry>.validate`. Its parameter
//! is an object that has the value under the entry's name, such as `{"emailaddress": "x@y.zz"}`. The
//! entry's modules look at it one after the other, in the order of their keys, until one finds
//! something wrong; a module may change it (write it in small letters). The result is
//!
//! ```json
//! {"valid": 0, "normalized": {"emailaddress": "x@y.zz"}, "error": "MX Records Invalid", "additionals": null}
//! ```
//!
//! with `valid` 1 and no `error` if nothing is wrong. What cannot be found out (no name server answers)
//! is no verdict but an error, status 500.
//!
//! ```toml
//! [services.settings.validators.emailaddress.modules]
//! a_regex = "Regex"
//! b_dns = { implementation = "DNS", check_mx_a = true, ignore_ips = ["127.0.0.1"] }
//! ```
//!
//! | module | what it finds wrong | options |
//! |---|---|---|
//! | [`Regex`](regex) | `No Address`, `Bad Address - Regex Check Failed` | `pattern` |
//! | [`DNS`](dns) | `MX Records Invalid`, `No A Records Found` | `check_mx_a`, `check_aaaa`, `ignore_ips`, `config_file`, `nameservers`, `timeout` |
//! | `Invalid` | `Forced Invalid`, always | |
//!
//! All but `Invalid` take the option `field`, should the value stand under another name. The original
//! names modules by their Perl packages, `OpenSRF::Application::Validator::EmailAddress::DNS`; the last
//! part counts.

pub mod dns;
pub mod regex;

use std::collections::BTreeMap;
use std::sync::Arc;

use opensrf::osrf::Json;
use serde::Serialize;
use serde_json::Value;

use self::dns::Dns;
use self::regex::Regex;
use super::given::Given;
use crate::service::{MethodError, ParamType, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.validator";

/// What is validated: an object with its members as they came.
type Object = BTreeMap<String, Json>;

/// The service with a method for each table of `validators`.
///
/// # Errors
/// [`ServiceError::Setting`] if there is none, or a setting is wrong or unknown.
pub fn service(settings: &Value) -> Result<Service, ServiceError> {
    let given = Given::new(NAME, settings)?;
    given.only(&["validators"])?;
    let validators = given.table("validators")?;
    if validators.keys().next().is_none() {
        let remedy = "is missing: write [services.settings.validators.emailaddress.modules]";
        return Err(given.wrong("validators", remedy));
    }
    let mut service = Service::builder(NAME);
    for entry in validators.keys() {
        let modules: Arc<[Module]> = modules(entry, &validators.table(entry)?)?.into();
        service = service
            .method(
                &format!("{NAME}.{entry}.validate"),
                move |_, (object,): (Object,)| validate(Arc::clone(&modules), object),
            )
            .notes("Whether a value is valid, what it should look like, and what is wrong.")
            .param(
                "object",
                &format!("Has the value as {entry:?}."),
                ParamType::Object,
            )
            .returns("valid, normalized, error, additionals.", ParamType::Object);
    }
    service.build()
}

/// The modules of an entry, in the order of their keys.
fn modules(entry: &str, given: &Given<'_>) -> Result<Vec<Module>, ServiceError> {
    given.only(&["modules"])?;
    let modules = given.table("modules")?;
    let mut keys: Vec<&str> = modules.keys().collect();
    if keys.is_empty() {
        return Err(given.wrong("modules", "is missing: name one, such as a = \"Regex\""));
    }
    keys.sort_unstable();
    keys.iter()
        .map(|key| Module::new(entry, &modules, key))
        .collect()
}

/// One check of a value.
#[derive(Debug)]
enum Module {
    Regex(Regex),
    Dns(Box<Dns>),
    Invalid,
}

impl Module {
    /// The module at `key`: its name, or a table with its `implementation` and its options.
    fn new(entry: &str, modules: &Given<'_>, key: &str) -> Result<Self, ServiceError> {
        let options = match modules.value(key) {
            Some(Value::Object(_)) => modules.table(key)?,
            _ => modules.empty(key),
        };
        let name = match modules.value(key) {
            Some(Value::Object(_)) => options.text("implementation")?,
            _ => modules.text(key)?,
        };
        let name = name.unwrap_or_default();
        let field = options.text("field")?;
        let field = field.unwrap_or_else(|| entry.to_owned());
        match name.rsplit("::").next().unwrap_or_default() {
            "Regex" => Ok(Self::Regex(Regex::new(field, &options)?)),
            "DNS" => Ok(Self::Dns(Box::new(Dns::new(field, &options)?))),
            "Invalid" => {
                options.only(&["implementation"])?;
                Ok(Self::Invalid)
            }
            _ => {
                let problem = format!("{name:?} is no module: write Regex, DNS or Invalid");
                Err(modules.wrong(key, problem))
            }
        }
    }

    /// What is wrong with the object, which it may change.
    async fn check(&self, object: &mut Object) -> Result<Option<&'static str>, MethodError> {
        match self {
            Self::Regex(regex) => Ok(regex.check(object)),
            Self::Dns(dns) => dns.check(object).await,
            Self::Invalid => Ok(Some("Forced Invalid")),
        }
    }
}

/// What is found out about an object.
#[derive(Debug, Serialize, PartialEq)]
struct Verdict {
    /// 1 or 0, as Perl writes truths.
    valid: u8,
    normalized: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// What else a module wants to say; none of those on board does.
    additionals: (),
}

async fn validate(modules: Arc<[Module]>, mut object: Object) -> Result<Verdict, MethodError> {
    let mut error = None;
    for module in modules.iter() {
        error = module.check(&mut object).await?;
        if error.is_some() {
            break;
        }
    }
    Ok(Verdict {
        valid: u8::from(error.is_none()),
        normalized: object,
        error,
        additionals: (),
    })
}

/// The text in a field of an object; empty if there is none.
fn text(object: &Object, field: &str) -> String {
    let text = object
        .get(field)
        .and_then(|json| json.value::<String>().ok());
    text.map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(modules: Value) -> Value {
        json!({ "validators": { "emailaddress": { "modules": modules } } })
    }

    async fn verdict(modules: Value, object: &str) -> String {
        let settings = json!({ "modules": modules });
        let given = Given::new(NAME, &settings).unwrap();
        let modules = super::modules("emailaddress", &given).unwrap().into();
        let object = Json::parse(object.to_owned()).unwrap().value().unwrap();
        let verdict = validate(modules, object).await.unwrap();
        Json::from_value(&verdict).unwrap().to_string()
    }

    #[tokio::test]
    async fn modules_look_in_the_order_of_their_keys_until_one_objects() {
        let valid =
            r#"{"valid":1,"normalized":{"emailaddress":"a@b.cd","n":1.50},"additionals":null}"#;
        let object = r#"{"n":1.50,"emailaddress":" A@b.CD "}"#;
        assert_eq!(verdict(json!({"a": "Regex"}), object).await, valid);
        let forced = valid.replace("\"valid\":1", "\"valid\":0").replace(
            "\"additionals\"",
            "\"error\":\"Forced Invalid\",\"additionals\"",
        );
        let modules = json!({"b": "X::Invalid", "a": {"implementation": "X::Regex"}});
        assert_eq!(verdict(modules, object).await, forced);
        let modules = json!({"a": "Invalid", "b": "Regex"});
        let untouched = forced.replace("\"a@b.cd\"", "\" A@b.CD \"");
        assert_eq!(verdict(modules, object).await, untouched);
    }

    #[test]
    fn wrong_settings_are_named() {
        let at = "setting validators.emailaddress.modules";
        for (settings, told) in [
            (json!({}), "setting validators: is missing".to_owned()),
            (entry(json!({})), format!("{at}: is missing")),
            (
                entry(json!({"a": "Regx"})),
                format!("{at}.a: \"Regx\" is no module"),
            ),
            (
                entry(json!({"a": {"x": 1}})),
                format!("{at}.a: \"\" is no module"),
            ),
            (
                entry(json!({"a": {"implementation": "Regex", "x": 1}})),
                format!("{at}.a.x: unknown; known are"),
            ),
            (
                entry(json!({"a": {"implementation": "Regex", "pattern": "("}})),
                format!("{at}.a.pattern: regex parse error"),
            ),
            (
                entry(json!({"a": {"implementation": "DNS", "config_file": "/none/such"}})),
                format!("{at}.a.config_file: \"/none/such\": No such file"),
            ),
            (
                entry(json!({"a": {"implementation": "DNS", "ignore_ips": "1.2.3.4,x"}})),
                format!("{at}.a.ignore_ips: \"x\" is no IP address"),
            ),
        ] {
            let error = service(&settings).unwrap_err().to_string();
            assert!(error.contains(&told), "{error} / {told}");
        }
    }

    #[test]
    fn the_originals_sample_settings_are_understood() {
        let package = |name| format!("OpenSRF::Application::Validator::EmailAddress::{name}");
        let settings = entry(json!({
            "a_regex": {"implementation": package("Regex")},
            "b_dns": {
                "implementation": package("DNS"),
                "ignore_ips": "127.0.0.1,67.215.65.132",
                "check_aaaa": 0,
                "check_mx_a": 1,
                "nameservers": "127.0.0.1",
            },
        }));
        assert!(service(&settings).is_ok());
    }
}
