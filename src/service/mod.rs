//! What a service can do: its methods, by name, with what they expect.
//!
//! The catalog knows no code. It decides whether a request can be run and which method that is;
//! whoever holds the code runs it. Every streaming method `x` has a twin `x.atomic` that gives all
//! results as one list, and every service has the system methods (protocol §6.2 and §6.4).

mod method;
mod signature;

use bytestring::ByteString;

use crate::osrf::{Json, Request, Status, code};

pub use method::Method;
pub use signature::{Param, ParamType, Returned, Signature};

/// A method of a catalog: an index into its list.
pub type MethodId = usize;

// Looked up by key only; the names are the service's own, so a hash need not be safe from others.
type ByName = rustc_hash::FxHashMap<ByteString, MethodId>;

/// The methods of one service.
#[derive(Debug)]
pub struct Catalog {
    service: ByteString,
    methods: Vec<Method>,
    by_name: ByName,
}

/// Two methods of one name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("service {service} has two methods called {method}")]
pub struct DuplicateMethod {
    /// The service.
    pub service: ByteString,
    /// The name that came twice.
    pub method: ByteString,
}

impl Catalog {
    /// A catalog without methods.
    #[must_use]
    pub fn new(service: impl Into<ByteString>) -> Self {
        Self {
            service: service.into(),
            methods: Vec::new(),
            by_name: ByName::default(),
        }
    }

    /// The service's name.
    #[must_use]
    pub fn service(&self) -> &ByteString {
        &self.service
    }

    /// Adds a method, and its `.atomic` twin if it streams; gives the ids of the one or two.
    ///
    /// # Errors
    /// [`DuplicateMethod`] if the name is taken; nothing is added then.
    pub fn add(&mut self, method: Method) -> Result<Vec<MethodId>, DuplicateMethod> {
        let twin = method.streaming.then(|| Method {
            name: format!("{}.atomic", method.name).into(),
            atomic: true,
            ..method.clone()
        });
        let added: Vec<Method> = std::iter::once(method).chain(twin).collect();
        if let Some(taken) = added.iter().find(|m| self.by_name.contains_key(&m.name)) {
            let method = taken.name.clone();
            return Err(DuplicateMethod {
                service: self.service.clone(),
                method,
            });
        }
        Ok(added.into_iter().map(|method| self.push(method)).collect())
    }

    fn push(&mut self, method: Method) -> MethodId {
        let id = self.methods.len();
        self.by_name.insert(method.name.clone(), id);
        self.methods.push(method);
        id
    }

    /// A method by its id.
    #[must_use]
    pub fn get(&self, id: MethodId) -> Option<&Method> {
        self.methods.get(id)
    }

    /// A method by its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<MethodId> {
        self.by_name.get(name).copied()
    }

    /// The status of a request for a method that is not there, as the C programs word it.
    #[must_use]
    pub fn not_found(&self, name: &str) -> Status {
        let text = format!("Method [{name}] not found for service {}", self.service);
        Status::method_exception(code::NOT_FOUND, text)
    }

    /// The method that a request may run.
    ///
    /// # Errors
    /// The status that the caller gets: 404 for a method that is not there, and for too few
    /// parameters, with the texts of the C programs; 400 for a strict method's parameter of
    /// another type or class than its signature says, with the texts of Perl (which has 500 there).
    pub fn dispatch(&self, request: &Request) -> Result<MethodId, Status> {
        let Request {
            method: name,
            params,
        } = request;
        let id = self.find(name).ok_or_else(|| self.not_found(name))?;
        let method = &self.methods[id];
        if params.len() < method.argc {
            let text = format!(
                "Not enough params for method {name} / service {}",
                self.service
            );
            return Err(Status::method_exception(code::NOT_FOUND, text));
        }
        if method.strict {
            method
                .signature
                .check(params)
                .map_err(|text| Status::method_exception(code::BAD_REQUEST, text))?;
        }
        Ok(id)
    }

    /// Records of the methods whose name begins with `prefix`, in order of registration, with the
    /// keys that C and Perl callers look for.
    pub fn introspect(&self, prefix: &str) -> impl Iterator<Item = Json> {
        self.methods
            .iter()
            .filter(move |method| method.name.starts_with(prefix))
            .map(|method| method.record(&self.service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn catalog() -> Catalog {
        let mut catalog = Catalog::new("acme.calc");
        catalog.add(Method::new("acme.calc.sum", 2)).unwrap();
        catalog
            .add(Method::streaming("acme.calc.count", 1))
            .unwrap();
        catalog
    }

    fn request(method: &'static str, params: usize) -> Request {
        Request {
            method: method.into(),
            params: vec![Json::NULL; params],
        }
    }

    #[test]
    fn a_request_runs_the_method_of_its_name() {
        let catalog = catalog();
        let id = catalog.dispatch(&request("acme.calc.sum", 3)).unwrap();
        assert_eq!(catalog.get(id).unwrap().name, "acme.calc.sum");
    }

    #[test]
    fn a_streaming_method_has_an_atomic_twin_and_others_have_none() {
        let catalog = catalog();
        let id = catalog
            .dispatch(&request("acme.calc.count.atomic", 1))
            .unwrap();
        assert!(catalog.get(id).unwrap().atomic);
        assert!(
            catalog
                .dispatch(&request("acme.calc.sum.atomic", 2))
                .is_err()
        );
    }

    #[test]
    fn what_cannot_run_is_404_with_the_texts_of_the_c_programs() {
        let catalog = catalog();
        let text = |status: Status| (status.code, status.text.to_string());
        assert_eq!(
            text(catalog.dispatch(&request("acme.calc.nope", 0)).unwrap_err()),
            (
                404,
                "Method [acme.calc.nope] not found for service acme.calc".into()
            )
        );
        assert_eq!(
            text(catalog.dispatch(&request("acme.calc.sum", 1)).unwrap_err()),
            (
                404,
                "Not enough params for method acme.calc.sum / service acme.calc".into()
            )
        );
    }

    #[test]
    fn a_strict_method_takes_only_what_its_signature_says() {
        let mut catalog = catalog();
        let mut method = Method::new("acme.calc.root", 1);
        method.strict = true;
        method.signature.params.push(Param {
            name: "x".into(),
            desc: "a number".into(),
            kind: ParamType::Number,
        });
        catalog.add(method).unwrap();
        let refused = catalog.dispatch(&request("acme.calc.root", 1)).unwrap_err();
        assert_eq!(refused.code, 400);
        let mut good = request("acme.calc.root", 0);
        good.params.push(Json::from(4));
        assert!(catalog.dispatch(&good).is_ok());
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut catalog = catalog();
        assert!(catalog.add(Method::new("acme.calc.sum", 0)).is_err());
        assert!(
            catalog
                .add(Method::new("acme.calc.count.atomic", 0))
                .is_err()
        );
    }

    #[test]
    fn introspection_finds_methods_by_prefix() {
        let catalog = catalog();
        assert_eq!(catalog.introspect("acme.calc.c").count(), 2);
        assert_eq!(catalog.introspect("").count(), 3);
        let record: serde_json::Value = catalog
            .introspect("acme.calc.sum")
            .next()
            .unwrap()
            .value()
            .unwrap();
        assert_eq!(
            (&record["api_name"], &record["argc"]),
            (&json!("acme.calc.sum"), &json!(2))
        );
    }
}
