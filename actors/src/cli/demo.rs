//! `opensrf demo`: the whole network in one process.

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use opensrf::jid::Jid;
use opensrf::osrf::Body;
use opensrf::stanza::{Kind, Stanza};

use super::{REFUSED, print_line};
use crate::env::Env;
use crate::host::{Host, HostHandle};
use crate::services::math;

/// See a whole network at work: server, router, service and client in this process, hop by hop
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Uses a free port of this machine and a password of its own, so it disturbs nobody and needs no
configuration.

Example:
  opensrf demo")]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> ExitCode {
    match actix_rt::System::new().block_on(demonstrate()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(REFUSED)
        }
    }
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let mut env = Env::real();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let password = format!("{:016x}", env.secret());
    let hub = Host::builder()
        .listen("127.0.0.1:0")
        .account("opensrf", &password)
        .service(math::service()?)
        .tap(Arc::new(move |stanza: &Stanza| {
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(stanza.clone());
        }))
        .start()
        .await?;
    hub.ready().await?;
    let address = hub
        .addresses()
        .first()
        .ok_or("the server listens nowhere")?
        .to_string();
    print_line(format!(
        "A Jabber server listens on {address}; router@localhost/router is on it,"
    ))?;
    print_line("and a listener of opensrf.math has registered with the router.\n")?;

    let desk = Host::builder()
        .server(&address, "opensrf", "localhost", &password)
        .start()
        .await?;
    desk.client().online().await?;
    print_line("A client has logged in over TCP. It calls opensrf.math add 2 2:\n")?;
    seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let asked = env.now();
    let sum: i64 = desk.call("opensrf.math", "add", (2, 2)).await?.one()?;
    let took = env.now() - asked;
    let stanzas = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    print_line(tell(&stanzas))?;
    let took = took.as_micros();
    print_line(format!(
        "The client has the answer, {sum}, after {took} µs."
    ))?;
    stop(&[desk, hub]).await?;
    print_line("All is stopped.")?;
    Ok(())
}

async fn stop(hosts: &[HostHandle]) -> Result<(), Box<dyn Error>> {
    for host in hosts {
        host.shutdown().await?;
    }
    Ok(())
}

/// Each hop of one call, in words.
fn tell(stanzas: &[Stanza]) -> String {
    let mut told = String::new();
    let mut hop = 0;
    let mut line = |text: String| {
        told.push_str(&text);
        told.push('\n');
    };
    for stanza in stanzas.iter().filter(|stanza| stanza.kind == Kind::Message) {
        let message = stanza.decode();
        let Ok(parts) = message.body.read() else {
            continue;
        };
        hop += 1;
        let from = role(stanza.from.as_ref());
        line(format!("  {hop}. {from} -> {}", role(stanza.to.as_ref())));
        for (name, jid) in [("from", &stanza.from), ("to", &stanza.to)] {
            line(format!(
                "     {name:<5} {}",
                jid.as_ref().map_or("", Jid::as_str)
            ));
        }
        if let Some(caller) = &message.opensrf.router_from {
            line(format!("     for   {caller}"));
        }
        for part in parts.iter() {
            line(format!("     {}", describe(&part.body)));
        }
        if from == "service class" {
            hop += 1;
            line(format!("  {hop}. listener -> drone"));
            line("     the listener hands it to a free drone".into());
        }
    }
    told
}

/// Which party an address belongs to, by its form.
fn role(jid: Option<&Jid>) -> &'static str {
    let resource = jid.and_then(Jid::resource).unwrap_or_default();
    match (jid.and_then(Jid::local), resource) {
        (Some("router"), "router") => "router",
        (Some("router"), _) => "service class",
        _ if resource.contains("_listener_") => "listener",
        _ if resource.contains("_drone_") => "drone",
        _ => "client",
    }
}

fn describe(body: &Body) -> String {
    match body {
        Body::Connect => "CONNECT".into(),
        Body::Disconnect => "DISCONNECT".into(),
        Body::Request(request) => format!("REQUEST {} {:?}", request.method, request.params),
        Body::Result(answer) => format!("RESULT {}", answer.content),
        Body::Status(status) => format!("STATUS {} {}", status.code, status.text),
    }
}
