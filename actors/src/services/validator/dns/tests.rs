use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX};
use hickory_resolver::proto::rr::{Record, RecordType};
use opensrf::osrf::Json;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::*;

/// A name server on a free port of the loopback address, for as long as the runtime.
async fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut bytes = [0; 4_096];
        while let Ok((count, asker)) = socket.recv_from(&mut bytes).await {
            let asked = Message::from_vec(&bytes[..count]).expect("a question");
            let answer = answer(&asked).to_vec().expect("an answer");
            socket.send_to(&answer, asker).await.expect("sent");
        }
    });
    address
}

fn answer(asked: &Message) -> Message {
    let query = asked.queries.first().expect("a question");
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    answer.add_query(query.clone());
    match records(query) {
        Ok(records) => {
            for data in records {
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
        }
        Err(code) => answer.metadata.response_code = code,
    }
    answer
}

/// What the server knows.
fn records(query: &Query) -> Result<Vec<RData>, ResponseCode> {
    let mx = |preference, host: &str| {
        let host = Name::from_ascii(host).expect("a name");
        RData::MX(MX::new(preference, host))
    };
    let v4 = |last| RData::A(A(Ipv4Addr::new(192, 0, 2, last)));
    let v6 = RData::AAAA(AAAA(Ipv6Addr::LOCALHOST));
    let name = query.name().to_ascii();
    Ok(match (name.as_str(), query.query_type()) {
        ("mail.test.", RecordType::MX) => vec![mx(10, "none.test."), mx(20, "host.test.")],
        ("lost.test.", RecordType::MX) => vec![mx(10, "none.test.")],
        ("new.test.", RecordType::MX) => vec![mx(10, "six.test.")],
        ("parked.test.", RecordType::MX) => vec![mx(10, "ignored.test.")],
        ("null.test.", RecordType::MX) => vec![mx(0, ".")],
        ("host.test.", RecordType::A) => vec![v4(1)],
        ("ignored.test.", RecordType::A) => vec![v4(66)],
        ("six.test.", RecordType::AAAA) => vec![v6],
        ("none.test.", _) => return Err(ResponseCode::NXDomain),
        ("broken.test.", _) => return Err(ResponseCode::ServFail),
        _ => Vec::new(),
    })
}

async fn check(options: &Value, address: &str) -> Result<Option<&'static str>, MethodError> {
    let mut settings = options.clone();
    settings["nameservers"] = json!([name_server().await.to_string()]);
    let given = Given::new("test", &settings).expect("a table");
    let dns = Dns::new("at".to_owned(), &given).expect("settings");
    let object = Object::from([("at".to_owned(), Json::string(address))]);
    dns.check(&object).await
}

const NO_MX: Option<&str> = Some("MX Records Invalid");
const NO_ADDRESS: Option<&str> = Some("No A Records Found");

#[tokio::test]
async fn a_domain_with_mail_exchanges_is_good_by_them_alone() {
    let options = json!({});
    for (address, wanted) in [
        ("x@mail.test", None),
        ("x@lost.test", None), // that host is not looked for
        ("x@null.test", NO_MX),
        ("mail.test", None),
    ] {
        assert_eq!(check(&options, address).await, Ok(wanted), "{address}");
    }
}

#[tokio::test]
async fn the_hosts_of_mail_exchanges_are_looked_for_if_wanted() {
    let options = json!({"check_mx_a": 1, "ignore_ips": "127.0.0.1, 192.0.2.66"});
    for (address, wanted) in [
        ("x@mail.test", None),
        ("x@lost.test", NO_MX),
        ("x@new.test", NO_MX),
        ("x@parked.test", NO_MX),
    ] {
        assert_eq!(check(&options, address).await, Ok(wanted), "{address}");
    }
    let options = json!({"check_mx_a": true, "check_aaaa": true});
    assert_eq!(check(&options, "x@new.test").await, Ok(None));
    assert_eq!(check(&options, "x@parked.test").await, Ok(None));
}

#[tokio::test]
async fn a_domain_without_mail_exchanges_needs_an_address_of_its_own() {
    let options = json!({"ignore_ips": ["192.0.2.66"]});
    for (address, wanted) in [
        ("x@host.test", None),
        ("x@ignored.test", NO_ADDRESS),
        ("x@six.test", NO_ADDRESS),
        ("x@none.test", NO_ADDRESS),
        ("x@", NO_ADDRESS),
        ("x@.", NO_ADDRESS),
        ("", NO_ADDRESS),
        ("x@a..b", NO_ADDRESS),
    ] {
        assert_eq!(check(&options, address).await, Ok(wanted), "{address}");
    }
    let options = json!({"check_aaaa": true});
    assert_eq!(check(&options, "x@six.test").await, Ok(None));
}

#[tokio::test]
async fn what_no_server_knows_is_no_verdict() {
    let error = check(&json!({}), "x@broken.test").await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("500 broken.test. cannot be looked up"),
        "{told}"
    );
}

#[test]
fn the_machines_own_file_may_be_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    let made = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let settings = json!({ "config_file": file });
        let given = Given::new("test", &settings).unwrap();
        Dns::new("at".to_owned(), &given).map(|_| ())
    };
    assert_eq!(made("nameserver 192.0.2.1\n"), Ok(()));
    let told = made("# none\n").unwrap_err().to_string();
    assert!(
        told.contains("config_file") && told.contains("no nameservers"),
        "{told}"
    );
}
