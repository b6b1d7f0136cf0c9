//! The OpenSRF attributes of a message, and the two places where they stand.
//!
//! OpenSRF up to 3.0 has them on `<message>` itself, and reads them nowhere else; since 3.1 they
//! stand in a child `<opensrf/>`, and nowhere else either. Both are read here, the child first.
//! Written is the child, unless a peer is known to look at the other place.

use std::fmt::Write;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;

use crate::jid::Jid;
use crate::limits::CALLER_WAITS;
use crate::xml::{self, value_of};

/// Where the OpenSRF attributes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// In a child `<opensrf/>`, since 3.1.
    #[default]
    Child,
    /// On `<message>` itself, up to 3.0.
    Message,
    /// In both places. A router says so to a new node of a caller of the old form; the node's
    /// answers reach that caller without the router, and must be in both places too.
    Both,
}

impl Placement {
    /// Where a router puts them for a node that registered in this form, when it was asked in the
    /// form `asked`.
    #[must_use]
    pub fn for_node(self, asked: Self) -> Self {
        match (self, asked) {
            (Self::Message, _) => Self::Message,
            (_, Self::Child) => Self::Child,
            (_, Self::Message | Self::Both) => Self::Both,
        }
    }

    /// Where an answer to a message of this form has them.
    #[must_use]
    pub fn for_answer(self) -> Self {
        match self {
            Self::Child => Self::Child,
            // Some programs of the old form read either place, and say nothing of it.
            Self::Message | Self::Both => Self::Both,
        }
    }

    pub(super) fn is_in_child(self) -> bool {
        self != Self::Message
    }

    pub(super) fn is_on_message(self) -> bool {
        self != Self::Child
    }
}

/// The OpenSRF attributes of a message; an empty string stands for an unset one, and so does a
/// `router_from` that is no address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extension {
    /// Who sent the message before a router passed it on.
    pub router_from: Option<Jid>,
    /// Reserved; no program gives it a value.
    pub router_to: ByteString,
    /// Names the service that a router command is about.
    pub router_class: ByteString,
    /// `register` or `unregister`.
    pub router_command: ByteString,
    /// Marks all log lines of one transaction.
    pub osrf_xid: ByteString,
    /// Reserved; no program acts on it.
    pub broadcast: bool,
    /// How long the caller waits for the end, counted from when it asked: `osrf_timeout`, in
    /// whole milliseconds, 1 to [`CALLER_WAITS`]; anything else counts as unset.
    ///
    /// An attribute of ours: what nobody waits for any more need not be run. The original's programs
    /// read attributes by name, and so neither write nor notice it.
    pub timeout: Option<Duration>,
    /// How many a service class has passed on to its receiver with this one: `osrf_number`.
    ///
    /// An attribute of ours, in requests of a class that wants to be told what the listener holds
    /// ([`LoadReport`](super::LoadReport)).
    pub number: Option<u64>,
    /// How many drones a listener may have: `osrf_drones`.
    ///
    /// An attribute of ours, in `register`. Who says it reports what it holds to a class that asks.
    pub drones: Option<NonZeroU32>,
    /// Where they stood, or are to stand.
    pub placement: Placement,
}

impl Extension {
    /// The attribute that says how long the caller waits.
    pub(super) const TIMEOUT: &str = "osrf_timeout";
    /// The attribute by which a class numbers what it passes on.
    pub(super) const NUMBER: &str = "osrf_number";
    /// The attribute by which a listener says how many drones it may have.
    const DRONES: &str = "osrf_drones";
    /// The attribute that says who sent it to the router.
    pub(super) const ROUTER_FROM: &str = "router_from";

    /// From the attributes of a message of OpenSRF up to 3.0.
    pub(super) fn from_old(extra: &[(ByteString, ByteString)]) -> Self {
        let known = extra.iter().filter(|(name, _)| is_attribute(name));
        let read: Self = known.map(|(name, raw)| (&**name, value_of(raw))).collect();
        Self {
            placement: Placement::Message,
            ..read
        }
    }

    /// What an answer carries: the same transaction, where the asker looks for it.
    #[must_use]
    pub fn for_answer(&self) -> Self {
        Self {
            osrf_xid: self.osrf_xid.clone(),
            placement: self.placement.for_answer(),
            ..Self::default()
        }
    }

    /// Who a message is from for an application: `router_from` if it names somebody, else who the
    /// server says it is `from`.
    #[must_use]
    pub fn sender<'a>(&'a self, from: Option<&'a Jid>) -> Option<&'a Jid> {
        self.router_from.as_ref().or(from)
    }

