//! `simulate`: what a fresh service would send over a span of days.

use std::io::{self, Write as _};

use chrono::NaiveDate;
use serde::Serialize;

use super::Format;
use super::output::{json_line, table};
use crate::app::App;
use crate::domain::digest::Digest;
use crate::mail::words::{date, plural};
use crate::simulate::{Span, simulate as run};

#[derive(Serialize)]
struct Row<'a> {
    date: NaiveDate,
    kind: &'a str,
    to: &'a str,
    obligations: Vec<Told<'a>>,
    /// Where data ends: whether the mail opens with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<bool>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Told<'a> {
    rule: &'a str,
    subject: &'a str,
    cycle: &'a str,
    step: &'a str,
}

/// How old the data of a mail is, in a table's cell.
fn age(digest: &Digest, until: NaiveDate) -> String {
    let workdays = digest.data.iter().filter_map(|d| d.fresh.workdays).max();
    match workdays {
        Some(n) if digest.day > until => {
            let stale = if digest.data.iter().any(|d| d.fresh.stale) { ", veraltet" } else { "" };
            format!("{} alt{stale}", plural(n, "Arbeitstag", "Arbeitstage"))
        }
        _ => "aktuell".to_owned(),
    }
}

/// Waits for somebody to break off: Ctrl-C, the end of the session, a polite kill.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = wait(SignalKind::interrupt()) => {}
        _ = wait(SignalKind::terminate()) => {}
        _ = wait(SignalKind::hangup()) => {}
    }
}

pub(super) async fn simulate(app: &App, span: Span, format: Format) -> anyhow::Result<u8> {
    if span.from > span.to {
        anyhow::bail!("--from liegt nach --to");
    }
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout());
    let mut rows = table(["Tag", "Art", "an", "Punkte"]);
    if span.data_until.is_some() {
        rows.set_header(["Tag", "Art", "an", "Punkte", "Daten"]);
    }
    let (mut count, mut written) = (0usize, Ok(()));
    let mut seen = |digest: &Digest| {
        let told = |(_, i)| -> Told<'_> {
            let i: &crate::domain::digest::Item = i;
            Told { rule: &i.rule, subject: &i.subject, cycle: &i.cycle, step: &i.step }
        };
        let mut obligations: Vec<_> = digest.items().into_iter().map(told).collect();
        obligations.sort();
        obligations.dedup();
        let stale = span.data_until.map(|_| digest.data.iter().any(|d| d.fresh.stale));
        let row = Row { date: digest.day, kind: digest.kind.as_str(), to: &digest.to, obligations, stale };
        count += 1;
        if format == Format::Jsonl && written.is_ok() {
            written = json_line(&mut out, &row);
        } else if format == Format::Table {
            let day = row.date.format("%d.%m.%Y").to_string();
            let mut cells = vec![day, row.kind.to_owned(), row.to.to_owned(), row.obligations.len().to_string()];
            cells.extend(span.data_until.map(|until| age(digest, until)));
            rows.add_row(cells);
        }
    };
    // The copy of the facts goes with the future: whoever breaks off must not leave it lying.
    tokio::select! {
        done = run(&app.db, &app.settings, &app.rulebooks, span, &mut seen) => done?,
        () = interrupted() => anyhow::bail!("abgebrochen"),
    }
    written?;
    if format == Format::Table {
        writeln!(out, "{rows}\n{count} Mails")?;
        if let Some(until) = span.data_until {
            writeln!(out, "Daten bis {}; danach kommt nichts Neues.", date(until))?;
        }
    }
    out.flush()?;
    Ok(0)
}
