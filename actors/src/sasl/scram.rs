//! Keys of SCRAM, and what of its messages must be checked before `rsasl` sees them.

use hmac::{Mac, SimpleHmac};
use sha1::Digest;
use sha1::digest::core_api::BlockSizeUser;

/// Rounds of PBKDF2: what RFC 5802 and RFC 7677 ask for at least.
pub(super) const ITERATIONS: u32 = 4_096;

/// Rounds that a server may ask of us: about a second.
const MOST_ITERATIONS: u32 = 1_000_000;

/// What a server keeps instead of a password, for one hash.
#[derive(Clone)]
pub(super) struct ScramKeys {
    pub(super) stored: Vec<u8>,
    pub(super) server: Vec<u8>,
}

impl ScramKeys {
    /// Derives them; takes some milliseconds.
    pub(super) fn derive<D: Digest + BlockSizeUser + Clone + Sync>(
        password: &str,
        salt: &[u8],
    ) -> Self {
        let mut salted = vec![0; <D as Digest>::output_size()];
        pbkdf2::pbkdf2::<SimpleHmac<D>>(password.as_bytes(), salt, ITERATIONS, &mut salted)
            .expect("an HMAC takes a key of any length");
        Self {
            stored: D::digest(hmac::<D>(&salted, &[b"Client Key"])).to_vec(),
            server: hmac::<D>(&salted, &[b"Server Key"]),
        }
    }
}

/// The HMAC of `parts`, each followed by a byte that occurs in none of them.
pub(super) fn hmac<D: Digest + BlockSizeUser>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = SimpleHmac::<D>::new_from_slice(key).expect("an HMAC takes a key of any length");
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            mac.update(&[0xff]);
        }
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Whether each part of a client's first message is long enough for `rsasl` to read it.
pub(super) fn is_client_first(message: &[u8]) -> bool {
    let mut parts = message.split(|&byte| byte == b',');
    let _flag = parts.next();
    let authzid = parts.next();
    authzid.is_some_and(|part| part.is_empty() || part.starts_with(b"a="))
        && parts
            .next()
            .is_some_and(|part| part.starts_with(b"n=") && part.len() > 2)
        && parts
            .next()
            .is_some_and(|part| part.starts_with(b"r=") && part.len() > 2)
        && parts.all(is_attribute)
}

/// Whether each part of any other message is long enough for `rsasl` to read it.
pub(super) fn is_message(message: &[u8]) -> bool {
    message.split(|&byte| byte == b',').all(is_attribute)
}

fn is_attribute(part: &[u8]) -> bool {
    matches!(part, [name, b'=', ..] if name.is_ascii_alphabetic())
}

/// Whether a server's first message asks for a bearable number of rounds.
pub(super) fn is_bearable(server_first: &[u8]) -> bool {
    let mut parts = server_first.split(|&byte| byte == b',');
    let count = parts.find_map(|part| part.strip_prefix(b"i="));
    count
        .and_then(|count| std::str::from_utf8(count).ok()?.parse::<u32>().ok())
        .is_some_and(|count| (1..=MOST_ITERATIONS).contains(&count))
}

/// Reads a name as SCRAM writes it, with `=2C` for a comma and `=3D` for an equals sign.
pub(super) fn unescape(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return None,
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unescaped() {
        let cases = [
            ("user", Some("user")),
            ("a=2Cb=3Dc", Some("a,b=c")),
            ("a=2", None),
            ("a=", None),
            ("=2c", None),
        ];
        for (name, plain) in cases {
            assert_eq!(unescape(name).as_deref(), plain, "{name}");
        }
    }

    #[test]
    fn what_rsasl_would_trip_over_is_kept_from_it() {
        let firsts = [
            ("n,,n=user,r=nonce", true),
            ("y,a=user,n=user,r=nonce,x=1", true),
            ("n,,n=,r=nonce", false),
            ("n,x,n=user,r=nonce", false),
            ("n,,n,r=nonce", false),
            ("n,,n=user,r", false),
            ("n,,n=user,r=nonce,", false),
            ("n,", false),
            ("", false),
        ];
        for (message, right) in firsts {
            assert_eq!(is_client_first(message.as_bytes()), right, "{message}");
        }
        for (message, right) in [
            ("c=biws,r=x,p=y", true),
            ("", false),
            ("c=biws,,p=y", false),
            ("c", false),
        ] {
            assert_eq!(is_message(message.as_bytes()), right, "{message}");
        }
    }

    #[test]
    fn a_server_cannot_keep_us_busy_for_hours() {
        for (message, bearable) in [
            ("r=x,s=eA==,i=4096", true),
            ("r=x,s=eA==,i=4294967295", false),
            ("r=x,s=eA==,i=0", false),
            ("r=x,s=eA==", false),
        ] {
            assert_eq!(is_bearable(message.as_bytes()), bearable, "{message}");
        }
    }

    #[test]
    fn keys_are_those_of_the_rfcs() {
        // RFC 5802 §5 and RFC 7677 §3: the server's signature over the example's messages.
        let salt = [
            0x41, 0x25, 0xc2, 0x47, 0xe4, 0x3a, 0xb1, 0xe9, 0x3c, 0x6d, 0xff, 0x76,
        ];
        let messages = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,\
                        r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,\
                        c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let keys = ScramKeys::derive::<sha1::Sha1>("pencil", &salt);
        let signature = hmac::<sha1::Sha1>(&keys.server, &[messages.as_bytes()]);
        // rmF9pqV8S7suAoZWja4dJRkFsKQ=
        let expected = [
            0xae, 0x61, 0x7d, 0xa6, 0xa5, 0x7c, 0x4b, 0xbb, 0x2e, 0x02, 0x86, 0x56, 0x8d, 0xae,
            0x1d, 0x25, 0x19, 0x05, 0xb0, 0xa4,
        ];
        assert_eq!(signature, expected);
    }
}
