//! jabberd2, as Debian has it: router, session manager and c2s, three processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{OldClients, carries_a_network};
use crate::support::{Process, World, free_port, skip};

const ROUTER: &str = r#"
<router>
  <id>router</id>
  <log type='stdout'/>
  <local>
    <ip>127.0.0.1</ip>
    <port>INNER</port>
    <users>FOLDER/users.xml</users>
    <secret>secret</secret>
  </local>
  <io><access><order>allow,deny</order></access></io>
  <aci><acl type='all'><user>jabberd</user></acl></aci>
</router>
"#;

const USERS: &str = "<users><user><name>jabberd</name><secret>secret</secret></user></users>";

/// The modules that store for later, or look at what users want, are left out of the chains: what
/// cannot be delivered must go back. `presence` tells the end of a session to those that it had shown
/// itself to; in `in-router` it would throw away what is for sessions without presence of their own.
const SESSION_MANAGER: &str = r#"
<sm>
  <id>sm</id>
  <router><ip>127.0.0.1</ip><port>INNER</port><user>jabberd</user><pass>secret</pass></router>
  <log type='stdout'/>
  <local><id>localhost</id></local>
  <storage>
    <path>LIBRARIES</path>
    <driver>fs</driver>
    <fs><path>FOLDER/storage</path></fs>
  </storage>
  <modules>
    <path>LIBRARIES</path>
    <chain id='in-sess'>
      <module>validate</module><module>presence</module><module>deliver</module>
    </chain>
    <chain id='in-router'><module>session</module><module>validate</module></chain>
    <chain id='pkt-user'><module>deliver</module></chain>
    <chain id='pkt-router'><module>session</module></chain>
    <chain id='user-load'><module>active</module></chain>
    <chain id='user-create'><module>active</module></chain>
  </modules>
  <user><auto-create/></user>
</sm>
"#;

const C2S: &str = r#"
<c2s>
  <id>c2s</id>
  <router><ip>127.0.0.1</ip><port>INNER</port><user>jabberd</user><pass>secret</pass></router>
  <log type='stdout'/>
  <local><id>localhost</id><ip>127.0.0.1</ip><port>PORT</port></local>
  <io>
    <limits><stanzasize>0</stanzasize></limits>
    <access><order>allow,deny</order></access>
  </io>
  <authreg>
    <path>LIBRARIES</path>
    <module>pipe</module>
    <mechanisms>
      <traditional><plain/></traditional>
      <sasl><plain/></sasl>
    </mechanisms>
    <pipe><exec>FOLDER/accounts.sh</exec></pipe>
  </authreg>
</c2s>
"#;

/// Knows the accounts; c2s asks it by lines, with passwords in base64. It cannot say a password, so
/// c2s takes no digests.
const ACCOUNTS: &str = r#"#!/bin/sh
echo 'OK USER-EXISTS CHECK-PASSWORD FREE'
while read -r question user password realm; do
  case "$question $user $password" in
    'USER-EXISTS router '* | 'USER-EXISTS opensrf '*) echo OK ;;
    'CHECK-PASSWORD router c2VjcmV0' | 'CHECK-PASSWORD opensrf c2VjcmV0') echo OK ;;
    FREE*) exit ;;
    *) echo NO ;;
  esac
done
"#;

#[test]
fn jabberd2_carries_a_network() {
    let Some(libraries) = libraries() else {
        return skip("jabberd2", "no jabberd2; install the package jabberd2");
    };
    let world = World::new();
    let _jabberd2 = start(&world, &libraries);
    carries_a_network(&world, OldClients::AreRefused);
}

/// The folder in which the package has its modules.
fn libraries() -> Option<PathBuf> {
    let entries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut folders = entries.map(|entry| entry.path().join("jabberd2"));
    folders.find(|folder| folder.is_dir())
}

/// Each of them waits for the one before.
fn start(world: &World, libraries: &Path) -> [Process; 3] {
    let inner = free_port().to_string();
    let libraries = libraries.to_str().expect("a name in UTF-8");
    let write = |name: &str, text: &str| {
        let text = text
            .replace("INNER", &inner)
            .replace("LIBRARIES", libraries);
        world.write(name, &text)
    };
    write("users.xml", USERS);
    fs::create_dir(world.path("storage")).expect("a folder of our own");
    let accounts = write("accounts.sh", ACCOUNTS);
    fs::set_permissions(accounts, fs::Permissions::from_mode(0o700)).expect("our own file");
    let part = |name: &str, text: &str, ready: &str| {
        let file = write(&format!("{name}.xml"), text);
        let mut command = Command::new(format!("/usr/sbin/jabberd2-{name}"));
        command.arg("-c").arg(file);
        let mut process = Process::start(command);
        process.wait_for(ready);
        process
    };
    [
        part("router", ROUTER, "listening for incoming connections"),
        part("sm", SESSION_MANAGER, "ready for sessions"),
        part("c2s", C2S, "ready for connections"),
    ]
}
