//! Copies → facts: files are imported together, and what is to be said of them commits with them.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::gather::{self, Whole};
use super::share::{Errand, hex};
use super::still::Signature;
use super::{Looked, file, words};
use crate::app::App;
use crate::caught::caught;
use crate::clock::local_date;
use crate::config::inbox::InboxSettings;
use crate::domain::address::domain_of;
use crate::domain::digest::{Content, Digest, Kind};
use crate::intake::{self, FileReport, ImportError, Options, Problem, Report, Severity};
use crate::mail::compose::message_id;
use crate::mail::{Letterhead, Renderer};
use crate::store::{Arrival, NewMail, Receipt, StoreError, Taken};

/// Why an import could not be done.
pub(super) enum Stuck {
    Store(StoreError),
    Program(String),
}

/// Imports files together, with the note that they were taken and the mails about them. False: nothing was done, because
/// somebody has changed or taken one of them.
pub(super) async fn import(
    app: &App,
    settings: &InboxSettings,
    files: &[Whole],
    names: &[BTreeSet<String>; 2],
    unfiled: &[Taken],
    now: DateTime<Utc>,
    looked: &mut Looked,
) -> Result<bool, Stuck> {
    let secret = app.db.secret().await.map_err(Stuck::Store)?;
    let paths: Vec<PathBuf> = files.iter().filter_map(|file| file.copy.clone()).collect();
    let (mut said, mut mails) = (Vec::new(), false);
    let receipt = async |report: &Report| {
        let (dir, seen): (_, Vec<(OsString, Signature)>) =
            (settings.dir.clone(), files.iter().map(|file| (file.name.clone(), file.signature)).collect());
        // First the database, then the folder: whoever has taken one of the files stands in the one until they have moved it
        // in the other. Here, where nobody else can take any, it cannot be that both say nothing.
        let taken = app.db.unfiled().await.ok()?;
        let known =
            |file: &Whole| taken.iter().any(|t| (&t.arrival.name, &t.arrival.sha256) == (&file.text, &file.sha256));
        if files.iter().any(known) {
            return None;
        }
        let unchanged = Errand::default().send(move || gather::unchanged(&dir, &seen)).await;
        if unchanged != Ok(true) {
            return None;
        }
        let receipt = Told { settings, files, report, now }.receipt(app, &secret, names, unfiled, &mut said);
        mails = receipt.as_ref().is_some_and(|receipt| !receipt.mails.is_empty());
        receipt
    };
    let options = options(app, now);
    let imported = intake::import_with(&app.db, &paths, &options, Some(receipt));
    match caught(Box::pin(imported)).await {
        Ok(Ok(Some(report))) => {
            let (files, kept) = (said.len(), report.kept);
            tracing::info!(files, kept, import = report.import, "files of the watched folder were read");
            looked.files = said;
            looked.mails |= mails;
            Ok(true)
        }
        Ok(Ok(None)) => Ok(false),
        Ok(Err(ImportError::Store(error))) => Err(Stuck::Store(error)),
        Ok(Err(error @ ImportError::Interrupted)) => Err(Stuck::Program(error.to_string())),
        Err(panicked) => Err(Stuck::Program(panicked.to_string())),
    }
}

/// How files of the folder are imported.
fn options(app: &App, now: DateTime<Utc>) -> Options {
    Options { from: "inbox", mapping: app.mapping.clone(), ..Options::new(now) }
}

/// What an import is told of.
struct Told<'a> {
    settings: &'a InboxSettings,
    files: &'a [Whole],
    report: &'a Report,
    now: DateTime<Utc>,
}

impl Told<'_> {
    /// Notes and mails; nothing where a mail cannot be written. What is said of each file goes to `said` as well.
    fn receipt(
        &self,
        app: &App,
        secret: &[u8],
        names: &[BTreeSet<String>; 2],
        unfiled: &[Taken],
        said: &mut Vec<(String, String, bool)>,
    ) -> Option<Receipt> {
        let &Self { settings, files, report, now } = self;
        let import = report.import.filter(|_| !report.changed_nothing);
        let too_large = |file: &Whole| {
            FileReport::fatal(Path::new(&file.name), "Die Datei ist größer als 1 GB; eine Liste ist das nicht.")
        };
        let told = files.iter().map(|file| {
            let parts = report.files.iter().filter(|told| Some(&told.path) == file.copy.as_ref());
            (file, together(parts.cloned()).unwrap_or_else(|| too_large(file)))
        });
        let mut told: Vec<_> = told.collect();
        // What somebody has to see to comes first; the rest in the order in which it was taken over.
        let place = |file: &Whole| report.files.iter().position(|told| Some(&told.path) == file.copy.as_ref());
        told.sort_by_key(|(file, told)| (told.fatal.is_none(), place(file)));
        let mut used = names.clone();
        for taken in unfiled {
            used[usize::from(!taken.arrival.accepted)].insert(taken.arrival.target.to_lowercase());
        }
        let arrivals = told.iter().map(|(file, told)| {
            let accepted = told.fatal.is_none();
            let used = &mut used[usize::from(!accepted)];
            let target = file::free(&file.text, |name| used.contains(&name.to_lowercase()));
            used.insert(target.to_lowercase());
            let about = words::About { name: &file.text, at: now, import, days: settings.keep_imports };
            let report = words::report(told, about);
            Arrival { name: file.text.clone(), sha256: file.sha256.clone(), accepted, target, report }
        });
        let arrivals: Vec<Arrival> = arrivals.collect();
        let all: Vec<(String, &FileReport)> = told.iter().map(|(file, told)| (file.text.clone(), told)).collect();
        let clean_of = |told: &FileReport| told.fatal.is_none() && told.counts.refused == 0;
        *said = all.iter().map(|(name, told)| (name.clone(), words::outcome(told), clean_of(told))).collect();
        // One and the same for the same files at the same instant, and for no others.
        let what: Vec<u8> = arrivals.iter().flat_map(|a| [a.name.as_bytes(), a.sha256.as_bytes()].concat()).collect();
        let what = hex(&Sha256::digest(&what)[..8]);
        let mut mails = Vec::new();
        for to in &settings.report_to {
            let key = format!("eingang:{what}:{}:{to}", now.timestamp_micros());
            let content = Content::Receipt(words::receipt(&all));
            mails.push(written(app, secret, Kind::Eingang, to, content, key, now)?);
        }
        Some(Receipt { arrivals, mails })
    }
}

