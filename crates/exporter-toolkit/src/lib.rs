#![doc = include_str!("../README.md")]

pub mod bounded;
pub mod listen;
pub mod server;
pub mod shutdown;
pub mod systemd;
pub mod web_config;
pub mod yaml;
