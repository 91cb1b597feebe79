//! `outbox`: the queue of mails as people see it, and the two things they may do to it.

use std::fmt::Write as _;
use std::io::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::Format;
use super::output::{TABLE_ROWS, json_line, print, stdout, table};
use super::words;
use crate::app::App;
use crate::domain::digest::Kind;
use crate::mail::Parts;
use crate::mail::words::{clean, date, instant};
use crate::store::{OutboxEntry, OutboxFilter, OutboxMail, OutboxState};

/// A kind that a row of the queue names and this program does not know.
const UNKNOWN: &str = "unbekannte Art";
/// Mails per page.
const PAGE: u32 = 1_000;

/// What is asked of the queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    /// Zeigt die Mails in der Reihenfolge, in der sie geschrieben wurden
    List {
        /// Tabelle oder eine JSON-Zeile je Mail
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// Nur Mails in diesem Stand: queued, sending, sent, failed, superseded, cancelled
        #[arg(long, value_name = "STAND", value_parser = parse_state)]
        state: Option<OutboxState>,
    },
    /// Zeigt eine Mail mit ihrem Text
    Show {
        /// Die Nummer aus „outbox list“
        #[arg(value_name = "NR")]
        id: i64,
    },
    /// Stellt eine gescheiterte, zurückgezogene oder wartende Mail zum sofortigen Versand ein
    Retry {
        /// Die Nummer aus „outbox list“
        #[arg(value_name = "NR")]
        id: i64,
    },
    /// Zieht eine Mail zurück, die noch nicht versandt ist; ihr Inhalt wird nicht noch einmal gemeldet
    Cancel {
        /// Die Nummer aus „outbox list“
        #[arg(value_name = "NR")]
        id: i64,
    },
}

fn parse_state(word: &str) -> Result<OutboxState, String> {
    word.parse().map_err(|_| {
        let all: Vec<_> = OutboxState::ALL.iter().map(|s| s.as_str()).collect();
        format!("erwartet wird eines von: {}", all.join(", "))
    })
}

pub(super) async fn outbox(app: &App, ask: Ask) -> anyhow::Result<u8> {
    match ask {
        Ask::List { format, state } => list(app, format, state).await,
        Ask::Show { id } => show(app, id).await,
        Ask::Retry { id } => {
            let done = |_: &OutboxMail| format!("Mail {id} steht wieder zum Versand an.");
            change(app, id, app.db.outbox_retry(id, app.clock.now()), done, no_retry).await
        }
        Ask::Cancel { id } => {
            let done = |_: &OutboxMail| {
                format!("Mail {id} ist zurückgezogen. Mit „outbox retry {id}“ geht sie doch noch hinaus.")
            };
            change(app, id, app.db.outbox_cancel(id), done, no_cancel).await
        }
    }
}

/// A mail as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    kind: &'a str,
    to: &'a str,
    date: NaiveDate,
    state: &'a str,
    attempts: u32,
    message_id: &'a str,
    sent_at: Option<DateTime<Utc>>,
    error: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(e: &'a OutboxEntry) -> Self {
        Self {
            id: e.id,
            kind: e.kind.map_or("", Kind::as_str),
            to: &e.recipient,
            date: e.day,
            state: e.state.as_str(),
            attempts: e.attempts,
            message_id: &e.message_id,
            sent_at: e.sent_at,
            error: e.error.as_deref(),
        }
    }
}