    /// Digits that are a time to wait within bounds, or nothing.
    pub(super) fn read_timeout(value: &str) -> Option<Duration> {
        digits(value).map(Duration::from_millis).filter(is_told)
    }

    fn set(&mut self, name: &str, value: ByteString) {
        match name {
            Self::ROUTER_FROM => self.router_from = Jid::parse(&value).ok(),
            "router_to" => self.router_to = value,
            "router_class" => self.router_class = value,
            "router_command" => self.router_command = value,
            "osrf_xid" => self.osrf_xid = value,
            "broadcast" => self.broadcast = !matches!(&*value, "" | "0"),
            Self::TIMEOUT => self.timeout = Self::read_timeout(&value),
            Self::NUMBER => self.number = digits(&value),
            Self::DRONES => self.drones = digits(&value),
            _ => {}
        }
    }

    /// Appends `<opensrf/>`.
    pub(super) fn write_to(&self, out: &mut BytesMut) {
        out.put_slice(b"<opensrf");
        self.write_attributes(out);
        out.put_slice(b"/>");
    }

    /// Appends the attributes to a tag; the C programs want all five strings, even empty.
    pub(super) fn write_attributes(&self, out: &mut BytesMut) {
        for (name, value) in self.strings() {
            out.put_u8(b' ');
            out.put_slice(name.as_bytes());
            out.put_slice(b"=\"");
            xml::attribute(out, value);
            out.put_u8(b'"');
        }
        if self.broadcast {
            out.put_slice(b" broadcast=\"1\"");
        }
        for (name, value) in self.numbers() {
            // Writing to memory does not fail.
            let _ = write!(out, " {name}=\"{value}\"");
        }
    }

    /// The attributes as those of a message of OpenSRF up to 3.0.
    pub(super) fn to_old(&self) -> Vec<(ByteString, ByteString)> {
        let strings = self.strings().into_iter().map(|(name, value)| {
            let mut raw = BytesMut::new();
            xml::attribute(&mut raw, value);
            let raw = ByteString::try_from(raw.freeze()).expect("it was written from a string");
            (ByteString::from_static(name), raw)
        });
        let broadcast = self.broadcast.then(|| ("broadcast", "1".to_owned()));
        let numbers = self
            .numbers()
            .map(|(name, value)| (name, value.to_string()));
        let others = broadcast.into_iter().chain(numbers);
        let others = others.map(|(name, value)| (ByteString::from_static(name), value.into()));
        strings.chain(others).collect()
    }

    /// The attributes of ours that are set.
    fn numbers(&self) -> impl Iterator<Item = (&'static str, u128)> {
        let timeout = self.timeout.filter(is_told);
        let numbers = [
            (Self::TIMEOUT, timeout.map(|time| time.as_millis())),
            (Self::NUMBER, self.number.map(u128::from)),
            (Self::DRONES, self.drones.map(|drones| drones.get().into())),
        ];
        let set = numbers.into_iter();
        set.filter_map(|(name, value)| value.map(|value| (name, value)))
    }

    fn strings(&self) -> [(&'static str, &str); 5] {
        [
            (
                "router_from",
                self.router_from.as_ref().map_or("", Jid::as_str),
            ),
            ("router_to", &self.router_to),
            ("router_class", &self.router_class),
            ("router_command", &self.router_command),
            ("osrf_xid", &self.osrf_xid),
        ]
    }
}

impl<'a> FromIterator<(&'a str, ByteString)> for Extension {
    fn from_iter<I: IntoIterator<Item = (&'a str, ByteString)>>(attributes: I) -> Self {
        let mut extension = Self::default();
        for (name, value) in attributes {
            extension.set(name, value);
        }
        extension
    }
}

/// Digits that are such a number, or nothing.
pub(super) fn digits<T: FromStr>(value: &str) -> Option<T> {
    let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| is_digits)
}

/// Whether a caller may say that it waits so long.
fn is_told(timeout: &Duration) -> bool {
    (Duration::from_millis(1)..=CALLER_WAITS).contains(timeout)
}

/// Whether this is one of the OpenSRF attributes.
pub(super) fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "router_from"
            | "router_to"
            | "router_class"
            | "router_command"
            | "osrf_xid"
            | "broadcast"
            | Extension::TIMEOUT
            | Extension::NUMBER
            | Extension::DRONES
    )
}
