//! Wiedervorlage.

pub mod clock;
pub mod domain;
pub mod intake;
pub mod store;
