//! Files of the original as layers: `opensrf_core.xml`, `opensrf.xml`, `srfsh.xml`.
//!
//! What they mean is decided in [`opensrf::original`]; here they are found and read. A file is
//! taken for one of them if it begins as XML does. Where an `opensrf_core.xml` names its
//! `opensrf.xml`, that one is read too, unless one is given.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use opensrf::original::import::{self, Imported, Surroundings};
use opensrf::original::item::{Note, Said, Weight};
use opensrf::xml::{Node, read_document};

use crate::toml_tree::Problem;

/// The variable in which the original's programs find the name of their host.
const HOST: &str = "OSRF_HOSTNAME";

/// Whether a file is XML: TOML never begins with `<`.
pub(super) fn is_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// A file of the original.
#[derive(Debug)]
pub(super) struct OriginalFile {
    name: String,
    path: PathBuf,
    root: Node,
}

impl OriginalFile {
    /// Reads the XML document `bytes`, found at `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        let name = path.display().to_string();
        match read_document(bytes) {
            Ok(root) => Ok(Self {
                name,
                path: path.to_owned(),
                root,
            }),
            Err(error) => Err(Problem {
                origin: Some(format!("{name}:{}:{}", error.line, error.column)),
                path: String::new(),
                text: error.fault.to_string(),
            }),
        }
    }

    /// Whether it is an `opensrf.xml`.
    pub(super) fn has_apps(&self) -> bool {
        import::is_app_settings(&self.root)
    }
}

/// How files of the original are to be understood.
#[derive(Debug)]
pub(super) struct Originals {
    /// Whether a Jabber server of this process takes the place of the one in the file.
    pub(super) is_embedded: bool,
    /// Whether an `opensrf.xml` is among the files, so that none is looked for.
    pub(super) has_apps: bool,
    /// The host whose section counts; chosen if absent.
    pub(super) host: Option<String>,
    /// The name of this machine.
    pub(super) machine: String,
}

impl Originals {
    /// The host that a variable names.
    pub(super) fn host_in(variables: &[(OsString, OsString)]) -> Option<String> {
        let found = variables.iter().find(|(name, _)| name == OsStr::new(HOST));
        let name = found.and_then(|(_, value)| value.to_str())?.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// What `file` says, and then what the file says that it names.
    pub(super) fn read(&self, file: &OriginalFile, problems: &mut Vec<Problem>) -> Vec<Imported> {
        if file.has_apps() {
            return vec![self.apps(file)];
        }
        let around = Surroundings {
            is_embedded: self.is_embedded,
            resolve: &resolve,
        };
        let mut core = import::core_settings(&file.name, &file.root, &around);
        let named = core.settings_config.take();
        let apps = match named.filter(|_| !self.has_apps) {
            Some(named) => self.follow(file, &named, &mut core.notes, problems),
            None => None,
        };
        [core].into_iter().chain(apps).collect()
    }

    /// Reads the `opensrf.xml` that `core` names.
    fn follow(
        &self,
        core: &OriginalFile,
        named: &Said,
        notes: &mut Vec<Note>,
        problems: &mut Vec<Problem>,
    ) -> Option<Imported> {
        let folder = core.path.parent().unwrap_or_else(|| Path::new(""));
        let path = folder.join(&named.text);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let path = path.display();
                notes.push(Note {
                    origin: named.origin.clone(),
                    element: "opensrf/settings_config".to_owned(),
                    text: format!(
                        "cannot read {path}: {error}; correct the name, or take it out if no \
                         service is to run here"
                    ),
                    weight: Weight::Fault,
                });
                return None;
            }
        };
        match OriginalFile::parse(&path, &bytes) {
            Ok(file) => Some(self.apps(&file)),
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    }

    fn apps(&self, file: &OriginalFile) -> Imported {
        let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
        import::app_settings(
            &file.name,
            &file.root,
            &path.display().to_string(),
            self.host.as_deref(),
            &self.machine,
            &crate::services::NAMES,
        )
    }
}

/// The addresses of a host name; none if there are none, or nobody knows.
fn resolve(host: &str) -> Vec<IpAddr> {
    let found = (host, 0).to_socket_addrs();
    found
        .map(|addresses| addresses.map(|address| address.ip()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_known_by_how_it_begins() {
        for xml in ["<a/>", "\u{feff}<?xml", "\n  <!-- x -->"] {
            assert!(is_xml(xml.as_bytes()), "{xml}");
        }
        for toml in ["", "[bus]", "# <a/>", "a = \"<\""] {
            assert!(!is_xml(toml.as_bytes()), "{toml}");
        }
    }
}
