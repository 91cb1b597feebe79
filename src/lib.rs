//! Wiedervorlage.

pub mod domain;
