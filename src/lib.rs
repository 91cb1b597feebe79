//! Wiedervorlage.

pub mod clock;
pub mod delivery;
pub mod domain;
pub mod mail;
pub mod store;
