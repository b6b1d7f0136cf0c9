//! Links that are cut when they have ended already.

use std::sync::Arc;

use super::super::{Direction, InFlight};
use super::run;
use super::stanzas::{Net, all, jid, party};
use crate::transport::{Local, Transport};

/// It once took the news with all else that was under way, and the party was on a link without an
/// end for good.
#[test]
fn a_cut_does_not_lose_the_news_that_the_link_has_ended() {
    run(async {
        let mut net = Net::start(1).await;
        net.faults.stall(Direction::Received);
        // Another party takes the address.
        let (inbox, _hears) = party();
        let other = Local::new(Arc::clone(&net.switch));
        let _other = other.connect(jid("near"), inbox).await.unwrap();
        assert!(all(&mut net.near_hears).await.is_empty());
        net.faults.cut(InFlight::Lost);
        assert_eq!(
            all(&mut net.near_hears).await,
            ["the server ended the stream: the connection was cut"]
        );
    });
}
