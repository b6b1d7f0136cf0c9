//! What callers may know of a method.

use std::time::Duration;

use bytestring::ByteString;
use serde_json::json;

use super::Signature;
use crate::limits::ResultSizes;
use crate::osrf::Json;

/// What callers may know of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The name that callers use.
    pub name: ByteString,
    /// Parameters that it needs; more are passed on to it.
    pub argc: usize,
    /// Whether it may give more than one result.
    pub streaming: bool,
    /// Whether it collects the results of a streaming method into one list.
    pub atomic: bool,
    /// Whether every service has it.
    pub system: bool,
    /// Whether parameters of another type than the signature says are refused.
    pub strict: bool,
    /// For people.
    pub notes: String,
    /// What it takes and gives, as far as that was said.
    pub signature: Signature,
    /// How its results are put into stanzas.
    pub sizes: ResultSizes,
    /// How long it may run, whatever its service says; zero for as long as it likes.
    pub limit: Option<Duration>,
}

impl Method {
    /// A method that gives one result.
    #[must_use]
    pub fn new(name: impl Into<ByteString>, argc: usize) -> Self {
        Self {
            name: name.into(),
            argc,
            streaming: false,
            atomic: false,
            system: false,
            strict: false,
            notes: String::new(),
            signature: Signature::default(),
            sizes: ResultSizes::default(),
            limit: None,
        }
    }

    /// A method that gives any number of results.
    #[must_use]
    pub fn streaming(name: impl Into<ByteString>, argc: usize) -> Self {
        Self {
            streaming: true,
            ..Self::new(name, argc)
        }
    }

    /// Sets what people are told about it.
    #[must_use]
    pub fn notes(mut self, notes: &str) -> Self {
        notes.clone_into(&mut self.notes);
        self
    }

    /// The record that introspection gives: a plain object with the keys of the C programs and
    /// those of Perl together (protocol §6.4).
    ///
    /// Perl wraps its records into a class hint that depends on what the service did before; no
    /// caller can rely on it, so there is none here.
    pub(super) fn record(&self, service: &str) -> Json {
        let mut record = json!({
            "api_name": &*self.name,
            "api_level": 1,
            "method": &*self.name,
            "service": service,
            "server_class": service,
            "package": service,
            "object_hint": service.replace('.', "_"),
            "argc": self.argc,
            "stream": u8::from(self.streaming && !self.atomic),
            "atomic": u8::from(self.atomic),
            "sysmethod": u8::from(self.system),
            "strict": u8::from(self.strict),
            "remote": 0,
            "cachable": 0,
            "notes": self.notes,
        });
        if !self.signature.is_empty() {
            record["signature"] = self.signature.record(&self.notes);
        }
        record.into()
    }
}
