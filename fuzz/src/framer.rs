//! The framer: bytes to whole elements.

use opensrf::ids::Seed;
use opensrf::limits::StreamLimits;
use opensrf::xml::{Element, Frame, Raw};

use super::{HEADER, frames, with_header};

/// Limits that short inputs reach.
const TIGHT: StreamLimits = StreamLimits {
    stanza_bytes: 256,
    elements: 6,
    depth: 4,
    attributes: 4,
    name_bytes: 24,
    attribute_bytes: 48,
    namespaces: 3,
};

/// The cut makes no difference, the limits are kept, and what passes passes again.
pub fn check(data: &[u8]) {
    let stream = with_header(data);
    for limits in [TIGHT, StreamLimits::AUTHENTICATED] {
        let whole = frames([&stream[..]], limits);
        assert_eq!(frames(stream.chunks(1), limits), whole, "byte by byte");
        assert_eq!(frames(cut(&stream), limits), whole, "in pieces");
        for frame in &whole.0 {
            if let Frame::Element(raw) = frame {
                check_element(raw, limits);
            }
        }
    }
}

/// Pieces of 1 to 64 bytes, the same for the same stream.
fn cut(stream: &[u8]) -> Vec<&[u8]> {
    let mut seed = Seed::new(stream.len() as u64);
    let (mut pieces, mut rest) = (Vec::new(), stream);
    while !rest.is_empty() {
        let length = (seed.next_u64() % 64 + 1) as usize;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn check_element(raw: &Raw, limits: StreamLimits) {
    assert!(raw.bytes().len() <= limits.stanza_bytes, "stanza_bytes");
    let element = raw.element();
    let (elements, depth) = measure(&element);
    assert!(elements <= limits.elements, "elements");
    assert!(depth <= limits.depth, "depth");
    let inner = raw.inner();
    assert_eq!(raw.children().len(), element.children.len());
    for (child, decoded) in raw.children().iter().zip(&element.children) {
        assert_eq!(child.name(&inner), decoded.name);
        let (whole, content) = (child.range(), child.content());
        assert!(whole.start < content.start && content.end <= whole.end);
        assert!(inner[whole].starts_with('<'));
        assert_eq!(child.attributes(&inner).count(), decoded.attributes.len());
    }
    // Features may use what the header of their stream declares, so they mean less elsewhere.
    if raw.name() != "features" {
        let names = raw.children().iter().map(|child| child.namespace());
        assert!(names.eq(element.children.iter().map(|child| &*child.namespace)));
        let (again, error) = frames([HEADER, &raw.bytes()[..]], limits);
        assert_eq!(error, None, "what passed passes again");
        assert_eq!(again.last(), Some(&Frame::Element(raw.clone())));
    }
}

/// How many elements it is, and how deep.
fn measure(element: &Element) -> (usize, usize) {
    assert!(element.attributes.len() <= StreamLimits::AUTHENTICATED.attributes);
    let children = element.children.iter().map(measure);
    children.fold((1, 1), |(count, depth), (c, d)| {
        (count + c, depth.max(d + 1))
    })
}