async fn list(app: &App, format: Format, state: Option<OutboxState>) -> anyhow::Result<u8> {
    let filter = OutboxFilter { state, ..OutboxFilter::default() };
    let mut out = stdout();
    let mut rows = table(["Nr.", "Tag", "Art", "an", "Stand", "Versuche", "Fehler"]);
    let (mut after, mut count) = (0, 0usize);
    loop {
        let page = app.db.outbox_list(&filter, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for e in &page {
            count += 1;
            if format == Format::Jsonl {
                json_line(&mut out, &Row::of(e))?;
            } else if count <= TABLE_ROWS {
                let stand = e.sent_at.map_or_else(
                    || words::outbox(e.state).to_owned(),
                    |at| {
                        // One that came back was sent, and says so.
                        let sent = if e.state == OutboxState::Sent { "" } else { "versandt " };
                        format!("{}\n{sent}{}", words::outbox(e.state), instant(at))
                    },
                );
                rows.add_row([
                    e.id.to_string(),
                    e.day.format("%d.%m.%Y").to_string(),
                    e.kind.map_or(UNKNOWN, words::kind).to_owned(),
                    clean(&e.recipient).into_owned(),
                    stand,
                    e.attempts.to_string(),
                    clean(e.error.as_deref().unwrap_or_default()).into_owned(),
                ]);
            }
        }
    }
    if format == Format::Table {
        if count > 0 {
            writeln!(out, "{rows}")?;
        }
        if count > TABLE_ROWS {
            writeln!(out, "… und {} weitere; vollständig mit --format jsonl", count - TABLE_ROWS)?;
        }
        writeln!(out, "{}", crate::mail::words::plural(count, "Mail", "Mails"))?;
    }
    out.flush()?;
    Ok(0)
}

async fn show(app: &App, id: i64) -> anyhow::Result<u8> {
    let mail = get(app, id).await?;
    let e = &mail.entry;
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<12} {}", clean(value));
    };
    line("Mail", &format!("{id}, {} für {}", e.kind.map_or(UNKNOWN, words::kind), date(e.day)));
    line("Betreff", &e.subject);
    line("An", &e.recipient);
    let attempts = crate::mail::words::plural(e.attempts, "Versuch", "Versuche");
    line("Stand", &format!("{} ({}), {attempts}", words::outbox(e.state), e.state));
    line("Geschrieben", &instant(e.created_at));
    match e.sent_at {
        Some(at) => line("Versandt", &instant(at)),
        None if e.state == OutboxState::Queued => {
            line("Nächster", &format!("Versuch ab {}", instant(e.next_attempt_at)));
        }
        None => {}
    }
    if let Some(error) = &e.error {
        line("Fehler", error);
    }
    line("Message-ID", &e.message_id);
    text.push('\n');
    text.push_str(&body(mail.message.as_deref()));
    print(text.trim_end())?;
    Ok(0)
}

/// The text part of a mail, or why there is none to show.
fn body(message: Option<&[u8]>) -> String {
    let Some(message) = message else {
        return "(Der Text ist nach Ablauf der Aufbewahrungszeit gelöscht.)".to_owned();
    };
    match serde_json::from_slice::<Parts>(message) {
        // The lines stay; whatever else would steer the terminal does not.
        Ok(parts) => parts.text.lines().flat_map(|line| [clean(line).into_owned(), "\n".to_owned()]).collect(),
        Err(_) => "(Der Text ist in einer Form abgelegt, die diese Version nicht lesen kann.)".to_owned(),
    }
}

async fn get(app: &App, id: i64) -> anyhow::Result<OutboxMail> {
    let mail = app.db.outbox_get(id).await?;
    mail.ok_or_else(|| anyhow::anyhow!("Eine Mail mit der Nummer {id} gibt es nicht; „outbox list“ zeigt alle."))
}

/// Tries a change of one mail; where it does not apply, says why by where the mail stands.
async fn change(
    app: &App,
    id: i64,
    change: impl Future<Output = Result<bool, crate::store::StoreError>>,
    done: impl Fn(&OutboxMail) -> String,
    refused: impl Fn(&OutboxMail) -> &'static str,
) -> anyhow::Result<u8> {
    get(app, id).await?;
    let changed = change.await?;
    // Read again: somebody may have sent it in between.
    let mail = get(app, id).await?;
    if changed {
        print(done(&mail))?;
        return Ok(0);
    }
    eprintln!("Mail {id}: {}", refused(&mail));
    Ok(1)
}

/// Why a mail is not queued again.
fn no_retry(mail: &OutboxMail) -> &'static str {
    match mail.entry.state {
        OutboxState::Sent => "ist schon versandt und geht nicht noch einmal hinaus.",
        OutboxState::Sending => "wird gerade versandt; bitte das Ergebnis abwarten.",
        OutboxState::Superseded => "ist durch eine neuere ersetzt, die alles Offene enthält; sie geht nicht hinaus.",
        OutboxState::Queued | OutboxState::Failed | OutboxState::Cancelled => {
            "kann nicht versandt werden: Ihr Text ist nach Ablauf der Aufbewahrungszeit gelöscht."
        }
    }
}

/// Why a mail is not called back.
fn no_cancel(mail: &OutboxMail) -> &'static str {
    match mail.entry.state {
        OutboxState::Sent => "ist schon versandt und lässt sich nicht zurückziehen.",
        OutboxState::Sending => "wird gerade versandt und lässt sich jetzt nicht zurückziehen.",
        OutboxState::Superseded => "ist durch eine neuere ersetzt und geht ohnehin nicht hinaus.",
        OutboxState::Cancelled => "ist schon zurückgezogen.",
        OutboxState::Queued | OutboxState::Failed => "hat sich eben geändert; bitte den Befehl wiederholen.",
    }
}
