//! Corrections from outside: the binary over lists, on both databases. What people set right stays set right; what was
//! taken over can be taken back whole; and everything says who, when and from where.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "support/pg.rs"]
mod pg;
#[path = "support/workbook.rs"]
#[expect(dead_code, reason = "lists of other shapes are made elsewhere")]
mod workbook;

#[path = "korrektur/cells.rs"]
mod cells;
#[path = "korrektur/hand.rs"]
mod hand;
#[path = "korrektur/listed.rs"]
mod listed;
#[path = "korrektur/office.rs"]
mod office;
#[path = "korrektur/undone.rs"]
mod undone;
