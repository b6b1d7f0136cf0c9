//! What one test's processes share: a folder and a port.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Ended, Process, free_port, run};

/// A folder and a port of a test's own. The folder is gone at the end.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) port: u16,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::with_prefix("opensrf-").expect("a folder"),
            port: free_port(),
        }
    }

    /// `host:port` of its server.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The state folder of its programs.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Writes a file, in which `PORT` becomes the port and `FOLDER` the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder of our own");
        }
        let folder = self.folder.path().to_str().expect("a name in UTF-8");
        let text = text
            .replace("PORT", &self.port.to_string())
            .replace("FOLDER", folder);
        fs::write(&path, text).expect("a folder of our own");
        path
    }

    /// The program with nothing in its environment but the state folder.
    pub(crate) fn opensrf(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opensrf"));
        command
            .args(args)
            .env_clear()
            .env("OPENSRF_STATE", self.state())
            .current_dir(self.folder.path());
        command
    }

    /// The program with the built-in configuration, but for its port.
    pub(crate) fn built_in(&self, args: &[&str]) -> Command {
        let mut command = self.opensrf(args);
        command.env("OPENSRF_JABBER__LISTEN", self.address());
        command
    }

    /// The program with a file of configuration.
    pub(crate) fn configured(&self, file: &Path, args: &[&str]) -> Command {
        let mut command = self.opensrf(&["--config"]);
        command.arg(file).args(args);
        command
    }

    /// Server, router and `opensrf.math` in one process, ready.
    pub(crate) fn up(&self) -> Process {
        Process::start(self.built_in(&["up"])).ready()
    }

    /// `opensrf call` to what [`up`](Self::up) started.
    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        run(self.built_in(&[&["call"], args].concat()))
    }
}

impl Ended {
    /// # Panics
    /// Unless it gave these lines and no more, and all was well.
    pub(crate) fn gave(&self, stdout: &[&str]) {
        let is_so = self.code == Some(0) && self.stdout == stdout;
        assert!(is_so, "not {stdout:.500?} but: {self:?}");
    }

    /// # Panics
    /// Unless it ended with this code and without results, and stderr contains all these.
    pub(crate) fn failed(&self, code: i32, stderr: &[&str]) {
        let is_so = self.code == Some(code) && self.stdout.is_empty();
        assert!(is_so, "not exit code {code} alone but: {self:?}");
        for text in stderr {
            assert!(self.errors().contains(text), "no {text:?}: {self:?}");
        }
    }
}
