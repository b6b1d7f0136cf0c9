//! Inputs that are nearly what they should be.

use std::ops::Range;

use opensrf::ids::Seed;

/// What the readers treat specially.
const SNIPPETS: [&str; 36] = [
    "<",
    ">",
    "&",
    "'",
    "\"",
    "/",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    " ",
    "\r\n",
    "\t",
    "\0",
    "\u{7f}",
    "é",
    "\u{fffe}",
    "\u{1f600}",
    "\\ud800",
    "\\u0000",
    "null",
    "true",
    "-1",
    "1E400",
    "70000",
    "<a>",
    "</a>",
    "]]>",
    "<![CDATA[",
    "&amp;",
    "&#x41;",
    " xmlns='jabber:client'",
    "\"__c\":",
];

/// Changed seeds without end, the same for the same seeds.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    seeds: Vec<&'a [u8]>,
    chance: Seed,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(seeds: Vec<&'a [u8]>) -> Self {
        Self {
            seeds,
            chance: Seed::new(3),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.chance.next_u64() % limit.max(1) as u64) as usize
    }

    /// A few bytes of an input.
    fn part(&mut self, length: usize) -> Range<usize> {
        let from = self.below(length + 1);
        let most = (length - from).min(24);
        from..from + self.below(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let part = self.part(input.len());
        let at = part.start;
        match self.below(6) {
            0 => drop(input.drain(part)),
            1 => {
                let again = input[part].to_vec();
                input.splice(at..at, again);
            }
            2 => {
                let other = self.below(self.seeds.len());
                let from = self.part(self.seeds[other].len());
                input.splice(part, self.seeds[other][from].iter().copied());
            }
            3 => {
                let byte = self.chance.next_u64() as u8;
                input.splice(part, [byte]);
            }
            kind => {
                let snippet = SNIPPETS[self.below(SNIPPETS.len())];
                let end = if kind == 4 { at } else { part.end.min(at + 1) };
                input.splice(at..end, snippet.bytes());
            }
        }
    }
}

impl Iterator for Changes<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let seed = self.below(self.seeds.len());
        let mut input = self.seeds[seed].to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        Some(input)
    }
}
