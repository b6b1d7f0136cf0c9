use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> String {
    let error = read_document(text.as_bytes()).expect_err(text);
    error.to_string()
}

fn text_of(xml: &str) -> Option<String> {
    read_document(xml.as_bytes()).expect(xml).text
}

#[test]
fn elements_know_their_lines() {
    let xml = "\u{feff}<?xml version='1.0' encoding=\"utf-8\"?>\r\n<!-- x\n -->\n<a b='1&amp;2'>\
               \n  <c/><?pi y?>\n  <d>t</d>\n</a>\n<!-- end -->\n";
    let root = read_document(xml.as_bytes()).unwrap();
    assert_eq!((root.name.as_str(), root.line, root.order), ("a", 4, 0));
    assert_eq!(root.attributes, [("b".to_owned(), "1&2".to_owned())]);
    let children = root.children.iter();
    let children: Vec<_> = children.map(|c| (c.name.as_str(), c.line)).collect();
    assert_eq!(children, [("c", 5), ("d", 6)]);
    assert_eq!(root.text, None);
    assert_eq!(root.child("d").unwrap().text.as_deref(), Some("t"));
}

#[test]
fn text_is_untrimmed_and_white_space_beside_a_comment_is_none() {
    let cases = [
        ("<a/>", None),
        ("<a></a>", None),
        ("<a> x\n</a>", Some(" x\n")),
        ("<a> </a>", Some(" ")),
        ("<a>\n<!-- c -->\n</a>", None),
        ("<a>x<!-- c -->y</a>", Some("xy")),
        ("<a>\n<!-- c -->\n7</a>", Some("\n7")),
        ("<a>1&lt;2<![CDATA[<&]]>&#x41;</a>", Some("1<2<&A")),
        ("<a>mixed<b/></a>", None),
    ];
    for (xml, text) in cases {
        assert_eq!(text_of(xml).as_deref(), text, "{xml}");
    }
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    let cases = [
        ("", "1:1: there is no element in it"),
        ("<a>\n  <b>\n</a>", "3:1: "),
        ("<a>\n  <b>", "2:3: <b> is not closed"),
        ("<a>\n x &copy; </a>", "2:4: &copy; is no entity"),
        (
            "<a>\n<b c=1/></a>",
            "2:1: not well-formed: attribute without",
        ),
        ("<a/>\n<b/>", "2:1: a second element"),
        ("<a/>\nx", "1:5: text outside"),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>",
            "1:1: a document type",
        ),
        (
            "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
            "1:1: not UTF-8",
        ),
        ("<a>\n<!-- a -- b --></a>", "2:"),
        ("<a><?xml version='1.0'?></a>", "1:4: an XML declaration"),
    ];
    for (xml, expected) in cases {
        let told = refusal(xml);
        assert!(told.starts_with(expected), "{xml}\n=> {told}");
    }
    let latin = read_document(b"<a>\nM\xfcnster</a>").unwrap_err();
    assert_eq!((latin.line, latin.column), (2, 2));
}

#[test]
fn size_and_depth_have_bounds() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read_document(deep(LIMITS.depth).as_bytes()).is_ok());
    assert!(refusal(&deep(LIMITS.depth + 1)).contains("nested deeper"));
    let many = format!("<a>{}</a>", "<b/>".repeat(LIMITS.elements));
    assert!(refusal(&many).contains("elements in one"));
    let long = " ".repeat(LIMITS.stanza_bytes + 1);
    assert!(refusal(&long).contains("longer than"));
}

#[test]
fn an_include_is_known() {
    let include = |xml: &str| read_document(xml.as_bytes()).unwrap().is_include();
    assert!(include("<xi:include href='x'/>"));
    assert!(include(
        "<include xmlns='http://www.w3.org/2001/XInclude'/>"
    ));
    assert!(!include("<include>x</include>"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_document(&bytes);
    }

    #[test]
    fn no_markup_makes_it_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "<a>", "</a>", "<b c='d'>", "</b>", "<a/>", "<!-- x -->", "<![CDATA[", "]]>",
                "&amp;", "&", ";", "text", " ", "\n", "<?xml version='1.0'?>", "<?p?>",
                "<!DOCTYPE a>", "<", ">", "\u{fffe}", "ä",
            ]),
            0..20,
        )
    ) {
        let text = parts.concat();
        if let Err(error) = read_document(text.as_bytes()) {
            prop_assert!(error.line >= 1 && error.line <= 1 + text.matches('\n').count());
        }
    }
}
