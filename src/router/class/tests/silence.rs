//! Nodes that have not said `register` for a while.

use std::num::NonZeroU32;

use super::*;

/// A listener of ours says `register`.
fn says(name: &str) -> ClassInput {
    ClassInput::AddNode(Registrant {
        jid: node(name),
        placement: Placement::Child,
        drones: NonZeroU32::new(2),
    })
}

/// The pings that go out at this moment, as they arrive.
fn pings(class: &mut ServiceClass, now: Tick) -> Vec<Stanza> {
    assert!(class.deadline().is_some_and(|due| due <= now));
    let mut out = Vec::new();
    class.wake(now, &mut out);
    let ping = |effect| match effect {
        ClassEffect::Send(mut ping) if ping.asks_for(&[crate::xml::ns::PING]) => {
            ping.from = Some(jid(CLASS));
            ping
        }
        other => panic!("no ping: {other:?}"),
    };
    out.into_iter().map(ping).collect()
}

/// What becomes of an answer.
fn answers(class: &mut ServiceClass, answer: Stanza) -> Option<ClassEffect> {
    let mut effects = step_at(class, seconds(12), ClassInput::Stanza(answer));
    assert!(effects.len() <= 1, "{effects:?}");
    effects.pop()
}

fn seconds(seconds: u64) -> Tick {
    Tick::from_secs(seconds)
}

/// It once stayed for ever under a policy that gave it nothing, so that nothing came back.
#[test]
fn a_silent_node_is_asked_whether_it_is_there_and_is_lost_if_the_server_says_no() {
    for policy in RoutingPolicy::ALL {
        let mut class = class_of(policy, Bounces::Whole);
        step(&mut class, joins("original"));
        assert_eq!(class.deadline(), None);
        for name in ["well", "silent", "dead"] {
            step_at(&mut class, seconds(1), says(name));
        }
        step_at(&mut class, seconds(8), says("well"));

        let asked = pings(&mut class, seconds(11));
        let [silent, dead] = &asked[..] else {
            panic!("{asked:?}");
        };
        assert_eq!(silent.to, Some(node("silent")));
        assert!(answers(&mut class, silent.granted()).is_none());
        let error = |condition: Condition| dead.bounce(condition.into()).expect("it asks");
        // Our connection, or the node's, has just broken: that says nothing.
        assert!(answers(&mut class, error(Condition::RecipientUnavailable)).is_none());
        let lost = answers(&mut class, error(Condition::ServiceUnavailable));
        assert!(matches!(lost, Some(ClassEffect::Lost(lost)) if lost == node("dead")));
        // No news a second time.
        assert!(answers(&mut class, error(Condition::ServiceUnavailable)).is_none());

        let asked = pings(&mut class, seconds(21));
        let asked: Vec<_> = asked.into_iter().map(|ping| ping.into_parts().to).collect();
        assert_eq!(asked, [Some(node("well")), Some(node("silent"))]);
    }
}

#[test]
fn when_none_is_left_the_router_is_told() {
    let mut class = class_of(RoutingPolicy::LeastOutstanding, Bounces::Whole);
    step(&mut class, says("dead"));
    let asked = pings(&mut class, seconds(10));
    let bounce = asked[0].bounce(Condition::ServiceUnavailable.into());
    let gone = ClassInput::Stanza(bounce.expect("it asks"));
    let effects = step_at(&mut class, seconds(10), gone);
    assert!(matches!(
        &effects[..],
        [ClassEffect::Lost(_), ClassEffect::Empty { added: 1 }]
    ));
    assert!(pings(&mut class, seconds(20)).is_empty());
    assert_eq!(class.deadline(), None);
}
