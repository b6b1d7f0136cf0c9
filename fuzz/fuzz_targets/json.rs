//! Runs [`opensrf_fuzz::json`] on whatever libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| opensrf_fuzz::json::check(data));
