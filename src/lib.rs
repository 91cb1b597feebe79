//! Wiedervorlage.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod mail;
pub mod morning;
pub mod simulate;
pub mod store;