/// What was told of the parts of one file, as of one: an import may tell of its sheets one by one. Nothing of it is taken
/// over only if nothing of any part is.
fn together(parts: impl Iterator<Item = FileReport>) -> Option<FileReport> {
    parts.reduce(|mut all, part| {
        let (a, b) = (&mut all.counts, part.counts);
        a.read += b.read;
        a.new += b.new;
        a.changed += b.changed;
        a.unchanged += b.unchanged;
        a.withdrawn += b.withdrawn;
        a.reported += b.reported;
        a.refused += b.refused;
        all.problems.extend(part.problems);
        match (&mut all.understood, part.understood) {
            (Some(seen), Some(more)) => seen.columns.extend(more.columns),
            (seen @ None, more) => *seen = more,
            (Some(_), None) => {}
        }
        all.more += part.more;
        match (all.fatal.take(), part.fatal) {
            (Some(mut fatal), Some(other)) => {
                if fatal.text != other.text {
                    fatal.text = format!("{} {}", fatal.text, other.text);
                }
                all.fatal = Some(fatal);
            }
            (None, None) => {}
            (Some(fatal), None) | (None, Some(fatal)) => {
                all.counts.refused = all.counts.refused.max(1);
                let (reason, severity) = (fatal.text, Severity::Refused);
                let remedy = String::new();
                all.problems.insert(0, Problem { line: None, column: None, value: None, reason, remedy, severity });
            }
        }
        all
    })
}

/// A mail with its words; none if a template does not work, which the start of the service has tried.
pub(super) fn written(
    app: &App,
    secret: &[u8],
    kind: Kind,
    to: &str,
    content: Content,
    dedup_key: String,
    now: DateTime<Utc>,
) -> Option<NewMail> {
    let day = local_date(now);
    let mail = &app.settings.mail;
    let digest = Digest { kind, office: String::new(), day, to: to.to_owned(), data: Vec::new(), content };
    let letterhead =
        Letterhead { contact: mail.contact.clone(), reply_to: mail.reply_to.clone(), ..Letterhead::default() };
    let parts = Renderer::new(&HashMap::new(), letterhead).and_then(|renderer| renderer.render(&digest));
    let parts = parts.inspect_err(|error| tracing::error!(error = error.to_string(), "no mail about files")).ok()?;
    let message = serde_json::to_vec(&parts).ok()?;
    let domain = domain_of(&mail.from).unwrap_or_else(|| "localhost".to_owned());
    Some(NewMail {
        message_id: message_id(secret, &dedup_key, &domain),
        dedup_key,
        kind,
        office: digest.office,
        recipient: digest.to,
        day,
        subject: parts.subject,
        sha256: hex(&Sha256::digest(&message)),
        message,
        created_at: now,
        told_once: true,
        notices: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_several_parts_is_told_of_as_one() {
        let path = Path::new("liste.xlsx");
        let read = |new, refused| {
            let mut part = FileReport::fatal(path, "");
            (part.fatal, part.counts.new, part.counts.refused) = (None, new, refused);
            part
        };
        let fatal = |text: &str| FileReport::fatal(path, text);
        // (parts, whether nothing is taken over, new rows, refused rows, problems)
        for (parts, is_fatal, new, refused, problems) in [
            (vec![read(1, 0), read(2, 3)], false, 3, 3, 0),
            (vec![fatal("Blatt A"), read(2, 0)], false, 2, 1, 1),
            (vec![read(2, 0), fatal("Blatt A"), fatal("Blatt B")], false, 2, 1, 2),
            (vec![fatal("Blatt A"), fatal("Blatt B")], true, 0, 0, 0),
        ] {
            let all = together(parts.into_iter()).unwrap();
            assert_eq!(all.fatal.is_some(), is_fatal);
            assert_eq!((all.counts.new, all.counts.refused, all.problems.len()), (new, refused, problems));
        }
        assert!(together(std::iter::empty()).is_none());
    }
}
