//! Prosody, as Debian has it.

use std::process::Command;

use super::{OldClients, carries_a_network};
use crate::support::{Process, World, run, skip};

/// Nothing but what a network needs, without Nagle's delays, and the old log-in, which does not
/// know the digest here.
const CONFIGURATION: &str = r#"
run_as_root = true
daemonize = false
data_path = "FOLDER/data"
certificates = "FOLDER"
log = { info = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { PORT }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = {}
network_settings = { nagle = false }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
modules_enabled = { "saslauth", "legacyauth" }
modules_disabled = { "s2s", "offline" }
VirtualHost "localhost"
"#;

const ACCOUNT: &str = "return { [\"password\"] = \"secret\" };\n";

#[test]
fn prosody_carries_a_network() {
    let mut version = Command::new("sh");
    version.args(["-c", "command -v prosody"]);
    if run(version).code != Some(0) {
        return skip("prosody", "no prosody; install the package prosody");
    }
    let world = World::new();
    let _prosody = start(&world);
    carries_a_network(&world, OldClients::LogIn);
}

fn start(world: &World) -> Process {
    let file = world.write("prosody.cfg.lua", CONFIGURATION);
    for user in ["router", "opensrf"] {
        world.write(&format!("data/localhost/accounts/{user}.dat"), ACCOUNT);
    }
    let mut command = Command::new("prosody");
    command.arg("-F").arg("--config").arg(file);
    let mut prosody = Process::start(command);
    prosody.wait_for("Activated service 'c2s' on");
    prosody
}
