//! How do I write a service, and how do I call it?
//!
//! ```text
//! cargo run --example hello_service
//! ```

use std::error::Error;

use opensrf_actors::host::Host;
use opensrf_actors::service::Service;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let greeter = Service::builder("acme.greeter")
        .function("acme.greeter.greet", |_, (name,): (String,)| {
            Ok(format!("Hello, {name}!"))
        })
        .notes("Greets whoever is named.")
        .streaming(
            "acme.greeter.count",
            |_, (last,): (u32,), results| async move {
                for n in 1..=last {
                    results.send(&n).await?;
                }
                Ok(())
            },
        )
        .build()?;

    // Jabber server, router, service and client, all in this process and without a socket.
    let host = Host::builder().service(greeter).spawn().await?;
    host.ready().await?;

    let greet = host.call("acme.greeter", "acme.greeter.greet", ["world"]);
    println!("{}", greet.await?.one::<String>()?);

    let count = host.call("acme.greeter", "acme.greeter.count", [3]);
    println!("{:?}", count.await?.all::<u32>()?);

    host.shutdown().await?;
    Ok(())
}
