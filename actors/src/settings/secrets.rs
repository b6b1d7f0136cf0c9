//! Who logs in where with which password.
//!
//! There is no default password. An account of the embedded server that has none gets a random
//! one, kept in the state folder: so the next start uses it again, and so `opensrf call` of the
//! same system user can log in without any configuration.

use super::model::{Account, Address, JabberAccount, JabberSettings, LoginMethod, RouterAddress};
use super::sections::ROUTER;
use super::store::{Made, Store, make_up};
use super::{Password, Settings, SettingsError};

const NO_SERVER: &str = "no server to connect to; add [bus] with domain, address and account";
const NO_ACCOUNT: &str = "no account for clients; add [bus] with domain and account";
const NO_LISTENER: &str =
    "the embedded server listens on no port that is known; set bus.address or jabber.listen";

/// An account with everything that is needed to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The part before the `@`.
    pub user: String,
    /// The virtual host.
    pub domain: String,
    /// Its password.
    pub password: Password,
}

/// The passwords of one configuration, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Secrets {
    /// The accounts of the embedded server, one for each user and virtual host.
    pub accounts: Vec<Login>,
    /// Who the router logs in as, if there is one.
    pub router: Option<Login>,
    /// Who the further routers log in as, in their order.
    pub further_routers: Vec<Login>,
    /// Who services and clients log in as, if there is a bus.
    pub bus: Option<Login>,
}

/// What becomes of passwords that are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// They are kept in the state folder and used again.
    InStateFolder,
    /// They end with the program; the state folder is neither read nor written.
    InMemory,
}

/// How a client of its own process reaches the network.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClientLogin {
    /// The Jabber server to connect to.
    pub address: Address,
    /// How to log in there.
    pub method: LoginMethod,
    /// Who to log in as.
    pub login: Login,
    /// The router to ask for services: at `<name>@<domain>/<service>`.
    pub router: RouterAddress,
}

impl JabberSettings {
    /// Whether `domain` is one of its virtual hosts.
    pub(super) fn serves(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| own == domain)
    }

    /// The account `user@domain`.
    pub(super) fn account(&self, user: &str, domain: &str) -> Option<&JabberAccount> {
        let mut accounts = self.accounts.iter().filter(|account| account.user == user);
        accounts.find(|account| account.domains(self).any(|own| own == domain))
    }
}

impl JabberAccount {
    /// The virtual hosts of `jabber` on which it is.
    pub(super) fn domains<'a>(
        &'a self,
        jabber: &'a JabberSettings,
    ) -> impl Iterator<Item = &'a String> {
        let everywhere: &[String] = match self.domain {
            None => &jabber.domains,
            Some(_) => &[],
        };
        everywhere.iter().chain(&self.domain)
    }

    fn as_account(&self) -> Account {
        Account {
            user: self.user.clone(),
            password: self.password.clone(),
        }
    }
}

impl Settings {
    /// Gives every account its password, and makes up those that nobody has set.
    ///
    /// # Errors
    /// [`SettingsError`] if the state folder cannot be used or is open to other users. It is not
    /// touched if every account has a password.
    pub fn resolve_secrets(&self, keep: Keep) -> Result<Secrets, SettingsError> {
        let missing = self.accounts_without_password();
        let made = match keep {
            _ if missing.is_empty() => Made::new(),
            Keep::InMemory => make_up(Made::new(), &missing)?,
            Keep::InStateFolder => Store::new(&self.state).complete(&missing)?,
        };
        let router = self
            .router
            .as_ref()
            .map(|router| (&router.account, &router.domain));
        let further = self.further_routers.iter();
        let further = further.map(|router| (&router.account, &router.domain));
        let bus = self.bus.as_ref().map(|bus| (&bus.account, &bus.domain));
        let login = |(account, domain): (&Account, &String)| self.login(account, domain, &made);
        Ok(Secrets {
            accounts: self.jabber_logins(&made)?,
            router: router.map(login).transpose()?,
            further_routers: further.map(login).collect::<Result<_, _>>()?,
            bus: bus.map(login).transpose()?,
        })
    }

