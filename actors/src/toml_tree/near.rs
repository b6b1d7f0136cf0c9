//! Words that somebody may have meant.

/// Whether one is the other with one or two slips of the finger.
pub(super) fn is_near(known: &str, given: &str) -> bool {
    let allowed = (known.len() / 3).min(2);
    distance(known.as_bytes(), given.as_bytes()) <= allowed
}

/// Levenshtein's distance, in O(`a` · `b`).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let cases = [
            ("domains", "domain", true),
            ("trusted_clients", "trusted_client", true),
            ("accounts", "acounts", true),
            ("name", "nmae", false),
            ("name", "nam", true),
            ("min", "max", false),
            ("listen", "port", false),
        ];
        for (known, given, near) in cases {
            assert_eq!(is_near(known, given), near, "{known} {given}");
        }
    }
}
