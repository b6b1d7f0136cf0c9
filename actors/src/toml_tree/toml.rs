//! Values as TOML.

use std::path::PathBuf;
use std::time::Duration;

/// A value that can be shown as it would stand in a file.
pub(crate) trait Toml {
    /// The value as TOML, on one line.
    fn toml(&self) -> String;
}

impl Toml for str {
    fn toml(&self) -> String {
        // What JSON escapes, TOML reads the same way; DEL it wants escaped, too.
        let quoted = serde_json::Value::from(self).to_string();
        quoted.replace('\u{7f}', "\\u007f")
    }
}

impl Toml for String {
    fn toml(&self) -> String {
        self.as_str().toml()
    }
}

impl Toml for PathBuf {
    fn toml(&self) -> String {
        self.display().to_string().toml()
    }
}

impl Toml for Duration {
    fn toml(&self) -> String {
        self.as_secs_f64().to_string()
    }
}

impl Toml for u32 {
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Toml for u64 {
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Toml for usize {
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl<T: Toml> Toml for Vec<T> {
    fn toml(&self) -> String {
        let items: Vec<String> = self.iter().map(Toml::toml).collect();
        format!("[{}]", items.join(", "))
    }
}
