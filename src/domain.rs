//! The pure core: dates, rules, facts and decisions. No IO, no async, no clock, no randomness.

pub mod address;
pub mod calendar;
pub mod capacity;
pub mod closed;
pub mod digest;
pub mod evaluate;
pub mod facts;
pub mod ledger;
pub mod obligation;
pub mod recipients;
pub mod retry;
pub mod rules;
pub mod run;
pub mod wochenliste;
