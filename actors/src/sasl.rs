//! Log-in with SASL.
