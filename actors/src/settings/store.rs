//! The passwords that were made up, in the state folder.
//!
//! `accounts.toml` has one line for each account. The folder belongs to its owner alone (mode
//! 0700), the file as well (0600); if others could read the file or replace it, it is refused. A
//! new version replaces the old one whole, under a lock: two programs that start at once agree.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Password, SettingsError};
use crate::toml_tree::Toml;
use crate::toml_tree::layers::line_of;

/// Passwords by account, `user@domain`.
pub(super) type Made = BTreeMap<String, Password>;

const HEAD: &str = "# Passwords that opensrf made up. They change when this file is deleted.\n";

/// The state folder.
#[derive(Debug)]
pub(super) struct Store<'a> {
    folder: &'a Path,
}

impl<'a> Store<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// Where the passwords are.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("accounts.toml")
    }

    /// What was made up so far.
    pub(super) fn read(&self) -> Result<Made, SettingsError> {
        let path = self.file();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Made::new()),
            Err(error) => return Err(state("read", &path)(error)),
        };
        refuse_exposed(self.folder, 0o022, "700")?;
        refuse_exposed(&path, 0o077, "600")?;
        let text = io::read_to_string(file).map_err(state("read", &path))?;
        parse(&path, &text)
    }

    /// What was made up so far, and what is made now for those of `accounts` that lack one.
    pub(super) fn complete(&self, accounts: &[String]) -> Result<Made, SettingsError> {
        let mut builder = DirBuilder::new();
        let created = builder.recursive(true).mode(0o700).create(self.folder);
        created.map_err(state("create", self.folder))?;
        refuse_exposed(self.folder, 0o022, "700")?;
        let lock_path = self.folder.join("accounts.lock");
        let lock = open_private(&lock_path).map_err(state("create", &lock_path))?;
        lock.lock().map_err(state("lock", &lock_path))?;
        let before = self.read()?;
        let made = make_up(before.clone(), accounts)?;
        if made != before {
            let path = self.file();
            self.replace(&path, &made).map_err(state("write", &path))?;
        }
        Ok(made)
    }

    fn replace(&self, path: &Path, made: &Made) -> io::Result<()> {
        let draft = self.folder.join("accounts.toml.new");
        let mut file = open_private(&draft)?;
        file.set_len(0)?;
        let mut text = HEAD.to_owned();
        for (account, password) in made {
            text.push_str(&format!(
                "{} = {}\n",
                account.toml(),
                password.reveal().toml()
            ));
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, path)
    }
}

/// Adds a random password for each of `accounts` that has none.
pub(super) fn make_up(mut made: Made, accounts: &[String]) -> Result<Made, SettingsError> {
    for account in accounts {
        if !made.contains_key(account) {
            made.insert(account.clone(), Password::random()?);
        }
    }
    Ok(made)
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// Refuses `path` if its mode has one of the bits `open`.
fn refuse_exposed(path: &Path, open: u32, remedy: &'static str) -> Result<(), SettingsError> {
    let metadata = fs::metadata(path).map_err(state("read", path))?;
    match metadata.permissions().mode() & 0o7777 {
        mode if mode & open != 0 => Err(SettingsError::Exposed {
            path: path.to_owned(),
            mode,
            remedy,
        }),
        _ => Ok(()),
    }
}

fn parse(path: &Path, text: &str) -> Result<Made, SettingsError> {
    let damaged = |at: usize, what: &str| SettingsError::Damaged {
        path: path.to_owned(),
        line: line_of(text, at),
        text: what.to_owned(),
    };
    let table = DeTable::parse(text)
        .map_err(|error| damaged(error.span().map_or(0, |span| span.start), error.message()))?;
    let mut made = Made::new();
    for (account, value) in table.get_ref() {
        match value.get_ref() {
            DeValue::String(password) => made.insert(
                account.get_ref().to_string(),
                Password::new(password.as_ref()),
            ),
            _ => {
                return Err(damaged(
                    account.span().start,
                    "expected a password in quotes",
                ));
            }
        };
    }
    Ok(made)
}

fn state(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SettingsError {
    move |source| SettingsError::State {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own, gone at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("opensrf-store-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            // Left over from a test that was killed.
            drop(fs::remove_dir_all(&path));
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path)
            .expect("made by the test")
            .permissions()
            .mode()
            & 0o777
    }

    #[test]
    fn a_password_is_made_once_and_used_again() {
        let folder = Folder::new("once");
        let store = Store::new(&folder.0);
        assert!(store.read().unwrap().is_empty());
        let first = store.complete(&["a@x".to_owned()]).unwrap();
        let second = store
            .complete(&["b@x".to_owned(), "a@x".to_owned()])
            .unwrap();
        assert_eq!(first["a@x"], second["a@x"]);
        assert_ne!(second["a@x"], second["b@x"]);
        assert_eq!(store.read().unwrap(), second);
    }

    #[test]
    fn only_the_owner_may_read() {
        let folder = Folder::new("modes");
        Store::new(&folder.0).complete(&["a@x".to_owned()]).unwrap();
        let file = folder.0.join("accounts.toml");
        assert_eq!((mode(&folder.0), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = Folder::new("exposed");
        let store = Store::new(&folder.0);
        store.complete(&["a@x".to_owned()]).unwrap();
        fs::set_permissions(store.file(), fs::Permissions::from_mode(0o644)).unwrap();
        let error = store.read().unwrap_err().to_string();
        assert!(
            error.contains("mode 0644") && error.contains("chmod 600"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let folder = Folder::new("open");
        fs::create_dir(&folder.0).unwrap();
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).unwrap();
        let error = Store::new(&folder.0)
            .complete(&["a@x".to_owned()])
            .unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_not_written_over() {
        let folder = Folder::new("damaged");
        let store = Store::new(&folder.0);
        store.complete(&["a@x".to_owned()]).unwrap();
        fs::write(store.file(), "# x\n\"a@x\" = 3\n").unwrap();
        let error = store.complete(&["b@x".to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains("accounts.toml:2: expected a password"),
            "{error}"
        );
    }
}
