//! The start of a stream: its declaration and its header.

use bytes::{BufMut, BytesMut};

use super::chars::{check_legal, is_space};
use super::scope::Scope;
use super::tag::{Around, Declared, StartTag};
use super::unescape::value;
use super::{StreamHeader, XmlError, escape, ns};
use crate::limits::StreamLimits;

const DECLARATION: XmlError = XmlError::NotWellFormed("bad XML declaration");

impl StreamHeader {
    /// Appends the start of a stream in one piece: XML declaration and header.
    ///
    /// The original C and Perl programs look for exactly this prefix and default namespace, and
    /// read only once: send it in one write.
    pub fn write_to(&self, out: &mut BytesMut) {
        out.put_slice(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' ");
        out.put_slice(b"xmlns:stream='http://etherx.jabber.org/streams'");
        let attributes = [
            ("to", &self.to),
            ("from", &self.from),
            ("id", &self.id),
            ("version", &self.version),
        ];
        for (name, value) in attributes {
            if let Some(value) = value {
                out.put_u8(b' ');
                out.put_slice(name.as_bytes());
                out.put_slice(b"='");
                escape::attribute(out, value);
                out.put_u8(b'\'');
            }
        }
        out.put_u8(b'>');
    }

    /// Reads the header from its whole start tag, and the prefixes that it declares.
    pub(super) fn parse(
        tag: &[u8],
        limits: &StreamLimits,
    ) -> Result<(Self, Box<Declared>), XmlError> {
        let text = std::str::from_utf8(tag).map_err(|_| XmlError::UnsupportedEncoding)?;
        check_legal(text)?;
        let inside = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
        let inside = inside.unwrap_or_default();
        // A stream that ends in its own start tag is none.
        let open = inside.strip_suffix('/').unwrap_or(inside);
        let tag = StartTag::parse(open, limits)?;
        check_names(&tag, limits)?;
        if open.len() < inside.len() {
            return Err(XmlError::NotAStream);
        }
        let attribute = |name| tag.attribute(name).map(|raw| value(raw).into_owned());
        let header = Self {
            to: attribute("to"),
            from: attribute("from"),
            id: attribute("id"),
            version: attribute("version"),
        };
        Ok((header, declared(&tag)))
    }
}

/// The prefixes that are not those of every stream.
fn declared(tag: &StartTag<'_>) -> Box<Declared> {
    let declarations = tag.attributes.iter().filter_map(|attribute| {
        let prefix = attribute
            .declares()
            .filter(|p| !matches!(*p, "" | "stream" | "xml"))?;
        Some((prefix.into(), value(attribute.value).into()))
    });
    declarations.collect()
}

fn check_names(tag: &StartTag<'_>, limits: &StreamLimits) -> Result<(), XmlError> {
    let mut scope = Scope::new(Around::Nothing);
    scope.open(tag, limits)?;
    let namespace = scope.namespace(tag);
    match (tag.prefix, tag.local) {
        ("stream", "stream") if namespace != ns::STREAM => Err(XmlError::InvalidNamespace),
        ("stream", "stream") if scope.resolve("") != Some(ns::CLIENT) => {
            Err(XmlError::InvalidNamespace)
        }
        ("stream", "stream") => Ok(()),
        (_, "stream") if namespace == ns::STREAM => Err(XmlError::BadNamespacePrefix),
        _ => Err(XmlError::NotAStream),
    }
}

/// Refuses an XML declaration, given from `<?` to `?>`, of anything but XML 1.0 in UTF-8.
pub(super) fn check_declaration(bytes: &[u8]) -> Result<(), XmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::UnsupportedEncoding)?;
    let inside = text
        .strip_prefix("<?xml")
        .and_then(|t| t.strip_suffix("?>"));
    let inside = inside.filter(|t| t.bytes().next().is_some_and(is_space));
    let inside = inside.ok_or(XmlError::Restricted("processing instruction"))?;
    // What it holds has the grammar of attributes, in a fixed order.
    let content = format!("xml{inside}");
    let tag = StartTag::parse(&content, &StreamLimits::UNAUTHENTICATED)?;
    let mut attributes = tag.attributes.iter().map(|a| (a.name, a.value)).peekable();
    if attributes.next() != Some(("version", "1.0")) {
        return Err(DECLARATION);
    }
    if let Some((_, encoding)) = attributes.next_if(|(name, _)| *name == "encoding")
        && !encoding.eq_ignore_ascii_case("utf-8")
    {
        return Err(XmlError::UnsupportedEncoding);
    }
    attributes.next_if(|attribute| *attribute == ("standalone", "yes"));
    attributes.next().map_or(Ok(()), |_| Err(DECLARATION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_xml_1_0_in_utf_8_may_be_declared() {
        let good = [
            "<?xml version='1.0'?>",
            "<?xml version=\"1.0\" encoding='UTF-8' ?>",
            "<?xml\tversion = '1.0' encoding='utf-8' standalone='yes'?>",
        ];
        for text in good {
            assert_eq!(check_declaration(text.as_bytes()), Ok(()), "{text}");
        }
        let bad = [
            ("<?xml version='1.1'?>", DECLARATION),
            ("<?xml version='1.0' standalone='no'?>", DECLARATION),
            ("<?xml encoding='utf-8' version='1.0'?>", DECLARATION),
            ("<?xml version='1.0' more=''?>", DECLARATION),
            (
                "<?xml version='1.0' encoding='UTF-16'?>",
                XmlError::UnsupportedEncoding,
            ),
            (
                "<?xml-stylesheet href='a'?>",
                XmlError::Restricted("processing instruction"),
            ),
        ];
        for (text, error) in bad {
            assert_eq!(check_declaration(text.as_bytes()), Err(error), "{text}");
        }
        assert!(check_declaration(b"<?xml version='1.0'encoding='utf-8'?>").is_err());
    }

    #[test]
    fn a_written_header_reads_back() {
        let header = StreamHeader {
            to: Some("private.localhost".into()),
            from: None,
            id: Some("a'&<b".into()),
            version: Some("1.0".into()),
        };
        let mut out = BytesMut::new();
        header.write_to(&mut out);
        let tag = out.strip_prefix(b"<?xml version='1.0'?>").unwrap();
        let read = StreamHeader::parse(tag, &StreamLimits::UNAUTHENTICATED);
        assert_eq!(read, Ok((header, Box::default())));
    }
}
