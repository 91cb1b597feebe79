//! Wiedervorlage puts every deadline of a Jobcenter's Betriebsakquise on the right desk by mail: once, on time, with the
//! reason. This page is the map of the house.
//!
//! # A morning
//! Files come in through [`intake`] and become facts in the [`store`]. On a workday [`morning`] reads them from one
//! snapshot, page by page; [`domain`] says what is due, compares it with what was said before, and gathers one digest
//! per recipient; [`mail`] gives it words; one short transaction writes the run, the ledger and the outbox. [`delivery`]
//! claims what is due there, sends it outside any transaction, and records what became of it. [`service`] waits for the
//! minute, and [`schedule`] says whose morning is due in it; [`inbox`] imports what the office has put into the watched
//! folder. At night [`upkeep`] has
//! [`retention`] delete what has had its time, and makes a [`backup`]. [`simulate`] drives the
//! same morning over a throw-away copy of the facts, and [`preview`] over one of everything. [`app`] builds the parts, [`cli`] asks for them, [`config`] reads
//! settings and rules, and [`clock`] is the only room that knows what time it is.
//!
//! # Which room knows what
//! | room | knows | must not know |
//! |---|---|---|
//! | [`domain`] | dates, rules, facts | async, files, databases, mail, settings, any clock |
//! | [`store`] | SQL, domain types | mail, what rules mean |
//! | [`mail`] | the domain's digest, templates, MIME | store, rules |
//! | [`intake`] | files, facts, store | mail |
//! | [`morning`] | domain, store, words | how mail is sent |
//! | [`delivery`] | store, transports, [`domain::retry`] | how rules work |
//! | [`schedule`] | mornings, offices' hours, runs | SQL, what rules mean |
//! | [`service`] | tasks, signals, the service manager | what is due |
//! | [`inbox`] | the watched folder, intake, words | SQL, how mail is sent |
//! | [`bounces`] | a maildir, what came back, store | how mail is sent |
//! | [`retention`] | which cases are closed, store | how anything is sent |
//! | [`backup`] | files, store | what is in them |
//! | [`upkeep`] | the night's work, [`schedule`] | SQL |
//! | [`caught`] | panics | what the work is about |
//! | [`who`] | the operating system's user | anything else |
//!
//! Arrows run one way: cli → service → schedule → app → morning, delivery, intake → store, mail → domain.
//! `tests/architecture.rs` fails on any other.
//!
//! # What is never true
//! * The domain does no IO, knows no clock and cannot fail: every input has an answer.
//! * No decision reads the time twice: the date is read once and handed down.
//! * No mail is written without its ledger, and no ledger without its mail: they commit together.
//! * Nothing is sent inside a transaction; a mail is marked only after it was taken.
//! * No digest is written twice: the outbox is unique by kind, address, date and office, and every copy carries one
//!   Message-ID.
//! * No file is taken without its note and its mail, and none is moved before they are committed.
//! * Nobody reads of a case that is not theirs; subjects, logs and errors hold nobody's data.
//! * No fact changes without a trace: who, when, from where, and what was there before; and the trace never changes.
//! * Memory does not grow with the number of cases: a page of them and one recipient's mail are all that is held.

pub mod app;
pub mod backup;
pub mod bounces;
pub mod caught;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod inbox;
pub mod intake;
pub mod mail;
pub mod morning;
pub mod preview;
pub mod retention;
pub mod schedule;
pub mod service;
pub mod simulate;
pub mod store;
pub mod upkeep;
pub mod who;
