use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opensrf::stream::{SaslFailure, SaslProgress, SaslReply, legacy_digest};
use sha1::digest::core_api::BlockSizeUser;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::scram::hmac;
use super::*;

fn account(user: &str, domain: Option<&str>, password: &str) -> Account {
    Account {
        user: user.into(),
        domain: domain.map(Into::into),
        password: password.into(),
    }
}

fn accounts() -> Arc<Accounts> {
    let list = [
        account("opensrf", None, "password"),
        account("opensrf", Some("public.localhost"), "other"),
        account("a,b=c", None, "sign"),
        account("uni", None, "pässword\u{a0}1"),
    ];
    Arc::new(Accounts::new(list).expect("a good list"))
}

fn server(mechanism: &str) -> SaslServer {
    SaslServer::start(accounts(), "private.localhost", mechanism).expect("a known mechanism")
}

/// How an exchange between our two ends ends on each of them.
fn exchange(
    accounts: Arc<Accounts>,
    mechanism: &str,
    user: &str,
    password: &str,
) -> (SaslProgress, Option<SaslReply>) {
    let mut server =
        SaslServer::start(accounts, "private.localhost", mechanism).expect("a known mechanism");
    let mut client = SaslClient::start(mechanism, user, password).expect("good arguments");
    let mut reply = client.step(None);
    loop {
        let SaslReply::Respond(data) = reply else {
            panic!("{reply:?}");
        };
        match server.step(Some(&data)) {
            SaslProgress::Challenge(data) => reply = client.step(Some(&data)),
            SaslProgress::Success { user, data } => {
                let verified = client.finish(data.as_deref());
                return (SaslProgress::Success { user, data: None }, Some(verified));
            }
            failure @ SaslProgress::Failure(_) => return (failure, None),
        }
    }
}

#[test]
fn every_mechanism_lets_in_who_knows_the_password_and_no_one_else() {
    let accounts = accounts();
    let right = [
        ("opensrf", "password", "opensrf"),
        ("OpenSRF", "password", "opensrf"),
        ("a,b=c", "sign", "a,b=c"),
        // A no-break space is a space to SASL (RFC 4013).
        ("uni", "pässword 1", "uni"),
    ];
    let wrong = [
        ("opensrf", "Password"),
        ("opensrf", "other"),
        ("opensrf", "passwor"),
        ("nobody", "password"),
        ("a", "sign"),
    ];
    for mechanism in MECHANISMS {
        for (user, password, name) in right {
            let end = exchange(accounts.clone(), mechanism, user, password);
            let user = name.into();
            let success = SaslProgress::Success { user, data: None };
            assert_eq!(
                end,
                (success, Some(SaslReply::Verified)),
                "{mechanism} {name}"
            );
        }
        for (user, password) in wrong {
            let end = exchange(accounts.clone(), mechanism, user, password);
            let failure = SaslProgress::Failure(SaslFailure::NotAuthorized);
            assert_eq!(end, (failure, None), "{mechanism} {user}");
        }
    }
}

#[test]
fn the_password_is_that_of_the_domain() {
    let accounts = accounts();
    let cases = [
        ("private.localhost", "password", true),
        ("Public.localhost", "other", true),
        ("public.localhost", "password", false),
    ];
    for (domain, password, right) in cases {
        assert_eq!(accounts.check_password("opensrf", domain, password), right);
        let digest = legacy_digest("77", password);
        assert_eq!(
            accounts.check_digest("OPENSRF", domain, "77", &digest),
            right
        );
        let upper = digest.to_uppercase();
        assert_eq!(
            accounts.check_digest("opensrf", domain, "77", &upper),
            right
        );
        assert!(!accounts.check_digest("opensrf", domain, "78", &digest));
    }
}

#[test]
fn unknown_users_have_no_password_at_all() {
    let accounts = accounts();
    for password in ["", "password", "\u{7}"] {
        assert!(!accounts.check_password("nobody", "localhost", password));
        let digest = legacy_digest("77", password);
        assert!(!accounts.check_digest("nobody", "localhost", "77", &digest));
    }
    assert!(!accounts.check_password("opensrf", "localhost", ""));
    assert!(!accounts.check_digest("opensrf", "localhost", "77", ""));
}

/// What a server says to a client's first message.
fn salt_and_rounds(accounts: &Arc<Accounts>, user: &str) -> String {
    let mut server = SaslServer::start(accounts.clone(), "localhost", "SCRAM-SHA-256")
        .expect("a known mechanism");
    let first = format!("n,,n={user},r=nonce");
    let SaslProgress::Challenge(challenge) = server.step(Some(first.as_bytes())) else {
        panic!("no challenge for {user}");
    };
    let text = String::from_utf8(challenge).expect("SCRAM is UTF-8");
    text.split_once(",s=").expect("a salt").1.to_owned()
}

