//! Settings of this project, each with the place in the original's files that it comes from.

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// `opensrf_core.xml:12`.
    pub origin: String,
    /// The setting itself.
    pub value: Value,
}

/// What a setting may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Several of one kind.
    List(Vec<Item>),
    /// Members by name.
    Table(Table),
    /// What a service itself wants to know.
    Free(serde_json::Value),
}

/// Settings by name, in the order in which a person would write them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table(pub Vec<(String, Item)>);

impl Table {
    /// Adds a setting.
    pub(super) fn set(&mut self, key: &str, origin: &str, value: Value) {
        let origin = origin.to_owned();
        self.0.push((key.to_owned(), Item { origin, value }));
    }

    /// Adds a text.
    pub(super) fn text(&mut self, key: &str, said: &Said) {
        self.set(key, &said.origin, Value::Text(said.text.clone()));
    }

    /// The setting of this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Item> {
        let found = self.0.iter().find(|(own, _)| own == key);
        found.map(|(_, item)| item)
    }
}

/// A text from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Without white space around it; never empty.
    pub text: String,
    /// `opensrf_core.xml:12`.
    pub origin: String,
}

impl Said {
    pub(super) fn item(&self) -> Item {
        Item {
            origin: self.origin.clone(),
            value: Value::Text(self.text.clone()),
        }
    }
}

/// A list of texts.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a Said>) -> Value {
    Value::List(items.into_iter().map(Said::item).collect())
}

/// Something in a file that did not become a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// `opensrf_core.xml:12`.
    pub origin: String,
    /// The element, as a path from its section: `opensrf/logtag`.
    pub element: String,
    /// What became of it and why, and the remedy if there is one.
    pub text: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How much it matters that something did not become a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It has no meaning here, or none any more.
    Harmless,
    /// Something works otherwise than with the original.
    Loss,
    /// What the file is for cannot run.
    Fault,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            origin,
            element,
            text,
            ..
        } = self;
        write!(f, "{origin}: {element}: {text}")
    }
}
