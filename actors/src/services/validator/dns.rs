//! `DNS`: could the domain of an address get mail?
//!
//! ```text
//! MX records of the domain ── there are some ── check_mx_a: has one of their hosts an address?
//!          |                                        no: MX Records Invalid
//!       none at all
//!          |
//! addresses of the domain ── there is none: No A Records Found
//! ```
//!
//! Addresses are those of IPv4, with `check_aaaa` those of IPv6 too. Those in `ignore_ips` do not
//! count: some name servers give an address of their own for every domain that is not there. A domain
//! that says by RFC 7505 that it takes no mail has no valid MX record.
//!
//! The name servers are those of `config_file`, a file such as `/etc/resolv.conf`, which is the
//! default, or those named in `nameservers`: addresses, also with a port. Answers are remembered as
//! long as DNS says.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};
use hickory_resolver::system_conf::parse_resolv_conf;

use super::{Object, text};
use crate::service::{MethodError, ServiceError};
use crate::services::given::Given;

/// How long a name server may take to answer, unless `timeout` says otherwise; it is asked twice.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// Hosts of MX records that are looked up for one address.
pub const HOSTS: usize = 10;

/// The file that names the machine's name servers.
const CONFIG_FILE: &str = "/etc/resolv.conf";

/// A look-up for the domain in a field.
pub(super) struct Dns {
    field: String,
    resolver: TokioResolver,
    check_mx_a: bool,
    check_aaaa: bool,
    ignore_ips: BTreeSet<IpAddr>,
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns")
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

impl Dns {
    pub(super) fn new(field: String, given: &Given<'_>) -> Result<Self, ServiceError> {
        given.only(&[
            "implementation",
            "field",
            "check_mx_a",
            "check_aaaa",
            "ignore_ips",
            "config_file",
            "nameservers",
            "timeout",
        ])?;
        let no_ip = |text: &str| given.wrong("ignore_ips", format!("{text:?} is no IP address"));
        let ignore_ips = given.texts("ignore_ips")?;
        let ignore_ips = ignore_ips
            .iter()
            .map(|text| text.parse().map_err(|_| no_ip(text)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            field,
            resolver: resolver(given)?,
            check_mx_a: given.truth("check_mx_a", false)?,
            check_aaaa: given.truth("check_aaaa", false)?,
            ignore_ips,
        })
    }

    pub(super) async fn check(&self, object: &Object) -> Result<Option<&'static str>, MethodError> {
        let address = text(object, &self.field);
        let domain = address.rsplit('@').next().unwrap_or_default();
        let Ok(domain) = absolute(domain) else {
            return Ok(Some("No A Records Found")); // such a name has no record
        };
        let exchanges = match found(self.resolver.mx_lookup(domain.clone()).await, &domain)? {
            Some(lookup) => exchanges(&lookup),
            None => Vec::new(),
        };
        if exchanges.is_empty() {
            let is_there = self.has_address(&domain).await?;
            return Ok((!is_there).then_some("No A Records Found"));
        }
        for exchange in exchanges.iter().filter(|name| !name.is_root()).take(HOSTS) {
            if !self.check_mx_a || self.has_address(exchange).await? {
                return Ok(None);
            }
        }
        Ok(Some("MX Records Invalid"))
    }

    /// Whether a host has an address that counts.
    async fn has_address(&self, host: &Name) -> Result<bool, MethodError> {
        let by_ipv4 = self.resolver.ipv4_lookup(host.clone()).await;
        if self.counts(found(by_ipv4, host)?) {
            return Ok(true);
        }
        if !self.check_aaaa {
            return Ok(false);
        }
        let by_ipv6 = self.resolver.ipv6_lookup(host.clone()).await;
        Ok(self.counts(found(by_ipv6, host)?))
    }

    fn counts(&self, lookup: Option<Lookup>) -> bool {
        let Some(lookup) = lookup else {
            return false;
        };
        let addresses = lookup.answers().iter();
        addresses
            .filter_map(|record| record.data.ip_addr())
            .any(|address| !self.ignore_ips.contains(&address))
    }
}

/// The name itself, whatever domains the machine adds to names elsewhere.
fn absolute(domain: &str) -> Result<Name, ()> {
    let mut name = Name::from_utf8(domain).map_err(|_| ())?;
    if name.is_root() {
        return Err(());
    }
    name.set_fqdn(true);
    Ok(name)
}

fn exchanges(lookup: &Lookup) -> Vec<Name> {
    let exchange = |data: &RData| match data {
        RData::MX(mx) => Some(mx.exchange.clone()),
        _ => None,
    };
    let answers = lookup.answers().iter();
    answers
        .filter_map(|record| exchange(&record.data))
        .collect()
}

/// What was found; `None` if it is certain that there is nothing.
fn found(lookup: Result<Lookup, NetError>, name: &Name) -> Result<Option<Lookup>, MethodError> {
    match lookup {
        Ok(lookup) => Ok(Some(lookup)),
        Err(error) if error.is_no_records_found() => Ok(None),
        Err(error) => Err(MethodError::failed(format!(
            "{name} cannot be looked up, so nothing is known about it: {error}"
        ))),
    }
}

fn resolver(given: &Given<'_>) -> Result<TokioResolver, ServiceError> {
    let servers = given.texts("nameservers")?;
    let (key, read) = if servers.is_empty() {
        ("config_file", from_file(given)?)
    } else {
        ("nameservers", from_list(given, &servers)?)
    };
    let (config, mut options) = read;
    options.timeout = given.interval("timeout", TIMEOUT)?;
    options.attempts = 1; // once more, if there is no answer
    options.use_hosts_file = ResolveHosts::Never;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .map_err(|error| given.wrong(key, error))
}

fn from_file(given: &Given<'_>) -> Result<(ResolverConfig, ResolverOpts), ServiceError> {
    let path = given.text("config_file")?;
    let path = path.as_deref().unwrap_or(CONFIG_FILE);
    let wrong = |error: &dyn fmt::Display| given.wrong("config_file", format!("{path:?}: {error}"));
    let text = std::fs::read(path).map_err(|error| wrong(&error))?;
    parse_resolv_conf(text).map_err(|error| wrong(&error))
}

fn from_list(
    given: &Given<'_>,
    servers: &[String],
) -> Result<(ResolverConfig, ResolverOpts), ServiceError> {
    let mut config = ResolverConfig::default();
    for server in servers {
        let with_port = server.parse().ok();
        let plain = server.parse().map(|ip| SocketAddr::new(ip, 53)).ok();
        let wrong = || given.wrong("nameservers", format!("{server:?} is no address of IP"));
        let address: SocketAddr = with_port.or(plain).ok_or_else(wrong)?;
        config.add_name_server(name_server(address));
    }
    Ok((config, ResolverOpts::default()))
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let at_port = connections.map(|mut connection| {
        connection.port = address.port();
        connection
    });
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = at_port.into();
    server
}

#[cfg(test)]
mod tests;
