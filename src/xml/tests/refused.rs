//! Everything that is refused, by name.

use super::{HEADER, StreamLimits, XmlError, element, element_within, frames};

fn stream(bytes: &[u8]) -> Option<XmlError> {
    frames(&[bytes], StreamLimits::AUTHENTICATED).1
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let cases: [&[u8]; 55] = [
        b"<a></b>",
        b"<a><b></a></b>",
        b"</a>",
        b"<a>&</a>",
        b"<a>& </a>",
        b"<a>&amp</a>",
        b"<a>&nbsp;</a>",
        b"<a>&#1;</a>",
        b"<a>&#xD800;</a>",
        b"<a>&#xFFFE;</a>",
        b"<a>&#;</a>",
        b"<a>&#x;</a>",
        b"<a>&#X41;</a>",
        b"<a b='&'/>",
        b"<a b='&amp'/>",
        b"<a b='&foo;'/>",
        b"<a b='&#0;'/>",
        b"<a b='<'/>",
        b"<a b='\r\n'/>",
        b"<a b=c/>",
        b"<a b/>",
        b"<a b=/>",
        b"<a b='1'c='2'/>",
        b"<a b='1' b='2'/>",
        b"<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
        b"<a xmlns:p='u' xmlns:p='u'/>",
        b"<a xmlns='u' xmlns='u'/>",
        b"<a xmlns:b=''/>",
        b"<a xmlns:xml='u'/>",
        b"<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
        b"<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        b"<a xmlns:xmlns='u'/>",
        b"<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
        b"<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        b"<a>]]></a>",
        b"<a>]]&gt;]]></a>",
        b"<a>\x01</a>",
        b"<a>\x00</a>",
        b"<a b='\x1f'/>",
        b"<a><![CDATA[\x0b]]></a>",
        b"<a>\xef\xbf\xbe</a>",
        b"<a>\xef\xbf\xbf</a>",
        b"<1m/>",
        b"<-m/>",
        b"<a\0/>",
        b"<a:b:c/>",
        b"<:a/>",
        b"<a:/>",
        b"< a/>",
        b"<>",
        b"<a></ a>",
        b"<a></a b=''>",
        b"<a/b='1'/>",
        b"<a / >x</a>",
        b"<\xc3\x97/>",
    ];
    for bytes in cases {
        let found = element(bytes);
        assert!(
            matches!(found, Err(XmlError::NotWellFormed(_))),
            "{} gives {found:?}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn text_between_stanzas_is_refused() {
    for bytes in [
        &b"x"[..],
        b"<a/>x",
        b"<a/>&#32;",
        b"<![CDATA[ ]]>",
        b"\xef\xbb\xbf<a/>",
    ] {
        let stream = [HEADER.as_bytes(), bytes].concat();
        let (_, error) = frames(&[&stream], StreamLimits::AUTHENTICATED);
        assert!(
            matches!(error, Some(XmlError::NotWellFormed(_))),
            "{} gives {error:?}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn markup_that_xml_has_and_streams_have_not_is_refused() {
    let cases = [
        "<!-- c -->",
        "<a><!-- c --></a>",
        "<!DOCTYPE a>",
        "<a><!DOCTYPE a></a>",
        "<a><!ENTITY x 'y'></a>",
        "<?pi?>",
        "<a><?pi x?></a>",
        "<?xml version='1.0'?>",
        "<a><?xml version='1.0'?></a>",
    ];
    for xml in cases {
        let found = element(xml.as_bytes());
        assert!(
            matches!(found, Err(XmlError::Restricted(_))),
            "{xml} gives {found:?}"
        );
    }
    assert!(matches!(
        stream(b"<!DOCTYPE stream:stream [<!ENTITY lol 'lol'>]>"),
        Some(XmlError::Restricted(_))
    ));
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    for bytes in [
        &b"<a>\xff</a>"[..],
        b"<a>\xc0\xaf</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<a b='\xe2\x82'/>",
        b"<\xe9/>",
    ] {
        assert_eq!(element(bytes), Err(XmlError::UnsupportedEncoding));
    }
    assert_eq!(stream(b"\xff\xfe<\0"), Some(XmlError::UnsupportedEncoding));
    assert_eq!(
        stream(b"<?xml version='1.0' encoding='UTF-16'?>"),
        Some(XmlError::UnsupportedEncoding)
    );
}

#[test]
fn prefixes_must_be_declared_in_the_element_itself() {
    let header = HEADER.replace("to=", "xmlns:p='urn:x' to=");
    for xml in [
        "<p:a/>",
        "<message><p:a/></message>",
        "<stream:a><p:a/></stream:a>",
        "<stream:features><q:a/></stream:features>",
        "<s:features xmlns:s='http://etherx.jabber.org/streams'><p:a/></s:features>",
    ] {
        let stream = format!("{header}{xml}");
        let (_, error) = frames(&[stream.as_bytes()], StreamLimits::AUTHENTICATED);
        assert_eq!(error, Some(XmlError::BadNamespacePrefix), "{xml}");
    }
    for xml in [
        "<p:a/>",
        "<a p:b=''/>",
        "<a><b xmlns:p='u'/><p:c/></a>",
        "<xmlns:a/>",
    ] {
        assert_eq!(
            element(xml.as_bytes()),
            Err(XmlError::BadNamespacePrefix),
            "{xml}"
        );
    }
}

#[test]
fn the_header_must_be_that_of_a_client_stream() {
    let cases = [
        (
            HEADER.replace("jabber:client", "jabber:server"),
            XmlError::InvalidNamespace,
        ),
        (
            HEADER.replace("xmlns='jabber:client'", ""),
            XmlError::InvalidNamespace,
        ),
        (
            HEADER.replace("etherx", "other"),
            XmlError::InvalidNamespace,
        ),
        (
            HEADER.replace("xmlns:stream=", "xmlns:s="),
            XmlError::BadNamespacePrefix,
        ),
        (
            HEADER
                .replace("stream:stream", "s:stream")
                .replace("xmlns:stream", "xmlns:s"),
            XmlError::BadNamespacePrefix,
        ),
        (
            HEADER.replace('>', " p:a=''>"),
            XmlError::BadNamespacePrefix,
        ),
        (HEADER.replace('>', "/>"), XmlError::NotAStream),
        (
            HEADER.replace("<stream:stream", "<stream:other"),
            XmlError::NotAStream,
        ),
        ("<html>".into(), XmlError::NotAStream),
        (
            "</stream:stream>".into(),
            XmlError::NotWellFormed("no element where one must be"),
        ),
        (
            "GET / HTTP/1.1\r\n".into(),
            XmlError::NotWellFormed("text before the stream header"),
        ),
        (
            format!(" <?xml version='1.0'?>{HEADER}"),
            XmlError::Restricted("processing instruction"),
        ),
        (
            format!("<?xml version='1.1'?>{HEADER}"),
            XmlError::NotWellFormed("bad XML declaration"),
        ),
    ];
    for (xml, error) in cases {
        assert_eq!(stream(xml.as_bytes()), Some(error), "{xml}");
    }
}

#[test]
fn only_the_stream_ends_the_stream() {
    for xml in [
        "</stream>",
        "</a>",
        "</stream:streams>",
        "</ stream:stream>",
        "</>",
    ] {
        let stream = format!("{HEADER}{xml}");
        let (_, error) = frames(&[stream.as_bytes()], StreamLimits::AUTHENTICATED);
        assert!(
            matches!(error, Some(XmlError::NotWellFormed(_))),
            "{xml} gives {error:?}"
        );
    }
}

const LIMITS: StreamLimits = StreamLimits {
    stanza_bytes: 200,
    elements: 4,
    depth: 3,
    attributes: 2,
    name_bytes: 8,
    attribute_bytes: 10,
    namespaces: 2,
};

#[test]
fn each_limit_is_reached_and_not_passed() {
    let cases = [
        (
            format!("<a>{}</a>", "x".repeat(193)),
            XmlError::TooBig { limit: 200 },
        ),
        (
            "<a><b/><b/><b/></a>".into(),
            XmlError::TooManyElements { limit: 4 },
        ),
        ("<a><b><c/></b></a>".into(), XmlError::TooDeep { limit: 3 }),
        (
            "<a b='' c=''/>".into(),
            XmlError::TooManyAttributes { limit: 2 },
        ),
        ("<abcdefgh/>".into(), XmlError::NameTooLong { limit: 8 }),
        (
            "<a abcdefgh=''/>".into(),
            XmlError::NameTooLong { limit: 8 },
        ),
        (
            "<a b='0123456789'/>".into(),
            XmlError::AttributeTooLong { limit: 10 },
        ),
        (
            "<a xmlns='u'><b xmlns:p='u'/></a>".into(),
            XmlError::TooManyNamespaces { limit: 2 },
        ),
    ];
    let over = [
        format!("<a>{}</a>", "x".repeat(194)),
        "<a><b/><b/><b/><b/></a>".into(),
        "<a><b><c><d/></c></b></a>".into(),
        "<a b='' c='' d=''/>".into(),
        "<abcdefghi/>".into(),
        "<a abcdefghi=''/>".into(),
        "<a b='01234567890'/>".into(),
        "<a xmlns='u'><b xmlns:p='u'/><b xmlns:p='u'/></a>".to_owned(),
    ];
    // The header of the tests is longer than these limits let it be.
    let within = |xml: &str| {
        let around = super::super::tag::Around::Stream;
        super::super::check::check(xml.to_owned().into(), around, &LIMITS).map(|_| ())
    };
    let scanned = |xml: &str| {
        let mut scan = super::super::scan::Scan::default();
        scan.element(xml.as_bytes(), &LIMITS).map(|_| ())
    };
    for ((at, error), over) in cases.into_iter().zip(over) {
        assert_eq!(scanned(&at).and_then(|()| within(&at)), Ok(()), "{at}");
        assert_eq!(
            scanned(&over).and_then(|()| within(&over)),
            Err(error),
            "{over}"
        );
    }
}

#[test]
fn what_is_too_big_is_refused_before_it_is_complete() {
    let limits = StreamLimits::UNAUTHENTICATED;
    let endless = format!("<a>{}", "x".repeat(limits.stanza_bytes));
    let too_big = XmlError::TooBig {
        limit: limits.stanza_bytes,
    };
    assert_eq!(element_within(endless.as_bytes(), limits), Err(too_big));
    let deep = "<a>".repeat(limits.depth + 1);
    let too_deep = XmlError::TooDeep {
        limit: limits.depth,
    };
    assert_eq!(element_within(deep.as_bytes(), limits), Err(too_deep));
    let wide = format!("<a>{}", "<b/>".repeat(limits.elements));
    let too_many = XmlError::TooManyElements {
        limit: limits.elements,
    };
    assert_eq!(element_within(wide.as_bytes(), limits), Err(too_many));
}