#[test]
fn an_unknown_user_cannot_be_told_from_a_known_one() {
    let accounts = accounts();
    for user in ["opensrf", "nobody"] {
        let first = salt_and_rounds(&accounts, user);
        assert!(
            first.len() == "AAAAAAAAAAAAAAAAAAAAAA==,i=4096".len() && first.ends_with(",i=4096")
        );
        assert_eq!(salt_and_rounds(&accounts, user), first);
        let folded = user.to_uppercase();
        assert_eq!(salt_and_rounds(&accounts, &folded), first);
    }
    assert_ne!(
        salt_and_rounds(&accounts, "opensrf"),
        salt_and_rounds(&accounts, "nobody")
    );
    let restarted = super::tests::accounts();
    assert_ne!(
        salt_and_rounds(&accounts, "nobody"),
        salt_and_rounds(&restarted, "nobody")
    );
}

/// A client of SCRAM after RFC 5802, of its own making: says `header`, then proves itself.
fn prove<D: Digest + BlockSizeUser + Clone + Sync>(
    mechanism: &str,
    header: &str,
    echo: &str,
) -> (SaslProgress, Vec<u8>) {
    let mut server = server(mechanism);
    let bare = "n=opensrf,r=fyko+d2lbbFgONRv9qkxdawL";
    let first = server.step(Some(format!("{header}{bare}").as_bytes()));
    let SaslProgress::Challenge(challenge) = first else {
        return (first, vec![]);
    };
    let challenge = String::from_utf8(challenge).expect("SCRAM is UTF-8");
    let part = |name: &str| {
        let part = challenge
            .split(',')
            .find_map(|part| part.strip_prefix(name));
        part.unwrap_or_else(|| panic!("no {name} in {challenge}"))
    };
    assert!(part("r=").starts_with("fyko+d2lbbFgONRv9qkxdawL"));
    let salt = STANDARD.decode(part("s=")).expect("base64");
    let rounds = part("i=").parse().expect("a number");
    let mut salted = vec![0; <D as Digest>::output_size()];
    pbkdf2::pbkdf2::<::hmac::SimpleHmac<D>>(b"password", &salt, rounds, &mut salted)
        .expect("any length");
    let client_key = hmac::<D>(&salted, &[b"Client Key"]);
    let last = format!("c={},r={}", STANDARD.encode(echo.as_bytes()), part("r="));
    let messages = format!("{bare},{challenge},{last}");
    let signature = hmac::<D>(&D::digest(&client_key), &[messages.as_bytes()]);
    let proof: Vec<u8> = client_key
        .iter()
        .zip(signature)
        .map(|(a, b)| a ^ b)
        .collect();
    let server_key = hmac::<D>(&salted, &[b"Server Key"]);
    let verifier = hmac::<D>(&server_key, &[messages.as_bytes()]);
    let last = format!("{last},p={}", STANDARD.encode(&proof));
    let verifier = format!("v={}", STANDARD.encode(&verifier)).into_bytes();
    (server.step(Some(last.as_bytes())), verifier)
}

#[test]
fn clients_may_say_that_they_know_channel_binding_or_not() {
    for header in [
        "n,,",
        "y,,",
        "n,a=opensrf,",
        "y,a=opensrf@private.localhost,",
    ] {
        for end in [
            prove::<Sha1>("SCRAM-SHA-1", header, header),
            prove::<Sha256>("SCRAM-SHA-256", header, header),
        ] {
            let (progress, verifier) = end;
            let user = "opensrf".into();
            let data = Some(verifier);
            assert_eq!(progress, SaslProgress::Success { user, data }, "{header}");
        }
    }
}

