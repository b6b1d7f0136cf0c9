//! Questions to the router about the network.

use serde_json::{Value, json};

use crate::jid::Jid;
use crate::osrf::{Json, Request};

/// What a class has passed on, by node in order of registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassStats {
    /// The service.
    pub class: String,
    /// Its nodes.
    pub nodes: Vec<NodeStats>,
    /// Requests passed on so far, to nodes that are gone too.
    pub forwarded: u64,
}

/// What one node was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStats {
    /// The listener.
    pub node: Jid,
    /// Requests passed on to it.
    pub forwarded: u64,
}

/// One of the router's five methods, with its parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// `opensrf.router.info.class.list`
    Classes,
    /// `opensrf.router.info.stats.class.summary`
    Summary(String),
    /// `opensrf.router.info.stats.class`
    Class(String),
    /// `opensrf.router.info.stats.class.node.all`: totals by class, whatever the name says.
    Totals,
    /// `opensrf.router.info.stats.class.all`
    Nodes,
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuestionError {
    Unknown,
    ClassMissing,
}

impl Question {
    pub(super) fn read(request: &Request) -> Result<Self, QuestionError> {
        let class = || {
            let first = request
                .params
                .first()
                .and_then(|param| param.value::<String>().ok());
            first.ok_or(QuestionError::ClassMissing)
        };
        match request.method.strip_prefix("opensrf.router.info.") {
            Some("class.list") => Ok(Self::Classes),
            Some("stats.class.summary") => class().map(Self::Summary),
            Some("stats.class") => class().map(Self::Class),
            Some("stats.class.node.all") => Ok(Self::Totals),
            Some("stats.class.all") => Ok(Self::Nodes),
            _ => Err(QuestionError::Unknown),
        }
    }

    /// The class asked about, or `None` for all of them.
    pub(super) fn class(&self) -> Option<&str> {
        match self {
            Self::Summary(class) | Self::Class(class) => Some(class),
            Self::Classes | Self::Totals | Self::Nodes => None,
        }
    }

    /// The answer. A class that nobody registered counts 0 and has no nodes (the original router
    /// crashes on it).
    pub(super) fn answer(&self, stats: &[ClassStats]) -> Json {
        let nodes = |class: &ClassStats| -> Value {
            let each = class
                .nodes
                .iter()
                .map(|n| (n.node.to_string(), json!(n.forwarded)));
            Value::Object(each.collect())
        };
        let by_class = |value: &dyn Fn(&ClassStats) -> Value| {
            Value::Object(
                stats
                    .iter()
                    .map(|class| (class.class.clone(), value(class)))
                    .collect(),
            )
        };
        let one = stats.first();
        match self {
            Self::Classes => stats.iter().map(|class| class.class.as_str()).collect(),
            Self::Summary(_) => json!(one.map_or(0, |class| class.forwarded)),
            Self::Class(_) => one.map_or_else(|| json!({}), nodes),
            Self::Totals => by_class(&|class| json!(class.forwarded)),
            Self::Nodes => by_class(&nodes),
        }
        .into()
    }
}
