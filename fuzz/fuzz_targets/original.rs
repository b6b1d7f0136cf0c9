//! Runs [`opensrf_fuzz::original`] on whatever libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opensrf_fuzz::original::check(data));
