//! `preview`: the mails of any day as files, without touching anything.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::NaiveDate;

use super::output::{print, table};
use super::simulate::interrupted;
use super::words;
use crate::app::App;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::domain::digest::Kind;
use crate::mail::Parts;
use crate::mail::compose::redirected;
use crate::mail::words::{clean, date, plural};
use crate::morning::Skipped;
use crate::preview::{Preview, Previewed, Source};
use crate::store::{Claimed, OutboxMail};

/// A day further ahead than this is a slip of the finger.
const FURTHEST_DAYS: u64 = 400;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Der Tag (TT.MM.JJJJ oder JJJJ-MM-TT)
    #[arg(long, value_name = "TAG", value_parser = super::parse_day)]
    on: NaiveDate,
    /// Nur die Mails an diese Adresse
    #[arg(long, value_name = "ADRESSE")]
    to: Option<String>,
    /// Nur diese Art: tagesuebersicht, persoenlich, mitteilung, eskalation, wochenbericht, admin
    #[arg(long, value_name = "ART", value_parser = parse_kind)]
    kind: Option<Kind>,
    /// In diesen Ordner; er wird angelegt, nur für seinen Eigentümer lesbar
    #[arg(long, value_name = "ORDNER")]
    out: PathBuf,
}

fn parse_kind(word: &str) -> Result<Kind, String> {
    word.parse().map_err(|_| {
        let all: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("erwartet wird eines von: {}", all.join(", "))
    })
}

pub(super) async fn preview(config: Option<&Path>, args: &Args) -> anyhow::Result<u8> {
    let app = App::looking(Settings::load(config)?, Clock::system()).await?;
    // The copy holds everything: whoever breaks off must not leave it lying.
    let done = tokio::select! {
        done = show(&app, args) => done,
        () = interrupted() => Err(anyhow::anyhow!("abgebrochen")),
    };
    app.db.close().await;
    done
}

async fn show(app: &App, args: &Args) -> anyhow::Result<u8> {
    let (now, today) = (app.clock.now(), app.clock.today());
    if args.on > today + chrono::Days::new(FURTHEST_DAYS) {
        anyhow::bail!("Der {} liegt mehr als {FURTHEST_DAYS} Tage in der Zukunft.", date(args.on));
    }
    folder(&args.out, &app.settings)?;
    let renderer = app.renderer().await?;
    let App { db, settings, rulebooks, .. } = app;
    let preview = Preview { db, settings, rulebooks, renderer: &renderer, now, today };
    let Previewed { offices, mails } = preview.of(args.on).await?;
    if offices.is_empty() {
        anyhow::bail!(
            "Es sind noch keine Teams eingelesen. Bitte zuerst eine Lieferung einlesen: wiedervorlage import ORDNER"
        );
    }
    let mut notes: Vec<String> = offices.iter().flat_map(|(office, source)| said(office, source, args.on)).collect();
    if args.on > today {
        notes.push(
            "Für Tage, die noch kommen, gilt der Datenstand als aktuell, und nichts Neues kommt hinzu.".to_owned(),
        );
    }
    let wanted = |mail: &&OutboxMail| {
        let kind = args.kind.is_none_or(|kind| mail.entry.kind == Some(kind));
        kind && args.to.as_ref().is_none_or(|to| mail.entry.recipient.eq_ignore_ascii_case(to.trim()))
    };
    let (all, wanted) = (mails.len(), mails.iter().filter(wanted).collect::<Vec<_>>());
    let courier = app.courier()?;
    let mut rows = table(["Datei", "Art", "an", "Betreff"]);
    let (mut written, mut gone) = (0_usize, 0_usize);
    for mail in wanted {
        let (entry, Some((claimed, parts))) = (&mail.entry, as_claimed(mail)) else {
            gone += 1;
            continue;
        };
        let outgoing = courier.outgoing(&claimed);
        let stem = crate::mail::transport::file_stem(entry.day, claimed.kind.into(), &claimed.message_id);
        match outgoing {
            Ok(outgoing) => write(&args.out, &stem, "eml", &outgoing.message)?,
            Err(refused) => notes.push(format!("{stem}: ginge nicht hinaus. {refused}")),
        }
        let true_recipient = settings.mail.redirect_all_to.as_ref().map(|_| entry.recipient.as_str());
        let (text, html) = redirected(&parts, true_recipient);
        write(&args.out, &stem, "html", html.as_bytes())?;
        write(&args.out, &stem, "txt", text.as_bytes())?;
        rows.add_row([&stem, words::kind(claimed.kind), &*clean(&entry.recipient), &*clean(&entry.subject)]);
        written += 1;
    }
    if gone > 0 {
        notes.push(format!("Der Text von {} ist nicht mehr gespeichert.", plural(gone, "Mail", "Mails")));
    }
    let mut said = String::new();
    if written > 0 {
        let files = "je als .eml, .html und .txt";
        said = format!("{rows}\n{} von {all} in {}, {files}.\n", plural(written, "Mail", "Mails"), args.out.display());
    } else if all == 0 {
        "An diesem Tag gibt es keine Mail.\n".clone_into(&mut said);
    } else {
        let all = plural(all, "Mail", "Mails");
        said = format!("Zu dieser Auswahl gibt es an diesem Tag keine Mail; ohne sie sind es {all}.\n");
    }
    said.push_str(&notes.join("\n"));
    print(said.trim_end())?;
    Ok(u8::from(written == 0))
}

