//! Both ends of a stream joined back to back.
