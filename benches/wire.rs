//! What bytes cost: framing, checking, reading and writing, by size.
//!
//! Measures the core alone, on one thread, with bytes that are in memory already. The framer's
//! buffer is filled the way a socket fills it, one read at a time. Does not measure sockets,
//! wake-ups, actors, or several connections that push each other out of the cache.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use opensrf::jid::Jid;
use opensrf::limits::StreamLimits;
use opensrf::osrf::{self, Json};
use opensrf::stanza::{Condition, Message, Parts, Placement, Stanza, StanzaError};
use opensrf::xml::{Frame, Framer};

const HEADER: &[u8] = b"<stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

fn jid(text: &str) -> Jid {
    Jid::parse(text).expect("an address")
}

/// A request of about `bytes` bytes on the wire.
fn request(bytes: usize) -> Stanza {
    const REST: usize = 480;
    let text = Json::string(&"x".repeat(bytes.saturating_sub(REST)));
    let request = osrf::Message::request(1, "add".into(), vec![Json::from(2), text]);
    let message = Message {
        thread: "0123456789abcdef.1".into(),
        body: osrf::encode([&request]).into(),
        ..Message::default()
    };
    Stanza::from(Parts {
        from: Some(jid("opensrf@localhost/client_at_localhost_1")),
        id: "0123456789abcdef.1".into(),
        ..Stanza::message(jid("router@localhost/opensrf.math"), message).into_parts()
    })
}

fn written(stanza: &Stanza) -> Vec<u8> {
    let mut out = BytesMut::new();
    stanza.write_to(&mut out);
    out.to_vec()
}

/// The same with quotes in its text as entities, as some programs write them.
fn with_entities(stanza: &Stanza) -> Vec<u8> {
    let text = String::from_utf8(written(stanza)).expect("a stanza is text");
    let (before, body) = text.split_once("<body>").expect("a body");
    format!("{before}<body>{}", body.replace('"', "&quot;")).into_bytes()
}

/// A stream with its header read.
fn open_stream() -> Framer {
    let mut framer = Framer::new(StreamLimits::AUTHENTICATED);
    framer.push(HEADER);
    assert!(matches!(framer.next_frame(), Ok(Some(Frame::Open(_)))));
    framer
}

/// Reads one stanza as from a socket that has all of it ready.
fn read(framer: &mut Framer, mut bytes: &[u8]) -> Stanza {
    loop {
        if let Some(Frame::Element(raw)) = framer.next_frame().expect("it is well-formed") {
            return Stanza::from_raw(raw).expect("it is a stanza");
        }
        let buffer = framer.buffer();
        let room = buffer.capacity() - buffer.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        buffer.extend_from_slice(now);
        bytes = later;
    }
}

fn reading(c: &mut Criterion) {
    let cases = [
        ("600 B", written(&request(600))),
        ("600 B, &quot;", with_entities(&request(600))),
        ("4 kB", written(&request(4_000))),
        ("50 kB", written(&request(50_000))),
        ("1 MB", written(&request(1_000_000))),
    ];
    let mut group = c.benchmark_group("read a stanza");
    for (name, bytes) in &cases {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), bytes, |b, bytes| {
            let mut framer = open_stream();
            b.iter(|| read(&mut framer, black_box(bytes)));
        });
    }
}

fn writing(c: &mut Criterion) {
    let values = request(600);
    let passing = read(&mut open_stream(), &written(&values));
    let mut group = c.benchmark_group("write a stanza of 600 B");
    for (name, stanza) in [("made here", values), ("passing", passing)] {
        group.bench_function(name, |b| {
            let mut out = BytesMut::with_capacity(4_096);
            b.iter(|| {
                out.clear();
                black_box(&stanza).write_to(&mut out);
            });
        });
    }
}

fn passing(c: &mut Criterion) {
    let stanza = read(&mut open_stream(), &written(&request(600)));
    let (class, node) = (
        jid("router@localhost/opensrf.math"),
        jid("opensrf@localhost/opensrf.math_listener_at_localhost_1"),
    );
    let sender = jid("opensrf@localhost/client_at_localhost_1");
    let mut group = c.benchmark_group("a passing stanza of 600 B");
    group.bench_function("forward", |b| {
        b.iter(|| {
            black_box(&stanza).forward(class.clone(), node.clone(), &sender, Placement::Child, None)
        });
    });
    group.bench_function("bounce", |b| {
        b.iter(|| {
            let error = StanzaError::new(Condition::ServiceUnavailable);
            black_box(&stanza).bounce(error)
        });
    });
}

fn bodies(c: &mut Criterion) {
    let request = osrf::Message::request(
        1,
        "add".into(),
        vec![2_i64, 2].into_iter().map(Json::from).collect(),
    );
    let answer = [
        osrf::Message::result(1, Json::from(4)),
        osrf::Message::status(1, osrf::Status::complete()),
    ];
    let bodies = [("a request", vec![request]), ("an answer", answer.to_vec())];
    let mut group = c.benchmark_group("the body of");
    for (name, messages) in bodies {
        let body = osrf::encode(&messages);
        group.bench_function(BenchmarkId::new(name, "encode"), |b| {
            b.iter(|| osrf::encode(black_box(&messages)));
        });
        group.bench_function(BenchmarkId::new(name, "decode"), |b| {
            b.iter(|| osrf::decode(black_box(&body)));
        });
    }
}

criterion_group!(benches, reading, writing, passing, bodies);
criterion_main!(benches);
