//! A stretch of network that can be cut.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use actix_rt::task::JoinHandle;
use tokio::net::{TcpListener, TcpStream};

/// Passes bytes on between whoever connects to it and one address, until it is cut.
pub(crate) struct Proxy {
    address: String,
    shared: Rc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    is_blocked: Cell<bool>,
    connections: RefCell<Vec<JoinHandle<()>>>,
}

impl Proxy {
    /// Leads to `address`.
    pub(crate) async fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").to_string();
        let shared = Rc::new(Shared::default());
        let accepting = accept(listener, address.to_owned(), Rc::clone(&shared));
        Self {
            address: own,
            shared,
            accepting: actix_rt::spawn(accepting),
        }
    }

    /// Where to connect to.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Cuts all connections; new ones can be made.
    pub(crate) fn cut(&self) {
        for connection in self.shared.connections.take() {
            connection.abort();
        }
    }

    /// Cuts all connections, and each new one at once.
    pub(crate) fn block(&self) {
        self.shared.is_blocked.set(true);
        self.cut();
    }

    /// Lets connections be made again.
    pub(crate) fn unblock(&self) {
        self.shared.is_blocked.set(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, address: String, shared: Rc<Shared>) {
    while let Ok((mut near, _)) = listener.accept().await {
        if shared.is_blocked.get() {
            continue;
        }
        let address = address.clone();
        let carrying = actix_rt::spawn(async move {
            if let Ok(mut far) = TcpStream::connect(address).await {
                // Either end may break off at any time.
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
        shared.connections.borrow_mut().push(carrying);
    }
}
