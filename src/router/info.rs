//! Questions to the router about the network.

use serde_json::{Value, json};

use super::NodeLoad;
use crate::jid::Jid;
use crate::osrf::{Json, Request};
use crate::time::Tick;

/// What a class has passed on, by node in order of registration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassStats {
    /// The service.
    pub class: String,
    /// Its nodes.
    pub nodes: Vec<NodeStats>,
    /// Requests passed on so far, to nodes that are gone too.
    pub forwarded: u64,
    /// Those that came back.
    pub bounced: u64,
    /// Requests whose callers were told that nobody takes them.
    pub refused: u64,
    /// When one came back last.
    pub last_bounce: Option<Tick>,
}

/// What one node was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStats {
    /// The listener.
    pub node: Jid,
    /// Requests passed on to it.
    pub forwarded: u64,
    /// Those that came back because it was full. (One that is gone is no node any more.)
    pub bounced: u64,
    /// When one came back last.
    pub last_bounce: Option<Tick>,
    /// When it registered first.
    pub registered: Tick,
    /// When it said so last; listeners repeat it.
    pub last_registered: Tick,
    /// Its drones, and what it holds; as far as is known.
    pub load: NodeLoad,
}

impl NodeStats {
    /// A node that registers for the first time.
    #[must_use]
    pub fn new(node: Jid, now: Tick) -> Self {
        Self {
            node,
            forwarded: 0,
            bounced: 0,
            last_bounce: None,
            registered: now,
            last_registered: now,
            load: NodeLoad::default(),
        }
    }
}

/// One of the router's six methods, with its parameter.
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
    /// `opensrf.router.info.summarize`: all of it as one tree. The original has no such method.
    Tree,
}

/// What the router knows when it answers.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) router: &'a Jid,
    pub(super) started: Tick,
    pub(super) now: Tick,
    /// The classes that the question is about, and when each was opened.
    pub(super) classes: Vec<(Tick, ClassStats)>,
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
            Some("summarize") => Ok(Self::Tree),
            _ => Err(QuestionError::Unknown),
        }
    }

    /// The class asked about, or `None` for all of them.
    pub(super) fn class(&self) -> Option<&str> {
        match self {
            Self::Summary(class) | Self::Class(class) => Some(class),
            Self::Classes | Self::Totals | Self::Nodes | Self::Tree => None,
        }
    }

    /// The answer. A class that nobody registered counts 0 and has no nodes (the original router
    /// crashes on it).
    pub(super) fn answer(&self, known: &Known<'_>) -> Json {
        let stats = || known.classes.iter().map(|(_, class)| class);
        let by_class = |value: &dyn Fn(&ClassStats) -> Value| {
            let each = stats().map(|class| (class.class.clone(), value(class)));
            Value::Object(each.collect())
        };
        let one = stats().next();
        match self {
            Self::Classes => stats().map(|class| class.class.as_str()).collect(),
            Self::Summary(_) => json!(one.map_or(0, |class| class.forwarded)),
            Self::Class(_) => one.map_or_else(|| json!({}), counts),
            Self::Totals => by_class(&|class| json!(class.forwarded)),
            Self::Nodes => by_class(&counts),
            Self::Tree => known.tree(),
        }
        .into()
    }
}

/// What each node was given.
fn counts(class: &ClassStats) -> Value {
    let nodes = class.nodes.iter();
    let each = nodes.map(|n| (n.node.to_string(), json!(n.forwarded)));
    Value::Object(each.collect())
}

impl Known<'_> {
    /// Router, classes and nodes. Moments are given as whole seconds ago: they hold whatever the
    /// clocks of router and reader say.
    fn tree(&self) -> Value {
        let classes = self.classes.iter();
        json!({
            "router": self.router.as_str(),
            "up_seconds": self.ago(self.started),
            "classes": classes.map(|(opened, class)| self.class(*opened, class)).collect::<Value>(),
        })
    }

    fn class(&self, opened: Tick, class: &ClassStats) -> Value {
        let local = self.router.local().unwrap_or_default();
        let address = Jid::new(local, self.router.domain(), &class.class).ok();
        json!({
            "class": class.class,
            "address": address.as_ref().map(Jid::as_str),
            "up_seconds": self.ago(opened),
            "forwarded": class.forwarded,
            "bounced": class.bounced,
            "refused": class.refused,
            "last_bounce_seconds": class.last_bounce.map(|at| self.ago(at)),
            "nodes": class.nodes.iter().map(|node| self.node(node)).collect::<Value>(),
        })
    }

    fn node(&self, node: &NodeStats) -> Value {
        json!({
            "node": node.node.as_str(),
            "forwarded": node.forwarded,
            "bounced": node.bounced,
            "registered_seconds": self.ago(node.registered),
            "last_registered_seconds": self.ago(node.last_registered),
            "last_bounce_seconds": node.last_bounce.map(|at| self.ago(at)),
            "drones": node.load.drones,
            "outstanding": node.load.outstanding,
        })
    }

    fn ago(&self, at: Tick) -> u64 {
        self.now.saturating_sub(at).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_tree_tells_of_classes_and_nodes_and_how_long_ago_things_were() {
        let at = Tick::from_secs;
        let router = Jid::parse("router@private/router").expect("an address");
        let node = Jid::parse("opensrf@private/a").expect("an address");
        let stats = ClassStats {
            class: "s".into(),
            nodes: vec![NodeStats {
                forwarded: 3,
                bounced: 1,
                last_bounce: Some(at(20)),
                last_registered: at(29),
                load: NodeLoad {
                    drones: NonZeroU32::new(8),
                    outstanding: None,
                },
                ..NodeStats::new(node, at(11))
            }],
            forwarded: 5,
            bounced: 2,
            refused: 1,
            last_bounce: None,
        };
        let known = Known {
            router: &router,
            started: at(1),
            now: at(30),
            classes: vec![(at(10), stats)],
        };
        let expected = json!({
            "router": "router@private/router",
            "up_seconds": 29,
            "classes": [{
                "class": "s",
                "address": "router@private/s",
                "up_seconds": 20,
                "forwarded": 5,
                "bounced": 2,
                "refused": 1,
                "last_bounce_seconds": null,
                "nodes": [{
                    "node": "opensrf@private/a",
                    "forwarded": 3,
                    "bounced": 1,
                    "registered_seconds": 19,
                    "last_registered_seconds": 1,
                    "last_bounce_seconds": 10,
                    "drones": 8,
                    "outstanding": null,
                }],
            }],
        });
        assert_eq!(known.tree(), expected);
    }
}
