//! Intake from outside: folders of files go in, tables and reports come out, on both databases.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test says so by failing")]

#[path = "support/filled.rs"]
mod filled;
#[path = "support/pg.rs"]
mod pg;
#[path = "support/workbook.rs"]
mod workbook;
#[path = "intake/world.rs"]
mod world;

#[path = "intake/any_bytes.rs"]
mod any_bytes;
#[path = "intake/deliveries.rs"]
mod deliveries;
#[path = "intake/files.rs"]
mod files;
#[path = "intake/lists.rs"]
mod lists;
#[path = "intake/rejects.rs"]
mod rejects;
#[path = "intake/rows.rs"]
mod rows;
#[path = "intake/safe.rs"]
mod safe;
#[path = "intake/weekly.rs"]
mod weekly;
