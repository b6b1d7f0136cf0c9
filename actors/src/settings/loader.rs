//! Gathers the layers of a configuration.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use opensrf::original::item::{Note, Weight};

use super::error::SettingsError;
use super::free::is_free;
use super::original::{self, OriginalFile, Originals};
use super::{BUILT_IN, DEFAULT_TOML, Settings, default_state, machine_name, read};
use crate::toml_tree::Problem;
use crate::toml_tree::layers::Layers;

/// Gathers the layers of a configuration; later ones win.
#[derive(Debug, Default)]
pub struct Loader {
    sources: Vec<Source>,
    is_embedded: bool,
    host: Option<String>,
    variables: Vec<(OsString, OsString)>,
    options: Vec<(&'static str, String, &'static str)>,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Text(String, String),
}

/// A file that was read.
enum Document {
    Toml(String, String),
    Original(OriginalFile),
}

impl Loader {
    /// Adds a TOML file, or one of the original: `opensrf_core.xml` with the `opensrf.xml` that it
    /// names, `opensrf.xml`, `srfsh.xml`. Default: the built-in one, if no file and no text is
    /// added.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.sources.push(Source::File(path.as_ref().to_owned()));
        self
    }

    /// Lets a Jabber server of this process take the place of the one that an `opensrf_core.xml`
    /// counts on.
    #[must_use]
    pub fn embedded(mut self) -> Self {
        self.is_embedded = true;
        self
    }

    /// The host whose section of an `opensrf.xml` counts. Default: `OSRF_HOSTNAME`, or this
    /// machine's, or `localhost`.
    #[must_use]
    pub fn original_host(mut self, name: &str) -> Self {
        self.host = Some(name.to_owned());
        self
    }

    /// Adds the TOML document `text`, which messages call `name`.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.sources
            .push(Source::Text(name.to_owned(), text.to_owned()));
        self
    }

    /// Adds variables of the environment; default: none. Usually [`std::env::vars_os`].
    ///
    /// `OPENSRF_ROUTER__NAME` sets `router.name`, `OPENSRF_SERVICES__0__NAME` the name of the first
    /// service, `OPENSRF_STATE` the state folder; lists are cut at commas. Other names are left
    /// alone. The state folder's default comes from `XDG_STATE_HOME` and `HOME`.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Sets `path`, such as `log.level`, to a text, above files and variables; messages say
    /// `option`.
    #[must_use]
    pub fn option(mut self, path: &'static str, text: &str, option: &'static str) -> Self {
        self.options.push((path, text.to_owned(), option));
        self
    }

    /// Merges the layers and checks the result.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] with everything that was found to be wrong.
    pub fn load(mut self) -> Result<Settings, SettingsError> {
        let mut layers = Layers::new(is_free);
        let mut notes = self.add_files(&mut layers);
        let state = default_state(&self.variables);
        notes.extend(layers.variables(self.variables));
        for (path, text, option) in &self.options {
            layers.set(path, text, option);
        }
        let settings = layers.merge().and_then(|tree| read(tree, state));
        let mut settings = settings.map_err(|problems| {
            // What is wrong may be so because of them.
            let faults = notes.iter().filter(|note| note.weight == Weight::Fault);
            SettingsError::Invalid(faults.map(Problem::from).chain(problems).collect())
        })?;
        settings.notes = notes;
        Ok(settings)
    }

    fn add_files(&mut self, layers: &mut Layers) -> Vec<Note> {
        let mut sources = std::mem::take(&mut self.sources);
        if sources.is_empty() {
            let built_in = (BUILT_IN.to_owned(), DEFAULT_TOML.to_owned());
            sources.push(Source::Text(built_in.0, built_in.1));
        }
        let mut documents = Vec::new();
        for source in sources {
            match document(source) {
                Ok(document) => documents.push(document),
                Err(problem) => layers.problems.push(problem),
            }
        }
        let originals = documents.iter().filter_map(Document::original);
        let apps = originals.clone().filter(|file| file.has_apps()).count();
        if self.is_embedded && originals.count() == apps {
            let text = "--embedded needs an opensrf_core.xml to read domains and accounts from; \
                        in TOML, the table [jabber] is the embedded server";
            layers.problem(None, text.to_owned());
        }
        let originals = Originals {
            is_embedded: self.is_embedded,
            has_apps: apps > 0,
            host: self
                .host
                .take()
                .or_else(|| Originals::host_in(&self.variables)),
            machine: machine_name(),
        };
        let mut notes = Vec::new();
        for document in &documents {
            match document {
                Document::Toml(name, text) => layers.text(name, text),
                Document::Original(file) => {
                    for imported in originals.read(file, &mut layers.problems) {
                        layers.items(&imported.settings.0);
                        notes.extend(imported.notes);
                    }
                }
            }
        }
        notes
    }
}

impl Document {
    fn original(&self) -> Option<&OriginalFile> {
        match self {
            Self::Toml(..) => None,
            Self::Original(file) => Some(file),
        }
    }
}

fn document(source: Source) -> Result<Document, Problem> {
    let path = match source {
        Source::Text(name, text) => return Ok(Document::Toml(name, text)),
        Source::File(path) => path,
    };
    let name = path.display().to_string();
    let problem = |text| Problem {
        origin: None,
        path: String::new(),
        text,
    };
    let bytes =
        std::fs::read(&path).map_err(|error| problem(format!("cannot read {name}: {error}")))?;
    if original::is_xml(&bytes) {
        return OriginalFile::parse(&path, &bytes).map(Document::Original);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Document::Toml(name, text)),
        Err(_) => Err(problem(format!("cannot read {name}: it is not UTF-8"))),
    }
}
