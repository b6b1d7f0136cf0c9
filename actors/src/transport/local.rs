//! Straight into the switch of this process: no bytes, no log-in.

use std::sync::Arc;

use futures::future::LocalBoxFuture;
use opensrf::jid::Jid;
use opensrf::stanza::Stanza;
use opensrf::switchboard::BindingId;

use super::{Link, LinkError, LinkEvent, Transport};
use crate::jabber::{Deliver, Refused, Switch};
use crate::peer::{Peer, Untold};

/// The bus as the switch of this process.
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
        inbox: Peer<LinkEvent>,
    ) -> LocalBoxFuture<'static, Result<Box<dyn Link>, LinkError>> {
        let switch = Arc::clone(&self.0);
        let bound = switch.bind(&jid, Arc::new(Mailbox(inbox)));
        let link = bound.map(|binding| -> Box<dyn Link> {
            Box::new(LocalLink {
                switch,
                jid,
                binding,
            })
        });
        Box::pin(std::future::ready(link))
    }
}

/// A party of this process as the switch sees it.
#[derive(Debug)]
struct Mailbox(Peer<LinkEvent>);

impl Deliver for Mailbox {
    fn deliver(&self, stanza: Stanza) -> Result<(), Refused> {
        self.0.tell(LinkEvent::Stanza(stanza)).map_err(|untold| {
            let is_gone = matches!(untold, Untold::Gone(_));
            match untold.into_inner() {
                LinkEvent::Stanza(stanza) if is_gone => Refused::Gone(Box::new(stanza)),
                LinkEvent::Stanza(stanza) => Refused::Full(Box::new(stanza)),
                LinkEvent::Down(_) => unreachable!("the stanza that was told comes back"),
            }
        })
    }

    fn evict(&self) {
        // A full mailbox must not keep a party in the belief that it is bound.
        let peer = self.0.clone();
        actix_rt::spawn(async move {
            let _ = peer
                .tell_when_free(LinkEvent::Down(LinkError::Conflict))
                .await;
        });
    }
}

#[derive(Debug)]
struct LocalLink {
    switch: Arc<Switch>,
    jid: Jid,
    binding: BindingId,
}

impl Link for LocalLink {
    fn send(&self, mut stanza: Stanza) {
        stanza.from = Some(self.jid.clone());
        self.switch.submit(stanza);
    }
}

impl Drop for LocalLink {
    fn drop(&mut self) {
        self.switch.unbind(&self.jid, self.binding);
    }
}
