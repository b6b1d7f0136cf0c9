//! Methods: how results travel, and how methods are described (106, 108 to 110).

use opensrf::osrf::{self, Body, Json, Reassembly};
use opensrf::stanza::Stanza;
use opensrf_actors::host::HostBuilder;
use opensrf_actors::service::{ParamType, Service};
use serde_json::{Value, json};

use super::form::Form;
use super::peer::Peer;
use crate::support::over_every_way;

/// A service that gives results of all sizes.
fn sizes(builder: HostBuilder) -> HostBuilder {
    let service = Service::builder("test.sizes")
        .streaming("sizes", |_, (sizes,): (Vec<usize>,), results| async move {
            for size in sizes {
                results.send(&"x".repeat(size)).await?;
            }
            Ok(())
        })
        .function("text", |_, (text, times): (String, usize)| {
            Ok(text.repeat(times))
        })
        .notes("Repeats a text.")
        .param("text", "what is repeated", ParamType::String)
        .param("times", "how often", ParamType::Number)
        .returns("the long text", ParamType::String)
        .build();
    builder.service(service.unwrap())
}

/// All stanzas of an answer.
async fn stanzas(peer: &mut Peer, method: &str, params: &str) -> Vec<Stanza> {
    peer.asks("test.sizes", method, params).await;
    let mut all = Vec::new();
    loop {
        all.push(peer.hears().await);
        let body = all.last().map(|stanza| stanza.decode().body.clone());
        if body.is_some_and(|body| body.contains("\"Request Complete\"")) {
            return all;
        }
    }
}

/// The results in an answer, put together as the original's clients do it.
fn results(stanzas: &[Stanza]) -> Vec<Json> {
    let mut reassembly = Reassembly::default();
    let bodies = stanzas.iter().map(|stanza| stanza.decode().body.clone());
    let messages = bodies.flat_map(|body| osrf::decode(&body).expect("OpenSRF"));
    let answers = messages.filter_map(|message| match message.body {
        Body::Result(answer) => Some((message.trace, answer)),
        _ => None,
    });
    answers
        .filter_map(|(trace, answer)| reassembly.push(trace, answer).expect("whole pieces"))
        .collect()
}

#[test]
fn s106_methods_are_described_by_the_beginning_of_their_name() {
    over_every_way(sizes, |net| async move {
        let call = async |method: &str, params: Value| -> Vec<Value> {
            let answers = net.client().call("test.sizes", method, params).await;
            answers.expect("records").all().expect("records")
        };
        let name = |record: &Value| record["api_name"].as_str().unwrap().to_owned();
        let some = call("opensrf.system.method", json!(["text"])).await;
        assert_eq!(some.len(), 1);
        let record = &some[0];
        for (key, expected) in [
            ("api_name", json!("text")),
            ("argc", json!(2)),
            ("api_level", json!(1)),
            ("service", json!("test.sizes")),
            ("server_class", json!("test.sizes")),
            ("notes", json!("Repeats a text.")),
        ] {
            assert_eq!(record[key], expected, "{key} in {record}");
        }
        assert_eq!(record["signature"]["params"][1]["name"], json!("times"));
        assert_eq!(record["signature"]["return"]["type"], json!("string"));
        let all = call("opensrf.system.method.all", json!([])).await;
        let names: Vec<String> = all.iter().map(name).collect();
        let expected = [
            "sizes",
            "sizes.atomic",
            "text",
            "opensrf.system.echo",
            "opensrf.system.echo.atomic",
            "opensrf.system.time",
            "opensrf.system.method",
            "opensrf.system.method.atomic",
            "opensrf.system.method.all",
            "opensrf.system.method.all.atomic",
        ];
        assert_eq!(names, expected);
        let twin = call("opensrf.system.method.all.atomic", json!([])).await;
        assert_eq!(twin, [json!(all)]);
        assert!(
            call("opensrf.system.method", json!(["none"]))
                .await
                .is_empty()
        );
    });
}

/// The one piece in a stanza, which is part of a JSON text.
fn piece(stanza: &Stanza) -> String {
    let messages = osrf::decode(&stanza.decode().body).expect("OpenSRF");
    match &messages[..] {
        [
            osrf::Message {
                body: Body::Result(answer),
                ..
            },
        ] if answer.code == 206 => answer.content.value().expect("a text"),
        other => panic!("no piece: {other:?}"),
    }
}

/// The size of pieces by the original's measure: 11 more for a quote, 4 for &, 3 for < and >.
fn scaled(raw: &str) -> usize {
    let count = |c: char| raw.matches(c).count();
    let more = 11 * count('"') + 4 * count('&') + 3 * (count('<') + count('>'));
    (51_200 * raw.len() / (raw.len() + more)).min(51_200)
}

#[test]
fn s108_large_results_come_in_pieces_no_larger_than_the_scaled_size() {
    over_every_way(sizes, |net| async move {
        for form in [Form::C, Form::Perl] {
            let mut peer = Peer::enters(&net, form, "peer").await;
            for (text, times) in [
                ("x", 110_000),
                ("\"<&>'\\ ", 5_000),
                ("é", 20_000),
                ("\u{1f600}", 9_000),
                ("{\"a\":[1,\"b\"]}", 5_000),
            ] {
                let text_json = serde_json::to_string(text).unwrap();
                let all = stanzas(&mut peer, "text", &format!("[{text_json},{times}]")).await;
                assert!(all.len() > 3, "{} stanzas for {text}", all.len());
                let whole = results(&all);
                assert_eq!(whole.len(), 1);
                assert_eq!(whole[0].value::<String>().unwrap(), text.repeat(times));
                let (pieces, rest) = all.split_at(all.len() - 2);
                let pieces: Vec<String> = pieces.iter().map(piece).collect();
                let scaled = scaled(&pieces.concat());
                assert!(pieces.iter().all(|piece| piece.len() <= scaled));
                assert!(rest[0].decode().body.contains("\"204\""));
                assert!(rest[1].decode().body.contains("\"205\""));
            }
        }
    });
}

#[test]
fn s109_results_around_a_large_one_keep_their_places() {
    over_every_way(sizes, |net| async move {
        for form in [Form::C, Form::Perl] {
            let mut peer = Peer::enters(&net, form, "peer").await;
            let sizes = [1, 2, 60_000, 3, 100_000, 70_000, 4];
            let all = stanzas(&mut peer, "sizes", &format!("[{}]", json!(sizes))).await;
            let lengths: Vec<usize> = results(&all)
                .iter()
                .map(|json| json.value::<String>().unwrap().len())
                .collect();
            assert_eq!(lengths, sizes);
        }
    });
}

#[test]
fn s110_a_bundle_is_at_most_one_message_larger_than_25600_bytes() {
    over_every_way(sizes, |net| async move {
        let mut peer = Peer::enters(&net, Form::C, "peer").await;
        for (size, times) in [(100, 1_000), (1_000, 100), (10_000, 10), (25_000, 4)] {
            let params = format!("[{}]", json!(vec![size; times]));
            let all = stanzas(&mut peer, "sizes", &params).await;
            for stanza in &all {
                let content = stanza.decode();
                let messages = osrf::decode(&content.body).unwrap().len();
                let message = content.body.len() / messages;
                assert!(
                    content.body.len() <= 25_600 + message,
                    "{}",
                    content.body.len()
                );
            }
            // And they do share: far fewer stanzas than results.
            if size < 10_000 {
                assert!(all.len() * 10 < times, "{} stanzas", all.len());
            }
            assert_eq!(results(&all).len(), times);
        }
    });
}
