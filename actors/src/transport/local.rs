//! Straight into the switch of a host of this process: no bytes, no log-in.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::router::Bounces;
use opensrf::stanza::Stanza;
use opensrf::switchboard::BindingId;

use super::xmpp::send_back;
use super::{Inbox, Link, LinkError, Transport, Unsent};
use crate::jabber::{Addressee, Switch};

/// The bus as the switch of a host of this process. When the host ends, its links end.
#[derive(Debug, Clone)]
pub struct Local(Arc<Switch>);

impl Local {
    /// Binds addresses at `switch`.
    #[must_use]
    pub fn new(switch: Arc<Switch>) -> Self {
        Self(switch)
    }
}

impl Transport for Local {
    fn connect(
        &self,
        jid: Jid,
        inbox: Inbox,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        let switch = Arc::clone(&self.0);
        let bound = switch.bind(&jid, Addressee::Party(inbox.clone()));
        let link = bound.map(|binding| -> Box<dyn Link> {
            Box::new(LocalLink {
                switch,
                jid,
                binding,
                inbox,
            })
        });
        Box::pin(std::future::ready(link))
    }

    fn flushed(&self) -> LocalBoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn bounces(&self) -> Bounces {
        Bounces::Whole
    }
}

#[derive(Debug)]
struct LocalLink {
    switch: Arc<Switch>,
    jid: Jid,
    binding: BindingId,
    inbox: Inbox,
}

impl Link for LocalLink {
    fn send(&self, mut stanza: Stanza) {
        stanza.from = Some(self.jid.clone());
        match self.is_open() {
            true => self.switch.submit(stanza),
            false => send_back(&self.inbox, Unsent::Closed(stanza.into())),
        }
    }

    fn is_open(&self) -> bool {
        !self.switch.is_closed()
    }
}

impl Drop for LocalLink {
    fn drop(&mut self) {
        self.switch.unbind(&self.jid, self.binding);
    }
}
