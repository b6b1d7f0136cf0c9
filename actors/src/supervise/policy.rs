use std::time::Duration;

/// How children of one kind are started again after they have failed.
///
/// The delays of a crash loop fit into `within`, so that one is given up; one that fails now and
/// then is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Restarts that are still normal.
    pub most: usize,
    /// Within how long.
    pub within: Duration,
    /// The first delay before a restart; each further one is twice as long.
    pub first_delay: Duration,
    /// The longest one. Each is shortened by up to a quarter at random.
    pub longest_delay: Duration,
    /// How long a child must have served well for delays to begin again with the first.
    pub calm: Duration,
}

impl RestartPolicy {
    /// Of the embedded server and of routers: there is one of each, and nothing goes without.
    pub const CORE: Self = Self {
        most: 5,
        within: Duration::from_secs(30),
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_secs(2),
        calm: Duration::from_secs(10),
    };

    /// Of services and clients: what they need at their start, such as a database, may be away for a
    /// while.
    pub const SERVICE: Self = Self {
        most: 10,
        within: Duration::from_secs(60),
        first_delay: Duration::from_millis(100),
        longest_delay: Duration::from_secs(5),
        calm: Duration::from_secs(10),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_is_given_up_because_its_delays_fit_into_the_span() {
        for policy in [RestartPolicy::CORE, RestartPolicy::SERVICE] {
            let mut delay = policy.first_delay;
            let mut whole = Duration::ZERO;
            for _ in 0..policy.most {
                whole += delay;
                delay = (delay * 2).min(policy.longest_delay);
            }
            assert!(whole < policy.within, "{policy:?}: {whole:?}");
        }
    }
}