#[test]
fn nobody_acts_for_another_or_binds_a_channel_that_is_not_there() {
    let cases = [
        ("n,a=router,", "n,a=router,", SaslFailure::InvalidAuthzid),
        (
            "n,a=opensrf@public.localhost,",
            "n,a=opensrf@public.localhost,",
            SaslFailure::InvalidAuthzid,
        ),
        (
            "p=tls-unique,,",
            "p=tls-unique,,",
            SaslFailure::MalformedRequest,
        ),
        // The echo of the header is signed; one that differs means that someone changed it.
        ("n,,", "y,,", SaslFailure::NotAuthorized),
    ];
    for (header, echo, failure) in cases {
        let (progress, _) = prove::<Sha1>("SCRAM-SHA-1", header, echo);
        assert_eq!(progress, SaslProgress::Failure(failure), "{header}");
    }
    let plain = [
        ("router\0opensrf\0password", SaslFailure::InvalidAuthzid),
        ("router\0opensrf\0wrong", SaslFailure::NotAuthorized),
    ];
    for (message, failure) in plain {
        let progress = server("PLAIN").step(Some(message.as_bytes()));
        assert_eq!(progress, SaslProgress::Failure(failure), "{message}");
    }
    for authzid in ["opensrf", "opensrf@private.localhost"] {
        let message = format!("{authzid}\0opensrf\0password");
        let progress = server("PLAIN").step(Some(message.as_bytes()));
        assert!(
            matches!(progress, SaslProgress::Success { .. }),
            "{authzid}"
        );
    }
}

#[test]
fn garbage_is_refused_by_name() {
    let malformed = SaslProgress::Failure(SaslFailure::MalformedRequest);
    let garbage: [&[u8]; 12] = [
        b"",
        b",",
        b"n",
        b"n,,",
        b"n,x,n=opensrf,r=a",
        b"n,,n,r=a",
        b"n,,n=opensrf,r",
        b"n,,n=opensrf,r=",
        b"n,,m=x,n=opensrf,r=a",
        b"n,,n=\xff,r=a",
        b"x,,n=opensrf,r=a",
        b"\0\0\0\0",
    ];
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
        for data in garbage {
            let mut server = server(mechanism);
            assert_eq!(server.step(Some(data)), malformed, "{data:?}");
            assert_eq!(server.step(Some(b"n,,n=opensrf,r=a")), malformed);
        }
        for data in garbage {
            let mut server = server(mechanism);
            let first = server.step(Some(b"n,,n=opensrf,r=a"));
            assert!(matches!(first, SaslProgress::Challenge(_)));
            assert_eq!(server.step(Some(data)), malformed, "{data:?}");
        }
    }
    for data in [
        &b""[..],
        b"a",
        b"\0\0\0\0",
        b"\0opensrf\0",
        b"\0opensrf\0a\0b",
        b"\xff\0a\0b",
    ] {
        assert_eq!(server("PLAIN").step(Some(data)), malformed, "{data:?}");
    }
}

/// Every message cut short anywhere, and with any byte replaced by one that means something.
#[test]
fn damaged_messages_never_panic() {
    let accounts = accounts();
    let start = || SaslServer::start(accounts.clone(), "localhost", "SCRAM-SHA-1").expect("known");
    let first = b"n,a=opensrf,n=opensrf,r=fyko";
    let last = b"c=biws,r=fyko,x=y,p=dHpiWFI5";
    for (message, is_first) in [(first, true), (last, false)] {
        let cuts = (0..message.len()).map(|at| message[..at].to_vec());
        let swaps = (0..message.len()).flat_map(|at| {
            [b',', b'=', 0, 0xff].map(|byte| {
                let mut damaged = message.to_vec();
                damaged[at] = byte;
                damaged
            })
        });
        for damaged in cuts.chain(swaps) {
            let mut server = start();
            if !is_first {
                server.step(Some(first));
            }
            let progress = server.step(Some(&damaged));
            assert!(
                !matches!(progress, SaslProgress::Success { .. }),
                "{damaged:?}"
            );
            let mut client = SaslClient::start("SCRAM-SHA-1", "opensrf", "p").expect("good");
            client.step(None);
            assert!(matches!(client.step(Some(&damaged)), SaslReply::Refused(_)));
            assert!(matches!(client.step(Some(&damaged)), SaslReply::Refused(_)));
        }
    }
}

#[test]
fn a_damaged_challenge_never_panics() {
    let first = |client: &mut SaslClient| match client.step(None) {
        SaslReply::Respond(data) => data[data.len() - 24..].to_vec(),
        other => panic!("{other:?}"),
    };
    let challenge = |nonce: &[u8]| [b"r=", nonce, b"x,s=QSXCR+Q6sek8bf92,i=1"].concat();
    let length = challenge(&[b'a'; 24]).len();
    for at in 0..length {
        for byte in [None, Some(b','), Some(b'='), Some(0), Some(0xff)] {
            let mut client = SaslClient::start("SCRAM-SHA-1", "opensrf", "p").expect("good");
            let mut damaged = challenge(&first(&mut client));
            match byte {
                None => damaged.truncate(at),
                Some(byte) => damaged[at] = byte,
            }
            client.step(Some(&damaged));
            assert!(matches!(
                client.finish(Some(&damaged)),
                SaslReply::Refused(_)
            ));
        }
    }
}

