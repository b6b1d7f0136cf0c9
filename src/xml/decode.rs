//! From checked bytes to an [`Element`].

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Element;
use super::chars::reference;
use super::check::place;
use super::raw::{UNLIMITED, start_tag};
use super::scope::Scope;
use super::tag::{Around, StartTag};
use super::unescape::{push_cdata, push_text, value};

impl Element {
    /// Decodes one element that was checked before.
    ///
    /// A prefix that is declared outside of it stands for no namespace.
    pub(crate) fn decode(checked: &str) -> Self {
        let mut scope = Scope::new(Around::Stream);
        let mut open = vec![Self::default()];
        let mut reader = Reader::from_str(checked);
        reader.config_mut().expand_empty_elements = true;
        loop {
            let from = place(&reader);
            match reader.read_event() {
                Ok(Event::Start(_)) => {
                    let tag = start_tag(&checked[from..place(&reader)]);
                    open.push(start(tag, &mut scope));
                }
                Ok(Event::End(_)) => {
                    scope.close();
                    end(&mut open);
                }
                Ok(Event::Text(text)) => push_text(inside(&mut open), &text),
                Ok(Event::GeneralRef(name)) => inside(&mut open).extend(reference(&name)),
                Ok(Event::CData(text)) => push_cdata(inside(&mut open), &text),
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        let around = open.into_iter().next().unwrap_or_default();
        around.children.into_iter().next().unwrap_or_default()
    }
}

fn start<'a>(tag: Option<StartTag<'a>>, scope: &mut Scope<'a>) -> Element {
    let Some(tag) = tag else {
        return Element::default();
    };
    // An unknown prefix is the only thing that can be wrong here, and stands for no namespace.
    let _ = scope.open(&tag, &UNLIMITED);
    let own = tag.attributes.iter().filter(|a| a.declares().is_none());
    Element {
        name: tag.local.into(),
        namespace: scope.namespace(&tag).into(),
        attributes: own
            .map(|a| (a.name.into(), value(a.value).into()))
            .collect(),
        ..Element::default()
    }
}

fn end(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(element);
    }
}

/// The text of the innermost open element, or one that nobody reads.
fn inside(open: &mut Vec<Element>) -> &mut String {
    if open.is_empty() {
        open.push(Element::default());
    }
    let last = open.len() - 1;
    &mut open[last].text
}
