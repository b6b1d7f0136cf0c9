//! The conditions and kinds of stanza errors, and the numbers that came before them.

/// What the sender of a bounced stanza may do about it (RFC 6120 §8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorKind {
    /// Nothing.
    #[default]
    Cancel,
    /// Log in, or as somebody else.
    Auth,
    /// Send it differently.
    Modify,
    /// Send it again later.
    Wait,
    /// Go on: it was a warning.
    Continue,
}

impl ErrorKind {
    const ALL: [Self; 5] = [
        Self::Cancel,
        Self::Auth,
        Self::Modify,
        Self::Wait,
        Self::Continue,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Auth => "auth",
            Self::Modify => "modify",
            Self::Wait => "wait",
            Self::Continue => "continue",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a stanza bounced (RFC 6120 §8.3.3, and what the original programs know beyond it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// `bad-request`
    BadRequest,
    /// `conflict`
    Conflict,
    /// `feature-not-implemented`
    FeatureNotImplemented,
    /// `forbidden`
    Forbidden,
    /// `gone`
    Gone,
    /// `internal-server-error`
    InternalServerError,
    /// `item-not-found`
    ItemNotFound,
    /// `jid-malformed`
    JidMalformed,
    /// `not-acceptable`
    NotAcceptable,
    /// `not-allowed`
    NotAllowed,
    /// `not-authorized`
    NotAuthorized,
    /// `payment-required`, which RFC 6120 dropped
    PaymentRequired,
    /// `policy-violation`
    PolicyViolation,
    /// `recipient-unavailable`
    RecipientUnavailable,
    /// `redirect`
    Redirect,
    /// `registration-required`
    RegistrationRequired,
    /// `remote-server-not-found`
    RemoteServerNotFound,
    /// `remote-server-timeout`
    RemoteServerTimeout,
    /// `resource-constraint`
    ResourceConstraint,
    /// `service-unavailable`: nobody has that address
    ServiceUnavailable,
    /// `subscription-required`
    SubscriptionRequired,
    /// `undefined-condition`, and all that is not known
    Undefined,
    /// `unexpected-request`
    UnexpectedRequest,
}

/// Condition, its name, the number that the C programs derive from it, and its usual kind.
type Entry = (Condition, &'static str, u16, ErrorKind);

#[rustfmt::skip]
const TABLE: [Entry; 23] = {
    use Condition as C;
    use ErrorKind::{Auth, Cancel, Modify, Wait};
    [
        (C::BadRequest, "bad-request", 400, Modify),
        (C::Conflict, "conflict", 409, Cancel),
        (C::FeatureNotImplemented, "feature-not-implemented", 501, Cancel),
        (C::Forbidden, "forbidden", 403, Auth),
        (C::Gone, "gone", 302, Cancel),
        (C::InternalServerError, "internal-server-error", 500, Cancel),
        (C::ItemNotFound, "item-not-found", 404, Cancel),
        (C::JidMalformed, "jid-malformed", 400, Modify),
        (C::NotAcceptable, "not-acceptable", 406, Modify),
        (C::NotAllowed, "not-allowed", 405, Cancel),
        (C::NotAuthorized, "not-authorized", 401, Auth),
        (C::PaymentRequired, "payment-required", 402, Auth),
        (C::PolicyViolation, "policy-violation", 500, Modify),
        (C::RecipientUnavailable, "recipient-unavailable", 404, Wait),
        (C::Redirect, "redirect", 302, Modify),
        (C::RegistrationRequired, "registration-required", 407, Auth),
        (C::RemoteServerNotFound, "remote-server-not-found", 404, Cancel),
        (C::RemoteServerTimeout, "remote-server-timeout", 504, Wait),
        (C::ResourceConstraint, "resource-constraint", 500, Wait),
        (C::ServiceUnavailable, "service-unavailable", 503, Cancel),
        (C::SubscriptionRequired, "subscription-required", 407, Auth),
        (C::Undefined, "undefined-condition", 500, Cancel),
        (C::UnexpectedRequest, "unexpected-request", 400, Wait),
    ]
};

impl Condition {
    fn entry(self) -> Entry {
        TABLE[self as usize]
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.into_iter().map(|entry| entry.0)
    }

    /// The name of its element.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The number that stood for it before there were names (XEP-0086).
    ///
    /// The C programs derive it from the name, and those before 3.3.0 crash without one.
    #[must_use]
    pub fn code(self) -> u16 {
        self.entry().2
    }

    /// The kind that goes with it.
    #[must_use]
    pub fn kind(self) -> ErrorKind {
        self.entry().3
    }

    /// The condition of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|condition| condition.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_conditions() {
        for (at, (condition, name, ..)) in TABLE.into_iter().enumerate() {
            assert_eq!(condition as usize, at);
            assert_eq!(Condition::from_name(name), Some(condition));
        }
        assert_eq!(Condition::from_name("text"), None);
    }

    #[test]
    fn every_kind_has_its_name() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ErrorKind::from_name(""), None);
    }
}
