//! `opensrf.settings`: what a host's configuration says, for programs that ask at their start.
//!
//! | method | parameters | result |
//! |---|---|---|
//! | `opensrf.settings.host_config.get` | host, reload? | the defaults with the host's own section on top |
//! | `opensrf.settings.default_config.get` | reload? | the defaults alone |
//! | `opensrf.settings.xpath.get`, `….xpath.get.raw` | path, reload? | a list of all that the path picks |
//!
//! With reload true the file is read again first, for all drones (the original's reloads the copy of
//! the one drone that happens to be asked). A file that is broken by then leaves what was there in
//! force; the caller is told file and line. A host that nobody knows has the defaults. A path may be
//! of a part of XPath only, see [`opensrf::original::xpath`]; status 400 says what is not understood.
//!
//! | setting | meaning |
//! |---|---|
//! | `file` | The `opensrf.xml` that is told. Left out: this host's own configuration in that shape. |
//! | `config` | Without a file: a table that is laid on top of it, such as `config.apps."acme.calc"` for a service of the original. |

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use opensrf::original::data::Data;
use opensrf::original::host::{self, default_config, host_config};
use opensrf::original::tree;
use opensrf::original::xpath::XPath;
use opensrf::osrf::code;
use opensrf::service::ParamType;
use opensrf::xml::{Node, read_document};
use serde_json::Value;
use tracing::info;

use super::given::Given;
use crate::service::{MethodError, Service, ServiceError};

/// The service's name.
pub const NAME: &str = "opensrf.settings";

/// The service as its settings say; `own` is this host's configuration as the original would have
/// it.
///
/// # Errors
/// [`ServiceError::Setting`] if the file cannot be read, or a setting is wrong or unknown.
pub fn service(settings: &Value, own: &Value) -> Result<Service, ServiceError> {
    let given = Given::new(NAME, settings)?;
    given.only(&["file", "config"])?;
    let config = given.value("config").filter(|config| config.is_object());
    let told = match given.text("file")? {
        Some(_) if config.is_some() => {
            return Err(given.wrong(
                "config",
                "does not count beside a file; leave one of them out",
            ));
        }
        Some(path) => {
            let path = PathBuf::from(path);
            let root = read(&path).map_err(|problem| given.wrong("file", problem))?;
            Told::new(root, Some(path))
        }
        None => {
            let mut data = tree::data(own);
            if let Some(config) = config {
                host::overlay(&mut data, tree::data(config));
            }
            Told::new(tree::document(&data), None)
        }
    };
    methods(Arc::new(told))
}

fn methods(told: Arc<Told>) -> Result<Service, ServiceError> {
    let reload = ("reload", "true to read the file again first");
    let mut service = Service::builder(NAME);
    let all = Arc::clone(&told);
    service = service
        .blocking(
            "opensrf.settings.host_config.get",
            move |_, (host, reload): (String, Option<Value>)| {
                Ok(host_config(&*all.root(reload.as_ref())?, &host).json())
            },
        )
        .notes("The configuration of a host: the defaults with its own section on top.")
        .param(
            "host",
            "its name; several, parted by commas, all count",
            ParamType::String,
        )
        .param(reload.0, reload.1, ParamType::Any)
        .returns("the configuration", ParamType::Object);
    let defaults = Arc::clone(&told);
    service = service
        .blocking(
            "opensrf.settings.default_config.get",
            move |_, (reload,): (Option<Value>,)| {
                Ok(default_config(&*defaults.root(reload.as_ref())?).json())
            },
        )
        .notes("The configuration of a host that has no section of its own.")
        .param(reload.0, reload.1, ParamType::Any)
        .returns("the configuration", ParamType::Object);
    for name in [
        "opensrf.settings.xpath.get",
        "opensrf.settings.xpath.get.raw",
    ] {
        let told = Arc::clone(&told);
        service = service
            .blocking(name, move |_, (path, reload): (String, Option<Value>)| {
                let path = XPath::parse(&path)
                    .map_err(|error| MethodError::new(code::BAD_REQUEST, error.to_string()))?;
                let picked = path.pick(&*told.root(reload.as_ref())?);
                Ok(picked.iter().map(Data::json).collect::<Vec<_>>())
            })
            .notes("All that a path picks of the configuration, such as //activeapps/appname.")
            .param("path", "a part of XPath 1.0", ParamType::String)
            .param(reload.0, reload.1, ParamType::Any)
            .returns("a list", ParamType::Array);
    }
    service.build()
}

/// What is told, the same for all drones.
#[derive(Debug)]
struct Told {
    root: RwLock<Arc<Node>>,
    /// Where it comes from, if it can be read again.
    path: Option<PathBuf>,
}

impl Told {
    fn new(root: Node, path: Option<PathBuf>) -> Self {
        Self {
            root: RwLock::new(Arc::new(root)),
            path,
        }
    }

    /// The document, read again if that is wanted.
    fn root(&self, reload: Option<&Value>) -> Result<Arc<Node>, MethodError> {
        if let Some(path) = self.path.as_ref().filter(|_| reload.is_some_and(is_true)) {
            let root = Arc::new(read(path).map_err(MethodError::failed)?);
            info!(path = %path.display(), "settings read again");
            *self.root.write().unwrap_or_else(PoisonError::into_inner) = root;
        }
        let root = self.root.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(&root))
    }
}

/// Whether Perl takes it for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "0",
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn read(path: &Path) -> Result<Node, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let root = read_document(&bytes).map_err(|error| format!("{name}:{error}"))?;
    if host::is_settings(&root) {
        Ok(root)
    } else {
        Err(format!(
            "{name}:{}: the root is <{}>, not <opensrf>",
            root.line, root.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reload_is_what_perl_takes_for_true() {
        for yes in [json!(true), json!(1), json!("1"), json!("yes"), json!({})] {
            assert!(is_true(&yes), "{yes}");
        }
        for no in [json!(null), json!(false), json!(0), json!("0"), json!("")] {
            assert!(!is_true(&no), "{no}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_told_is_named_at_the_start() {
        let path = std::env::temp_dir().join(format!("opensrf-settings-{}", std::process::id()));
        std::fs::write(&path, "<config>\n<opensrf/></config>").unwrap();
        let file = json!({ "file": path.to_str() });
        let wrong = service(&file, &json!({})).unwrap_err().to_string();
        std::fs::write(&path, "<opensrf>\n<default></opensrf>").unwrap();
        let torn = service(&file, &json!({})).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        let gone = service(&file, &json!({})).unwrap_err().to_string();
        assert!(
            wrong.ends_with(":1: the root is <config>, not <opensrf>"),
            "{wrong}"
        );
        assert!(torn.contains(":2:10: "), "{torn}");
        assert!(gone.contains("cannot read"), "{gone}");
    }
}
