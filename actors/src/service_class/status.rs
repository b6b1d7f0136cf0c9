//! What a service class tells of itself.

use std::num::NonZeroU32;

use opensrf::router::NodeStats;
use opensrf::time::Tick;

use super::ServiceClassActor;
use crate::status::{ClassAnswer, NodeStatus, Question};

impl ServiceClassActor {
    pub(super) fn tell(&self, question: Question<ClassAnswer>) {
        let now = self.driver.now();
        let stats = self.driver.role().stats();
        let answer = ClassAnswer {
            mailbox_delay: question.waited(),
            bus: self.uplink.status(),
            policy: self.policy.to_string(),
            forwarded: stats.forwarded,
            bounced: stats.bounced,
            refused: stats.refused,
            nodes: stats.nodes.iter().map(|node| status(now, node)).collect(),
        };
        question.answer(answer);
    }
}

fn status(now: Tick, node: &NodeStats) -> NodeStatus {
    NodeStatus {
        address: node.node.to_string(),
        registered: now.saturating_sub(node.registered),
        last_registered: now.saturating_sub(node.last_registered),
        forwarded: node.forwarded,
        bounced: node.bounced,
        drones: node.load.drones.map(NonZeroU32::get),
        outstanding: node.load.outstanding,
    }
}
