//! From what stands in a configuration to values of the network's own kinds.

use std::path::PathBuf;

use config::ValueKind;
use opensrf::jid::Jid;

use super::Password;
use super::model::{Address, ControlSocket};
use crate::toml_tree::values::{Found, path};

/// The part of a Jabber address before the `@`, lower-cased.
pub(super) fn user(found: &Found<'_>) -> Result<String, String> {
    let text = found.text()?;
    let jid = Jid::new(text, "localhost", "x");
    let jid = jid.map_err(|error| format!("{text:?} is no user name: {error}"))?;
    Ok(jid.local().unwrap_or_default().to_owned())
}

pub(super) fn address(found: &Found<'_>) -> Result<Address, String> {
    match listen(found)? {
        Address::Tcp(text) if text.ends_with(":0") => {
            Err(format!("{text:?} has no port to connect to"))
        }
        address => Ok(address),
    }
}

pub(super) fn listen(found: &Found<'_>) -> Result<Address, String> {
    let text = found.text()?;
    if let Some(path) = text.strip_prefix("unix:") {
        return match path {
            "" => Err("has no path after `unix:`".to_owned()),
            _ => Ok(Address::Unix(PathBuf::from(path))),
        };
    }
    let wrong = || format!("{text:?} is neither host:port nor unix:path");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = if is_bracketed {
        inner.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        Jid::parse(host).is_ok_and(|jid| jid.local().is_none() && jid.resource().is_none())
    };
    if is_host {
        Ok(Address::Tcp(format!("{host}:{port}")))
    } else {
        Err(wrong())
    }
}

/// A Unix socket, or an empty text for none.
pub(super) fn control(found: &Found<'_>) -> Result<ControlSocket, String> {
    if matches!(&found.value.kind, ValueKind::String(text) if text.is_empty()) {
        return Ok(ControlSocket::Nowhere);
    }
    match listen(found)? {
        Address::Unix(path) => Ok(ControlSocket::At(path)),
        Address::Tcp(text) => Err(format!(
            "{text:?} is no file of this machine; write unix:path, or \"\" for none"
        )),
    }
}

/// Any text but the one that stands for passwords where they are shown.
pub(super) fn password(found: &Found<'_>) -> Result<Password, String> {
    match found.text()? {
        Password::HIDDEN => Err("`***` stands for a password that is not shown".to_owned()),
        text => Ok(Password::new(text)),
    }
}

/// The path of a file with a password in its first line.
pub(super) fn password_file(found: &Found<'_>) -> Result<(PathBuf, Password), String> {
    let path = path(found)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    match text.lines().next().map(str::trim_end) {
        None | Some("") => Err(format!("{} has nothing in its first line", path.display())),
        Some(line) => Ok((path, Password::new(line))),
    }
}

#[cfg(test)]
mod tests {
    use config::Value;

    use super::*;

    fn read<T>(
        parse: impl Fn(&Found<'_>) -> Result<T, String>,
        value: impl Into<ValueKind>,
    ) -> Result<T, String> {
        let value = Value::new(None, value);
        parse(&Found {
            value: &value,
            is_untyped: false,
        })
    }

    #[test]
    fn addresses_are_host_and_port_or_a_path() {
        let good = [
            "127.0.0.1:5222",
            "[::1]:5222",
            "hub.example.org:1",
            "unix:run/x.sock",
        ];
        for text in good {
            assert_eq!(read(address, text).unwrap().to_string(), text);
        }
        assert!(read(listen, "127.0.0.1:0").is_ok());
        for text in [
            "",
            "localhost",
            "localhost:",
            "a:70000",
            ":5222",
            "::1:5222",
            "unix:",
            "a:0",
        ] {
            assert!(read(address, text).is_err(), "{text}");
        }
    }

    #[test]
    fn users_are_parts_of_jabber_addresses() {
        assert_eq!(read(user, "OpenSRF").unwrap(), "opensrf");
        for text in ["a@b", "a/b", "a:b", ""] {
            assert!(read(user, text).is_err(), "{text}");
        }
    }
}
