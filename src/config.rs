//! Settings and rules: load, validate (naming the wrong key), redact.

mod fields;
pub mod inbox;
pub mod reference;
pub mod rulebook;
pub mod rulebooks;
pub mod settings;
pub mod smtp;
