//! ejabberd, as Debian has it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{OldClients, carries_a_network};
use crate::support::{Process, World, skip};

/// Nothing but what a network needs, and the old log-in, for which passwords must be kept plain.
const CONFIGURATION: &str = r#"
hosts: [localhost]
loglevel: warning
auth_method: internal
auth_password_format: plain
listen:
  - port: PORT
    ip: "127.0.0.1"
    module: ejabberd_c2s
acl: {}
access_rules:
  c2s:
    allow: all
shaper_rules:
  max_user_sessions: 1000
modules:
  mod_legacy_auth: {}
"#;

/// Starts ejabberd and makes the accounts. There is no node name, and so neither epmd nor a port
/// for other nodes: what ejabberdctl would ask of the running server is done in it.
const START: &str = r#"
{ok, _} = application:ensure_all_started(ejabberd),
[ok = ejabberd_auth:try_register(User, <<"localhost">>, <<"secret">>)
 || User <- [<<"router">>, <<"opensrf">>]],
io:format("accounts made~n").
"#;

#[test]
fn ejabberd_carries_a_network() {
    let Some(libraries) = libraries() else {
        return skip("ejabberd", "no ejabberd; install the package ejabberd");
    };
    let world = World::new();
    let _ejabberd = start(&world, libraries);
    carries_a_network(&world, OldClients::LogIn);
}

/// The folder in which the package has ejabberd and what it needs.
fn libraries() -> Option<PathBuf> {
    let entries = |path| fs::read_dir(path).into_iter().flatten().flatten();
    entries(PathBuf::from("/usr/lib"))
        .map(|entry| entry.path())
        .find(|path| {
            entries(path.clone()).any(|entry| {
                let name = entry.file_name();
                name.to_string_lossy().starts_with("ejabberd-")
            })
        })
}

fn start(world: &World, libraries: PathBuf) -> Process {
    let file = world.write("ejabberd.yml", CONFIGURATION);
    let mut command = Command::new("erl");
    command
        .args(["-noinput", "-mnesia", "dir"])
        .arg(format!("{:?}", world.path("mnesia")))
        .args(["-eval", START])
        .current_dir(world.path(""))
        .env("HOME", world.path(""))
        .env("ERL_LIBS", libraries)
        .env("ERL_CRASH_DUMP", world.path("erl_crash.dump"))
        .env("SPOOL_DIR", world.path("spool"))
        .env("EJABBERD_CONFIG_PATH", file)
        .env("EJABBERD_LOG_PATH", world.path("ejabberd.log"));
    let mut ejabberd = Process::start(command);
    ejabberd.wait_for("accounts made");
    ejabberd
}
