//! How programs of other makes write what they say.

use opensrf::xml;

/// Where a number or a code stands as a text, as a number, or as this and as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// OpenSRF 3 in C: numbers are texts, all attributes are there, `params` is a list.
    C,
    /// OpenSRF 3 in Perl: some numbers are texts, `params` is missing if there are none.
    Perl,
    /// Python and Java, and all before 3.1: the attributes stand on `<message>`, numbers are
    /// numbers, `payload` may be `null`, nothing tells language, zone or level.
    Old,
}

/// The outside of a stanza.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Envelope<'a> {
    pub(super) to: &'a str,
    pub(super) from: &'a str,
    pub(super) router_from: &'a str,
    pub(super) class: &'a str,
    pub(super) command: &'a str,
    pub(super) xid: &'a str,
    pub(super) thread: &'a str,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::C, Self::Perl, Self::Old];

    /// A stanza around `body`, which is escaped as the make does it.
    pub(super) fn stanza(self, outside: Envelope<'_>, body: &str) -> String {
        let body = body
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        self.message(outside, &format!("<body>{body}</body>"))
    }

    /// A stanza with this inside, besides thread and attributes.
    pub(super) fn message(self, outside: Envelope<'_>, inside: &str) -> String {
        let Envelope {
            to,
            from,
            router_from,
            class,
            command,
            xid,
            thread,
        } = outside;
        let thread = match self {
            Self::C if thread.is_empty() => String::new(),
            _ => format!("<thread>{thread}</thread>"),
        };
        match self {
            Self::C => format!(
                "<message to=\"{to}\" from=\"{from}\"><opensrf router_from=\"{router_from}\" \
                 router_to=\"\" router_class=\"{class}\" router_command=\"{command}\" \
                 osrf_xid=\"{xid}\"/>{thread}{inside}</message>"
            ),
            Self::Perl => {
                // Only routers write it, and those were never of this make.
                let router_from = some("router_from", router_from);
                format!(
                    "<message to='{to}' from='{from}'><opensrf{router_from} router_command='{command}' \
                     router_class='{class}' osrf_xid='{xid}'/>{thread}{inside}</message>"
                )
            }
            Self::Old => {
                let attributes: String = [
                    ("from", from),
                    ("router_from", router_from),
                    ("router_command", command),
                    ("router_class", class),
                    ("osrf_xid", xid),
                ]
                .map(|(name, value)| some(name, value))
                .concat();
                format!("<message to='{to}'{attributes}>{thread}{inside}</message>")
            }
        }
    }

    /// A body of these messages.
    pub(super) fn body(self, messages: &[String]) -> String {
        format!("[{}]", messages.join(","))
    }

    /// A REQUEST; `params` is a JSON list, or empty for none.
    pub(super) fn request(self, trace: u64, method: &str, params: &str) -> String {
        let params = match (self, params) {
            (Self::Perl, "") => String::new(),
            (Self::Old, "") => r#","params":null"#.into(),
            (Self::C, "") => r#","params":[]"#.into(),
            (_, params) => format!(r#","params":{params}"#),
        };
        let payload = format!(r#"{{"__c":"osrfMethod","__p":{{"method":"{method}"{params}}}}}"#);
        self.osrf("REQUEST", &self.trace(trace, true), &payload)
    }

    /// A CONNECT.
    pub(super) fn connect(self, trace: u64) -> String {
        self.osrf("CONNECT", &self.trace(trace, false), self.nothing())
    }

    /// A DISCONNECT.
    pub(super) fn disconnect(self, trace: u64) -> String {
        self.osrf("DISCONNECT", &self.trace(trace, false), self.nothing())
    }

    /// A whole result.
    pub(super) fn result(self, trace: u64, content: &str) -> String {
        self.answer(trace, ("osrfResult", "OK", 200), Some(content))
    }

    /// A piece of a result, which is part of a JSON text.
    pub(super) fn piece(self, trace: u64, text: &str) -> String {
        let content = serde_json::to_string(text).expect("a text");
        let status = ("osrfResultPartial", "Partial Response", 206);
        self.answer(trace, status, Some(&content))
    }

    /// What comes after the last piece.
    pub(super) fn end_of_pieces(self, trace: u64) -> String {
        let status = (
            "osrfResultPartialComplete",
            "Partial Response Finalized",
            204,
        );
        self.answer(trace, status, (self == Self::C).then_some("null"))
    }

    fn answer(self, trace: u64, status: (&str, &str, u16), content: Option<&str>) -> String {
        let (class, text, code) = status;
        let code = self.code(code);
        let content = content.map_or_else(String::new, |json| format!(r#","content":{json}"#));
        let payload = format!(
            r#"{{"__c":"{class}","__p":{{"status":"{text}","statusCode":{code}{content}}}}}"#
        );
        self.osrf("RESULT", &self.trace(trace, true), &payload)
    }

    /// A status of any kind.
    pub(super) fn status(self, trace: u64, class: &str, code: u16, text: &str) -> String {
        let trace = self.trace(trace, code == 205);
        let (code, text) = (
            self.code(code),
            serde_json::to_string(text).expect("a text"),
        );
        let payload =
            format!(r#"{{"__c":"{class}","__p":{{"status":{text},"statusCode":{code}}}}}"#);
        self.osrf("STATUS", &trace, &payload)
    }

    /// The answer to CONNECT.
    pub(super) fn connected(self, trace: u64) -> String {
        self.status(trace, "osrfConnectStatus", 200, "Connection Successful")
    }

    /// The end of a request.
    pub(super) fn complete(self, trace: u64) -> String {
        self.status(trace, "osrfConnectStatus", 205, "Request Complete")
    }

    /// Asks for more time.
    pub(super) fn hold(self, trace: u64) -> String {
        let text = "Please hold.  Creating response...";
        self.status(trace, "osrfContinueStatus", 100, text)
    }

    fn osrf(self, kind: &str, trace: &str, payload: &str) -> String {
        let rest = match self {
            Self::C => r#","locale":"en-US","api_level":1"#,
            Self::Perl => r#","tz":null,"ingress":"opensrf","locale":"en-US""#,
            Self::Old => "",
        };
        let payload = match payload {
            "" => String::new(),
            payload => format!(r#","payload":{payload}"#),
        };
        let fields = format!(r#""threadTrace":{trace}{rest},"type":"{kind}"{payload}"#);
        match self {
            Self::Perl => format!(r#"{{"__p":{{{fields}}},"__c":"osrfMessage"}}"#),
            Self::C | Self::Old => format!(r#"{{"__c":"osrfMessage","__p":{{{fields}}}}}"#),
        }
    }

    fn trace(self, trace: u64, is_of_request: bool) -> String {
        match self {
            Self::C => format!("\"{trace}\""),
            Self::Perl if is_of_request => format!("\"{trace}\""),
            Self::Perl | Self::Old => trace.to_string(),
        }
    }

    fn code(self, code: u16) -> String {
        match self {
            Self::C => format!("\"{code}\""),
            Self::Perl | Self::Old => code.to_string(),
        }
    }

    /// The payload of what has none. (Programs in a browser write the text `"null"`.)
    fn nothing(self) -> &'static str {
        match self {
            Self::C | Self::Perl => "",
            Self::Old => "null",
        }
    }
}

fn some(name: &str, value: &str) -> String {
    match value {
        "" => String::new(),
        value => format!(" {name}='{value}'"),
    }
}

/// A text as it stands in an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = bytes::BytesMut::new();
    xml::attribute(&mut out, text);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}
