//! Where the sockets of hosts are.
//!
//! A folder may hold those of several hosts of this machine, each named after its host; the second of
//! a name has its process in the name as well. A process that was killed leaves its file behind,
//! which answers nobody any more; whoever starts in that folder removes it.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// How the files of sockets end.
const ENDING: &str = "sock";
/// Bytes of a socket's path; so says the system.
const LONGEST_PATH: usize = 107;

/// Where a host's socket is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this folder, named after the host. A host that cannot have it there does without.
    Folder(PathBuf),
    /// Exactly there. A host that cannot have it there does not start.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[error(
    "no control socket at {path}: {reason}; change host.control, or set it to \"\" to have none"
)]
pub struct ControlError {
    /// Where it was to be.
    pub path: PathBuf,
    /// What the system said.
    pub reason: io::Error,
}

/// A socket that is listened on; its file goes with it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) listener: UnixListener,
    path: PathBuf,
}

impl Drop for Open {
    fn drop(&mut self) {
        // If it is gone already, all the better.
        let _ = fs::remove_file(&self.path);
    }
}

impl Place {
    /// Begins to listen for the host of this name.
    pub(super) async fn open(&self, host: &str) -> Result<Open, ControlError> {
        let (path, opened) = match self {
            Self::Folder(folder) => (folder, open_in(folder, host).await),
            Self::File(path) => (path, open_at(path).await),
        };
        opened.map_err(|reason| ControlError {
            path: path.clone(),
            reason,
        })
    }

    /// The sockets that are there, in order of their names: of all hosts, or of those of this name.
    pub(crate) fn sockets(&self, host: Option<&str>) -> io::Result<Vec<PathBuf>> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::File(path) => return Ok(vec![path.clone()]),
        };
        let mut sockets = match sockets(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        if let Some(host) = host {
            sockets.retain(|socket| is_of(socket, host));
        }
        Ok(sockets)
    }
}

/// Whether a socket is named after this host: `<host>.sock`, or `<host>.<process>.sock`.
fn is_of(socket: &Path, host: &str) -> bool {
    let name = socket.file_stem().unwrap_or_default().to_string_lossy();
    let rest = name.strip_prefix(host);
    rest.is_some_and(|rest| match rest.strip_prefix('.') {
        Some(process) => process.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    })
}

fn sockets(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut sockets = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            sockets.push(path);
        }
    }
    sockets.sort_unstable();
    Ok(sockets)
}

async fn open_in(folder: &Path, host: &str) -> io::Result<Open> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    // Two that start at once must not remove each other's.
    let lock = lock(&folder.join("lock"))?;
    for socket in sockets(folder)? {
        if is_stale(&socket).await {
            tracing::info!(socket = %socket.display(), "removed: its process is gone");
            fs::remove_file(&socket)?;
        }
    }
    let mut path = folder.join(format!("{host}.{ENDING}"));
    if path.exists() {
        let other = path.display();
        tracing::warn!(host, %other, "another host of this name runs here; was it started twice?");
        path = folder.join(format!("{host}.{}.{ENDING}", std::process::id()));
    }
    let open = bind(path);
    drop(lock);
    open
}

async fn open_at(path: &Path) -> io::Result<Open> {
    if is_stale(path).await {
        fs::remove_file(path)?;
    }
    bind(path.to_owned())
}

fn bind(path: PathBuf) -> io::Result<Open> {
    let length = path.as_os_str().len();
    if length > LONGEST_PATH {
        let text = format!("a socket's path may have {LONGEST_PATH} bytes, and this has {length}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let listener = UnixListener::bind(&path)?;
    let open = Open { listener, path };
    fs::set_permissions(&open.path, Permissions::from_mode(0o600))?;
    Ok(open)
}

/// Whether a file is a socket that nobody listens on any more.
async fn is_stale(path: &Path) -> bool {
    let refused = io::ErrorKind::ConnectionRefused;
    UnixStream::connect(path)
        .await
        .is_err_and(|error| error.kind() == refused && is_socket(path))
}

/// Connecting to a file of any other sort is refused as well.
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(path)?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn in_folder(test: impl AsyncFn(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = actix_rt::Runtime::new().unwrap();
        runtime.block_on(test(&folder.path().join("state/control")));
    }

    #[test]
    fn a_socket_is_its_owners_alone_and_goes_with_its_host() {
        in_folder(async |folder| {
            let place = Place::Folder(folder.to_owned());
            assert!(place.sockets(None).unwrap().is_empty());
            let open = place.open("app1").await.unwrap();
            assert_eq!(mode(folder), 0o700);
            assert_eq!(mode(&folder.join("app1.sock")), 0o600);
            drop(open);
            assert!(place.sockets(None).unwrap().is_empty());
        });
    }

    #[test]
    fn the_second_host_of_a_name_has_a_socket_too() {
        in_folder(async |folder| {
            let place = Place::Folder(folder.to_owned());
            let _first = place.open("app1").await.unwrap();
            let _second = place.open("app1").await.unwrap();
            let _other = place.open("app10").await.unwrap();
            assert_eq!(place.sockets(None).unwrap().len(), 3);
            assert_eq!(place.sockets(Some("app1")).unwrap().len(), 2);
            assert_eq!(place.sockets(Some("app")).unwrap().len(), 0);
        });
    }

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_refused_in_words_and_figures() {
        in_folder(async |folder| {
            let place = Place::Folder(folder.to_owned());
            let refused = place.open(&"h".repeat(108)).await.unwrap_err();
            let text = refused.to_string();
            assert!(text.contains("may have 107 bytes, and this has "), "{text}");
            assert!(text.contains("change host.control"), "{text}");
        });
    }

    #[test]
    fn what_a_killed_process_left_behind_is_replaced_and_nothing_else() {
        in_folder(async |folder| {
            fs::create_dir_all(folder).unwrap();
            let path = folder.join("app1.sock");
            // A listener that is dropped leaves its file.
            drop(UnixListener::bind(&path).unwrap());
            drop(UnixListener::bind(folder.join("app2.77.sock")).unwrap());
            let place = Place::Folder(folder.to_owned());
            let _open = place.open("app1").await.unwrap();
            assert_eq!(place.sockets(None).unwrap(), [path]);

            let text = folder.join("text.txt");
            fs::write(&text, "dear diary").unwrap();
            let error = Place::File(text.clone()).open("app1").await.unwrap_err();
            assert_eq!(error.reason.kind(), io::ErrorKind::AddrInUse);
            assert_eq!(fs::read_to_string(text).unwrap(), "dear diary");
        });
    }

    #[test]
    fn a_socket_that_somebody_listens_on_is_not_taken_away() {
        in_folder(async |folder| {
            fs::create_dir_all(folder).unwrap();
            let place = Place::File(folder.join("its.own"));
            let _open = place.open("app1").await.unwrap();
            let error = place.open("app1").await.unwrap_err();
            assert!(error.to_string().contains("its.own"), "{error}");
        });
    }
}
