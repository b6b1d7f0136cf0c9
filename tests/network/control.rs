//! The socket at which a host is asked from outside, and those who misuse it.

use std::path::{Path, PathBuf};

use opensrf_actors::control::Place;
use opensrf_actors::host::HostHandle;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::services::math;
use crate::support::{adds_up, hub, run};

/// A host with a socket, and where that is.
async fn host(folder: &Path) -> (HostHandle, PathBuf) {
    let path = folder.join("own.sock");
    let builder = math(hub()).control(Place::File(path.clone()));
    let host = builder.start().await.unwrap();
    host.ready().await.unwrap();
    (host, path)
}

/// All that is answered to these bytes.
async fn say(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    // The host may have closed it before it was all said.
    let _ = stream.write_all(bytes).await;
    let mut reply = String::new();
    let _ = stream.read_to_string(&mut reply).await;
    reply
}

#[test]
fn a_line_is_answered_with_a_line() {
    run(false, async {
        let folder = tempfile::tempdir().unwrap();
        let (host, path) = host(folder.path()).await;
        let reply = say(&path, b"{\"command\":\"status\"}\n").await;
        assert!(
            reply.ends_with("}\n") && reply.lines().count() == 1,
            "{reply}"
        );
        let status: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(status["status"]["children"][0]["kind"], "server");

        let table = [
            ("{\"command\":\"bark\"}\n", "unknown variant `bark`"),
            ("{}\n", "missing field `command`"),
            ("\n", "no request: "),
            ("\u{0}\n", "no request: "),
        ];
        for (request, error) in table {
            let reply = say(&path, request.as_bytes()).await;
            let reply: Value = serde_json::from_str(&reply).unwrap();
            let said = reply["error"].as_str().unwrap();
            assert!(said.contains(error), "{request}: {said}");
        }
        host.stop().await.unwrap();
        assert!(
            UnixStream::connect(&path).await.is_err(),
            "it ends with its host"
        );
    });
}

#[test]
fn a_line_that_is_too_long_is_refused_before_all_of_it_is_read() {
    run(false, async {
        let folder = tempfile::tempdir().unwrap();
        let (_host, path) = host(folder.path()).await;
        let mut stream = UnixStream::connect(&path).await.unwrap();
        // No end of the line, and no end of the stream.
        stream.write_all(&[b'x'; 4_096]).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.contains("one line of at most 4096 bytes"), "{reply}");
    });
}

#[test]
fn those_who_say_nothing_delay_nobody_and_are_bounded() {
    run(false, async {
        let folder = tempfile::tempdir().unwrap();
        let (host, path) = host(folder.path()).await;
        let mut silent = Vec::new();
        for _ in 0..16 {
            silent.push(UnixStream::connect(&path).await.unwrap());
        }
        // The next is turned away at once, and the host works on.
        assert_eq!(say(&path, b"{\"command\":\"status\"}\n").await, "");
        adds_up(&host).await;
        drop(silent);
        let asked = async {
            while say(&path, b"{\"command\":\"status\"}\n").await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(60);
        tokio::time::timeout(patience, asked).await.unwrap();
    });
}
