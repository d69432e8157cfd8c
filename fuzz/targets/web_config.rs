#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| properties::web_config(text));
