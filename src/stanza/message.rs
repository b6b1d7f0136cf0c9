//! What an OpenSRF message says, as values.

use std::fmt::Write;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;

use super::StanzaError;
use crate::jid::Jid;
use crate::limits::CALLER_WAITS;
use crate::xml::{self, value_of};

/// The inside of a `<message>`; an empty string stands for what is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The attributes of `<opensrf>`.
    pub opensrf: Extension,
    /// Names the conversation.
    pub thread: ByteString,
    /// Never given by the original programs.
    pub subject: ByteString,
    /// JSON: a list of OpenSRF messages.
    pub body: ByteString,
    /// Why it came back.
    pub error: Option<StanzaError>,
}

impl Message {
    /// Appends the children, in the order of the C programs but for the error, which is last.
    pub(super) fn write_to(&self, out: &mut BytesMut) {
        self.opensrf.write_to(out);
        for (name, text) in [
            ("thread", &self.thread),
            ("subject", &self.subject),
            ("body", &self.body),
        ] {
            if !text.is_empty() {
                write_text(name, text, out);
            }
        }
        if let Some(error) = &self.error {
            error.write_to(out);
        }
    }
}

fn write_text(name: &str, text: &str, out: &mut BytesMut) {
    out.put_u8(b'<');
    out.put_slice(name.as_bytes());
    out.put_u8(b'>');
    xml::text(out, text);
    out.put_slice(b"</");
    out.put_slice(name.as_bytes());
    out.put_u8(b'>');
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
}

impl Extension {
    /// The attribute that says how long the caller waits.
    pub(super) const TIMEOUT: &str = "osrf_timeout";

    /// From the attributes of a message of OpenSRF up to 3.0.
    pub(super) fn from_old(extra: &[(ByteString, ByteString)]) -> Self {
        let known = extra.iter().filter(|(name, _)| is_attribute(name));
        known.map(|(name, raw)| (&**name, value_of(raw))).collect()
    }

    /// Who a message is from for an application: `router_from` if it names somebody, else who the
    /// server says it is `from`.
    #[must_use]
    pub fn sender<'a>(&'a self, from: Option<&'a Jid>) -> Option<&'a Jid> {
        self.router_from.as_ref().or(from)
    }

    /// Digits that are a time to wait within bounds, or nothing.
    pub(super) fn read_timeout(value: &str) -> Option<Duration> {
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let millis = value.parse().ok().filter(|_| is_digits)?;
        Some(Duration::from_millis(millis)).filter(is_told)
    }

    fn set(&mut self, name: &str, value: ByteString) {
        match name {
            "router_from" => self.router_from = Jid::parse(&value).ok(),
            "router_to" => self.router_to = value,
            "router_class" => self.router_class = value,
            "router_command" => self.router_command = value,
            "osrf_xid" => self.osrf_xid = value,
            "broadcast" => self.broadcast = !matches!(&*value, "" | "0"),
            Self::TIMEOUT => self.timeout = Self::read_timeout(&value),
            _ => {}
        }
    }

    /// Appends `<opensrf/>`; the C programs want all five strings, even empty.
    pub(super) fn write_to(&self, out: &mut BytesMut) {
        out.put_slice(b"<opensrf");
        let router_from = self.router_from.as_ref().map_or("", Jid::as_str);
        for (name, value) in [
            ("router_from", router_from),
            ("router_to", &self.router_to),
            ("router_class", &self.router_class),
            ("router_command", &self.router_command),
            ("osrf_xid", &self.osrf_xid),
        ] {
            out.put_u8(b' ');
            out.put_slice(name.as_bytes());
            out.put_slice(b"=\"");
            xml::attribute(out, value);
            out.put_u8(b'"');
        }
        if self.broadcast {
            out.put_slice(b" broadcast=\"1\"");
        }
        if let Some(timeout) = self.timeout.filter(is_told) {
            // Writing to memory does not fail.
            let _ = write!(out, " osrf_timeout=\"{}\"", timeout.as_millis());
        }
        out.put_slice(b"/>");
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
            | "osrf_timeout"
    )
}
