//! Calls that go well.

use crate::support::{math, over_every_way};

#[test]
fn a_client_gets_the_sum() {
    over_every_way(math, |net| async move {
        let sum: i64 = net
            .client()
            .call("opensrf.math", "add", (2, 2))
            .await
            .unwrap()
            .one()
            .unwrap();
        assert_eq!(sum, 4);
    });
}
