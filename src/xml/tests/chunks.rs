//! How the bytes are cut makes no difference.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{HEADER, StreamLimits, frames};

/// Pieces of streams, whole and broken, that the cuts fall into.
const PARTS: [&str; 16] = [
    " \r\n",
    "<message to='a@b/c' id=\"'>\"><body>x &quot;y&quot; é\u{1f600}</body></message>",
    "<a><![CDATA[ <b> ]] ]]></a>",
    "<a><b><c/></b ><b/></a\n>",
    "<iq/>",
    "<a>",
    "</a>",
    "<!--",
    "<![CDATA[",
    "<?xml version='1.0'?>",
    "</stream:stream>",
    "text",
    "<a b='",
    "<p:a/>",
    "<a><b><c><d/></c></b></a>",
    "<a>0123456789012345678901234567890123456789012345678901234567890123456789</a>",
];

const TIGHT: StreamLimits = StreamLimits {
    stanza_bytes: 160,
    elements: 4,
    depth: 3,
    ..StreamLimits::UNAUTHENTICATED
};

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(
        declared in any::<bool>(),
        parts in vec(prop::sample::select(&PARTS[..]), 0..6),
        cuts in vec(1_usize..40, 1..20),
    ) {
        let declaration = if declared { "<?xml version='1.0'?>" } else { "" };
        let stream = format!("{declaration}{HEADER}{}", parts.concat());
        let whole = frames(&[stream.as_bytes()], TIGHT);
        let single: Vec<_> = stream.as_bytes().chunks(1).collect();
        prop_assert_eq!(&frames(&single, TIGHT), &whole);
        let (mut pieces, mut rest) = (Vec::new(), stream.as_bytes());
        for cut in cuts.into_iter().cycle() {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&frames(&pieces, TIGHT), &whole);
    }
}
