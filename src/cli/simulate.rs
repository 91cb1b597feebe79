//! `simulate`: what a fresh service would send over a span of days.

use std::io::{self, Write as _};

use chrono::NaiveDate;
use serde::Serialize;

use super::Format;
use super::output::{json_line, table};
use crate::app::App;
use crate::domain::digest::Digest;
use crate::simulate::{Span, simulate as run};

#[derive(Serialize)]
struct Row<'a> {
    date: NaiveDate,
    kind: &'a str,
    to: &'a str,
    obligations: Vec<Told<'a>>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Told<'a> {
    rule: &'a str,
    subject: &'a str,
    cycle: &'a str,
    step: &'a str,
}

/// Waits for somebody to break off: Ctrl-C, the end of the session, a polite kill.
async fn interrupted() {
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

pub(super) async fn simulate(
    app: &App,
    from: NaiveDate,
    to: NaiveDate,
    down: Option<(NaiveDate, NaiveDate)>,
    format: Format,
) -> anyhow::Result<u8> {
    if from > to {
        anyhow::bail!("--from liegt nach --to");
    }
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout());
    let mut rows = table(["Tag", "Art", "an", "Punkte"]);
    let (mut count, mut written) = (0usize, Ok(()));
    let mut seen = |digest: &Digest| {
        let told = |(_, i)| -> Told<'_> {
            let i: &crate::domain::digest::Item = i;
            Told { rule: &i.rule, subject: &i.subject, cycle: &i.cycle, step: &i.step }
        };
        let mut obligations: Vec<_> = digest.items().into_iter().map(told).collect();
        obligations.sort();
        obligations.dedup();
        let row = Row { date: digest.day, kind: digest.kind.as_str(), to: &digest.to, obligations };
        count += 1;
        if format == Format::Jsonl && written.is_ok() {
            written = json_line(&mut out, &row);
        } else if format == Format::Table {
            let day = row.date.format("%d.%m.%Y").to_string();
            rows.add_row([day, row.kind.to_owned(), row.to.to_owned(), row.obligations.len().to_string()]);
        }
    };
    // The copy of the facts goes with the future: whoever breaks off must not leave it lying.
    tokio::select! {
        done = run(&app.db, &app.settings, &app.rulebooks, Span { from, to, down }, &mut seen) => done?,
        () = interrupted() => anyhow::bail!("abgebrochen"),
    }
    written?;
    if format == Format::Table {
        writeln!(out, "{rows}\n{count} Mails")?;
    }
    out.flush()?;
    Ok(0)
}
