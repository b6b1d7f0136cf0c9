//! Identifiers: sub-seeds by name, ids that never repeat, and the grammar of resource names.

/// A source of chance that is handed down, never global.
///
/// `fork` derives a source for a part by that part's name, so that a new part does not shift the
/// values of the others. Not for secrets.
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Seed {
    /// A source that gives the same values for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A source for the part called `name`; the same name gives the same source.
    #[must_use]
    pub fn fork(&self, name: &str) -> Self {
        // FNV-1a over the name, then mixed, so that near names give far seeds.
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(mix(hash))
    }

    /// The next value, each as likely as any other (SplitMix64).
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next fraction in `0.0..1.0`.
    pub fn next_fraction(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Names that are never given twice by one source: `<prefix>.<n>`.
#[derive(Debug, Clone)]
pub struct Names {
    prefix: String,
    given: u64,
}

impl Names {
    /// Names unique across the network as long as `seed` is random for each source.
    #[must_use]
    pub fn new(mut seed: Seed) -> Self {
        Self {
            prefix: format!("{:016x}", seed.next_u64()),
            given: 0,
        }
    }

    /// The next name, of 18 to 37 characters out of `0-9a-f.`.
    pub fn next_name(&mut self) -> String {
        self.given += 1;
        let mut digits = itoa::Buffer::new();
        [&*self.prefix, ".", digits.format(self.given)].concat()
    }
}

/// `text` as part of a resource name: what would confuse a peer's address reader is replaced.
///
/// The C programs take the domain from the text between the last `@` and a later `/`, so neither
/// may stand in a resource; XML's special characters are not escaped by the Perl programs.
#[must_use]
pub fn resource_part(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    text.chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_differ_by_name_and_repeat_by_seed() {
        let root = Seed::new(7);
        assert_eq!(root.fork("a").next_u64(), root.fork("a").next_u64());
        assert_ne!(root.fork("a").next_u64(), root.fork("b").next_u64());
        assert_ne!(Seed::new(8).fork("a").next_u64(), root.fork("a").next_u64());
    }

    #[test]
    fn fractions_stay_in_their_range() {
        let mut seed = Seed::new(1);
        assert!(
            (0..10_000)
                .map(|_| seed.next_fraction())
                .all(|f| (0.0..1.0).contains(&f))
        );
    }

    #[test]
    fn names_do_not_repeat() {
        let mut names = Names::new(Seed::new(3));
        assert_ne!(names.next_name(), names.next_name());
    }

    #[test]
    fn a_resource_part_has_no_separators() {
        assert_eq!(resource_part("web 1/a@b&c"), "web-1-a-b-c");
    }
}