/// A mail of the queue as the delivery would hold it, and its words; none if they are gone.
fn as_claimed(mail: &OutboxMail) -> Option<(Claimed, Parts)> {
    let message = mail.message.clone()?;
    let parts = serde_json::from_slice(&message).ok()?;
    let entry = &mail.entry;
    let claimed = Claimed {
        id: entry.id,
        kind: entry.kind?,
        recipient: entry.recipient.clone(),
        day: entry.day,
        message_id: entry.message_id.clone(),
        message,
        attempt: 1,
        created_at: entry.created_at,
        first_attempt_at: entry.created_at,
    };
    Some((claimed, parts))
}

/// How an office's mails came about, where that is worth a word.
fn said(office: &str, source: &Source, on: NaiveDate) -> Vec<String> {
    let of = if office.is_empty() { String::new() } else { format!("Dienststelle {}: ", clean(office)) };
    match source {
        Source::Written { last_run } if *last_run == on => {
            vec![format!("{of}Der Lauf vom {} ist erledigt; gezeigt wird, was er geschrieben hat.", date(on))]
        }
        Source::Written { last_run } => vec![format!(
            "{of}Der letzte Lauf war am {}, danach; gezeigt wird, was für den {} geschrieben wurde.",
            date(*last_run),
            date(on)
        )],
        Source::Run { before, ran } => {
            let mut said = Vec::new();
            if let Some((first, last, runs)) = before.filter(|(.., runs)| *runs > 0) {
                let span = if first == last {
                    format!("vom {}", date(first))
                } else {
                    format!("vom {} bis {}", date(first), date(last))
                };
                said.push(format!("{of}Vorher auf der Kopie gelaufen: {} {span}.", plural(runs, "Morgen", "Morgen")));
            }
            match ran {
                Ok(report) => said.extend(report.problems.iter().map(|problem| format!("{of}Hinweis: {problem}"))),
                Err(Skipped::NoWorkday(because)) => {
                    said.push(format!("{of}Der {} ist kein Arbeitstag ({because}); es gibt keinen Lauf.", date(on)));
                }
                Err(_) => said.push(format!("{of}Am {} gibt es keinen Lauf.", date(on))),
            }
            said
        }
    }
}

/// Makes the folder, unless it is there. The one that somebody brings real mails away from is refused.
fn folder(out: &Path, settings: &Settings) -> anyhow::Result<()> {
    let unusable = || format!("Der Ordner {} lässt sich nicht anlegen", out.display());
    DirBuilder::new().recursive(true).mode(0o700).create(out).with_context(unusable)?;
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(out, &settings.mail.file_dir) {
        anyhow::bail!(
            "In {} legt der Versand die wirklichen Mails ab (mail.file.dir); bitte einen anderen Ordner.",
            out.display()
        );
    }
    Ok(())
}

fn write(folder: &Path, stem: &str, ending: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(format!("{stem}.{ending}"));
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    written
        .and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("{} lässt sich nicht schreiben", path.display()))
}
