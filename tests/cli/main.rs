//! Commands from outside: the real binary over a small invented office in SQLite.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod bounces;
mod bounds;
mod check;
mod explain;
mod house;
mod outbox;
#[path = "../support/queue.rs"]
mod queue;
mod record;
