//! Wiedervorlage.

pub mod clock;
pub mod domain;
