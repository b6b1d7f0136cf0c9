//! What can be wrong with a configuration.

use std::path::PathBuf;

use crate::toml_tree::problem::{Problem, lines};

/// Why there are no settings, or no passwords for them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Files, environment or options say something that cannot be; all that was found is listed.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// The state folder or a file in it cannot be used.
    #[error(
        "cannot {action} {}: {source}; another state folder can be named by `state` in the configuration, or OPENSRF_STATE",
        path.display()
    )]
    State {
        /// What was tried: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Other users could learn or replace the passwords in the state folder.
    #[error(
        "{} is open to other users (mode {mode:04o}); run: chmod {remedy} {}",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The argument of `chmod` that closes it.
        remedy: &'static str,
    },
    /// The file of generated passwords is not what this program wrote.
    #[error("{}:{line}: {text}; delete the file to have new passwords made", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, from 1.
        line: usize,
        /// What is wrong there.
        text: String,
    },
    /// The system gives no random bytes to make a password from.
    #[error("no random bytes for a new password: {0}")]
    NoRandomness(getrandom::Error),
    /// Nobody has made the password of this account yet.
    #[error(
        "no password for {account} in {}; start `opensrf up` first, as the same user, \
         or set a password for it",
        path.display()
    )]
    NoPassword {
        /// `user@domain`.
        account: String,
        /// The file that should hold it.
        path: PathBuf,
    },
    /// The settings name no server that a client could log in to.
    #[error("{0}")]
    NoServer(&'static str),
}