    /// How `opensrf call` gets in: as services do, to `bus.address` or the first address on which
    /// the embedded server listens; without a `[bus]` as the first account that is not the
    /// router's.
    ///
    /// A password that was made up is read from the state folder, never made here.
    ///
    /// # Errors
    /// [`SettingsError::NoServer`] if the settings name none, [`SettingsError::NoPassword`] if
    /// `opensrf up` has not yet made one, others if the state folder cannot be used.
    pub fn client_login(&self) -> Result<ClientLogin, SettingsError> {
        let (account, domain) = self.client_account()?;
        let made = match self.password_of(&account, &domain) {
            Some(_) => Made::new(),
            None => Store::new(&self.state).read()?,
        };
        let bus = self.bus.as_ref();
        Ok(ClientLogin {
            address: self.client_address()?,
            method: bus.map_or(LoginMethod::Auto, |bus| bus.login),
            router: self.client_router(&domain),
            login: self.login(&account, &domain, &made)?,
        })
    }

    fn client_account(&self) -> Result<(Account, String), SettingsError> {
        if let Some(bus) = &self.bus {
            return Ok((bus.account.clone(), bus.domain.clone()));
        }
        let jabber = self
            .jabber
            .as_ref()
            .ok_or(SettingsError::NoServer(NO_SERVER))?;
        let router = self.router.as_ref();
        let is_routers = |user: &str| router.is_some_and(|router| router.account.user == user);
        let mut accounts = jabber.accounts.iter();
        let account = accounts
            .find(|account| !is_routers(&account.user))
            .ok_or(SettingsError::NoServer(NO_ACCOUNT))?;
        let domain = account
            .domains(jabber)
            .next()
            .ok_or(SettingsError::NoServer(NO_ACCOUNT))?
            .clone();
        Ok((account.as_account(), domain))
    }

    fn client_address(&self) -> Result<Address, SettingsError> {
        if let Some(address) = self.bus.as_ref().and_then(|bus| bus.address.as_ref()) {
            return Ok(address.clone());
        }
        let listen = self.jabber.iter().flat_map(|jabber| &jabber.listen);
        let mut known = listen.filter_map(Address::reachable);
        known.next().ok_or(SettingsError::NoServer(NO_LISTENER))
    }

    fn client_router(&self, domain: &str) -> RouterAddress {
        if let Some(router) = self.bus.as_ref().and_then(|bus| bus.routers.first()) {
            return router.clone();
        }
        let own = self.router.as_ref();
        RouterAddress {
            name: own.map_or(ROUTER, |router| &router.account.user).to_owned(),
            domain: own.map_or(domain, |router| &router.domain).to_owned(),
            services: None,
        }
    }

    fn jabber_logins(&self, made: &Made) -> Result<Vec<Login>, SettingsError> {
        let mut logins = Vec::new();
        if let Some(jabber) = &self.jabber {
            for account in &jabber.accounts {
                for domain in account.domains(jabber) {
                    logins.push(self.login(&account.as_account(), domain, made)?);
                }
            }
        }
        Ok(logins)
    }

    fn accounts_without_password(&self) -> Vec<String> {
        let jabber = self.jabber.iter();
        let accounts = jabber.flat_map(|jabber| jabber.accounts.iter().map(move |a| (a, jabber)));
        let open = accounts.filter(|(account, _)| account.password.is_none());
        let names = open.flat_map(|(account, jabber)| {
            account
                .domains(jabber)
                .map(|domain| format!("{}@{domain}", account.user))
        });
        names.collect()
    }

    fn login(&self, account: &Account, domain: &str, made: &Made) -> Result<Login, SettingsError> {
        let name = format!("{}@{domain}", account.user);
        let password = self
            .password_of(account, domain)
            .or_else(|| made.get(&name));
        match password.cloned() {
            Some(password) => Ok(Login {
                user: account.user.clone(),
                domain: domain.to_owned(),
                password,
            }),
            None => Err(SettingsError::NoPassword {
                account: name,
                path: Store::new(&self.state).file(),
            }),
        }
    }

    /// The password that the settings say: the account's own, or the embedded server's.
    fn password_of<'a>(&'a self, account: &'a Account, domain: &str) -> Option<&'a Password> {
        let jabber = self.jabber.as_ref();
        let embedded = jabber.and_then(|jabber| jabber.account(&account.user, domain));
        let embedded = embedded.and_then(|account| account.password.as_ref());
        account.password.as_ref().or(embedded)
    }
}
