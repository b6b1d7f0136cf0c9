//! Keys: what becomes of a text that shall be one, and which server has it (protocol §13).

use md5::{Digest, Md5};

/// The longest key that memcached takes, in bytes.
const LONGEST: usize = 250;

/// A key as it is sent: without white space and control characters. One that is longer than
/// 250 bytes becomes `shortened_` with its MD5; an empty one is none.
#[must_use]
pub fn clean(key: &str) -> Option<String> {
    let is_kept = |c: &char| !c.is_whitespace() && !c.is_control();
    let cleaned: String = key.chars().filter(is_kept).collect();
    if cleaned.len() > LONGEST {
        return Some(format!("shortened_{}", md5_hex(&cleaned)));
    }
    (!cleaned.is_empty()).then_some(cleaned)
}

/// The MD5 of a text in lower-case hexadecimal digits.
pub(crate) fn md5_hex(text: &str) -> String {
    let digest = Md5::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which of so many servers has a key: Jenkins' one-at-a-time hash of its bytes, modulo their number.
/// libmemcached does the same unless told otherwise.
pub(super) fn server_of(key: &str, servers: usize) -> usize {
    let hash = one_at_a_time(key.as_bytes());
    (hash as usize).checked_rem(servers).unwrap_or(0)
}

fn one_at_a_time(bytes: &[u8]) -> u32 {
    let mixed = bytes.iter().fold(0_u32, |hash, byte| {
        let hash = hash.wrapping_add(u32::from(*byte));
        let hash = hash.wrapping_add(hash << 10);
        hash ^ (hash >> 6)
    });
    let hash = mixed.wrapping_add(mixed << 3);
    let hash = hash ^ (hash >> 11);
    hash.wrapping_add(hash << 15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_cleaned_and_shortened() {
        let cleaned = |key: &str| clean(key);
        assert_eq!(cleaned(" a b\tc\r\nd\u{7f}\u{a0} ").unwrap(), "abcd");
        assert_eq!(cleaned(" \n"), None);
        assert_eq!(cleaned(&"x".repeat(250)).unwrap(), "x".repeat(250));
        let shortened = cleaned(&format!(" {}", "x".repeat(251))).unwrap();
        assert_eq!(
            shortened,
            format!("shortened_{}", md5_hex(&"x".repeat(251)))
        );
        // 126 characters of two bytes.
        assert!(
            cleaned(&"\u{e9}".repeat(126))
                .unwrap()
                .starts_with("shortened_")
        );
    }

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(one_at_a_time(b"a"), 0xca2e_9442);
        let fox = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(one_at_a_time(fox), 0x519e_91f5);
    }

    proptest! {
        #[test]
        fn a_cleaned_key_is_clean_and_has_a_server(key in "\\PC{0,300}", servers in 1_usize..5) {
            if let Some(cleaned) = clean(&key) {
                prop_assert!((1..=LONGEST).contains(&cleaned.len()));
                prop_assert_eq!(clean(&cleaned), Some(cleaned.clone()));
                prop_assert!(server_of(&cleaned, servers) < servers);
            }
        }
    }
}