#[test]
fn exchanges_can_move_between_threads() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    moves::<SaslServer>();
    moves::<SaslClient>();
    is_shared::<Accounts>();
}

#[test]
fn a_client_that_sends_nothing_with_its_choice_is_asked() {
    let mut server = server("PLAIN");
    assert_eq!(server.step(None), SaslProgress::Challenge(vec![]));
    let progress = server.step(Some(b"\0opensrf\0password"));
    assert!(matches!(progress, SaslProgress::Success { .. }));
    let unknown = SaslServer::start(accounts(), "localhost", "DIGEST-MD5").err();
    assert_eq!(unknown, Some(SaslFailure::InvalidMechanism));
}

#[test]
fn a_server_that_cannot_prove_itself_is_not_trusted() {
    let good = |client: &mut SaslClient| {
        let mut server = server("SCRAM-SHA-256");
        let mut reply = client.step(None);
        loop {
            let SaslReply::Respond(data) = reply else {
                panic!("{reply:?}");
            };
            match server.step(Some(&data)) {
                SaslProgress::Challenge(data) => reply = client.step(Some(&data)),
                SaslProgress::Success { data, .. } => return data.expect("SCRAM has a proof"),
                SaslProgress::Failure(failure) => panic!("{failure:?}"),
            }
        }
    };
    let client = || SaslClient::start("SCRAM-SHA-256", "opensrf", "password").expect("good");
    for forged in [
        None,
        Some(&b""[..]),
        Some(b"v=AAAA"),
        Some(b"e=other-error"),
    ] {
        let mut client = client();
        good(&mut client);
        assert!(
            matches!(client.finish(forged), SaslReply::Refused(_)),
            "{forged:?}"
        );
        assert!(matches!(client.finish(forged), SaslReply::Refused(_)));
    }
    let mut early = client();
    early.step(None);
    assert!(matches!(early.finish(None), SaslReply::Refused(_)));

    // Some servers send the proof as a challenge, and success without data after it.
    let mut client = client();
    let proof = good(&mut client);
    assert_eq!(client.step(Some(&proof)), SaslReply::Respond(vec![]));
    assert_eq!(client.finish(None), SaslReply::Verified);
}

#[test]
fn a_server_that_asks_for_hours_of_hashing_is_refused() {
    let mut client = SaslClient::start("SCRAM-SHA-1", "opensrf", "password").expect("good");
    let SaslReply::Respond(first) = client.step(None) else {
        panic!("no first message");
    };
    let first = String::from_utf8(first).expect("SCRAM is UTF-8");
    assert!(first.starts_with("n,,n=opensrf,r="), "{first}");
    let nonce = first.split_once("r=").expect("a nonce").1;
    let challenge = format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4294967295");
    let reply = client.step(Some(challenge.as_bytes()));
    let reason = "the server asks for too many rounds of hashing".to_owned();
    assert_eq!(reply, SaslReply::Refused(reason));
}

#[test]
fn lists_of_accounts_are_checked() {
    let twice = [account("a", None, "x"), account("A", None, "y")];
    let same_domain = [account("a", Some("D"), "x"), account("a", Some("d"), "y")];
    let both = [account("a", None, "x"), account("a", Some("d"), "y")];
    assert_eq!(
        Accounts::new(twice).err(),
        Some(AccountError::Twice { user: "a".into() })
    );
    assert_eq!(
        Accounts::new(same_domain).err(),
        Some(AccountError::Twice { user: "a".into() })
    );
    assert!(Accounts::new(both).is_ok());
    for user in ["", "a@b", "a b"] {
        let list = [account(user, None, "x")];
        assert!(
            matches!(Accounts::new(list), Err(AccountError::Address { .. })),
            "{user}"
        );
    }
    for password in ["", "\u{7}"] {
        let user = "a".to_owned();
        let list = [account("a", None, password)];
        assert_eq!(
            Accounts::new(list).err(),
            Some(AccountError::Password { user })
        );
    }
}

#[test]
fn secrets_do_not_show() {
    let shown = [
        format!("{:?}", account("opensrf", None, "hunter2")),
        format!("{:?}", Accounts::new([account("opensrf", None, "hunter2")])),
        format!("{:?}", SaslClient::start("PLAIN", "opensrf", "hunter2")),
        format!("{:?}", server("PLAIN")),
    ];
    for text in shown {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
