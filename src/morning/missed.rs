//! The mail that says that there was no morning: to the administrator, because nobody else got any.
//!
//! It goes through the queue like every mail, once for an office and a day. It asks the database for as little as can be:
//! what kept the morning from being may keep the teams or the rules from being read.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sha2::{Digest as _, Sha256};

use super::{MorningError, hex};
use crate::config::settings::Settings;
use crate::domain::address::domain_of;
use crate::domain::digest::{Content, Digest, Kind};
use crate::mail::compose::message_id;
use crate::mail::templates::Templates;
use crate::mail::words::{date, instant, time};
use crate::mail::{Letterhead, Renderer};
use crate::store::{Db, NewMail};

/// What to do about it. The next morning makes up for everything, as after any day without the service.
const TO_DO: &str = "Zu tun: die Ursache beheben. „wiedervorlage check“ und „wiedervorlage status“ helfen dabei; jeden Versuch \
     nennt das Protokoll des Dienstes („journalctl -u wiedervorlage“). Danach holt „wiedervorlage morning“ den Lauf noch \
     heute nach; sonst tut es der nächste Arbeitstag, und nichts entfällt.";

/// A morning that was not, once its time is over.
#[derive(Debug, Clone)]
pub struct Missed<'a> {
    /// The office.
    pub office: &'a str,
    /// The day that has no morning.
    pub day: NaiveDate,
    /// Up to when it could have been.
    pub latest: NaiveTime,
    /// The day of the office's last run.
    pub last_run: Option<NaiveDate>,
    /// Since when it fails, and why it did last: German, nobody's data. None: nobody has tried, as far as is known.
    pub failed: Option<(DateTime<Utc>, &'a str)>,
}

/// Queues the mail to the administrator at `now`. False: it was queued before.
pub async fn tell(
    db: &Db,
    settings: &Settings,
    templates: &Templates,
    admin: &str,
    missed: &Missed<'_>,
    now: DateTime<Utc>,
) -> Result<bool, MorningError> {
    let failed = match missed.last_run {
        Some(last) => db.snapshot().await?.failed_since(missed.office, last).await?,
        None => Vec::new(),
    };
    let digest = Digest {
        kind: Kind::Admin,
        office: missed.office.to_owned(),
        day: missed.day,
        to: admin.to_owned(),
        data: Vec::new(),
        content: Content::Missed(sentences(missed, &failed)),
    };
    let letterhead = Letterhead {
        contact: settings.mail.contact.clone(),
        reply_to: settings.mail.reply_to.clone(),
        ..Letterhead::default()
    };
    let parts = Renderer::with(templates, &HashMap::new(), letterhead)?.render(&digest)?;
    let message = serde_json::to_vec(&parts).map_err(std::io::Error::from)?;
    // Not the key of a digest: the run of this day may still come, by hand, and have hints of its own.
    let dedup_key = format!("kein-lauf:{}:{}", missed.office, missed.day);
    let domain = domain_of(&settings.mail.from).unwrap_or_else(|| "localhost".to_owned());
    let mail = NewMail {
        message_id: message_id(&db.secret().await?, &dedup_key, &domain),
        dedup_key,
        kind: digest.kind,
        office: digest.office,
        recipient: digest.to,
        day: digest.day,
        subject: parts.subject,
        sha256: hex(&Sha256::digest(&message)),
        message,
        created_at: now,
        told_once: true,
        notices: Vec::new(),
    };
    Ok(db.queue(mail).await?)
}

/// What it says: finished German, nobody's data.
fn sentences(missed: &Missed<'_>, given_up: &[i64]) -> Vec<String> {
    let Missed { office, day, latest, last_run, failed } = missed;
    let of = if office.is_empty() { String::new() } else { format!("Dienststelle {office}: ") };
    let mut sentences = vec![format!(
        "{of}Der Lauf vom {} ist bis {} Uhr nicht gelungen. Tagesübersichten, Mitteilungen und Eskalationen dieses Tages \
         sind nicht geschrieben.",
        date(*day),
        time(*latest)
    )];
    sentences.push(match failed {
        Some((since, error)) => format!("Er scheitert seit {}. Zuletzt: {error}", instant(*since)),
        None => {
            "Ein Fehler ist nicht vermerkt: Der Dienst lief zur Zeit des Laufs nicht oder wurde seither neu gestartet."
                .to_owned()
        }
    });
    sentences.push(last_run.map_or_else(
        || "Bisher ist für diese Dienststelle kein Lauf gelungen.".to_owned(),
        |last| format!("Der letzte Lauf war der vom {}.", date(last)),
    ));
    sentences.push(TO_DO.to_owned());
    sentences.extend(of_given_up(given_up));
    sentences
}

/// What the administrator is told of mails that were given up; nothing if there are none.
pub(super) fn of_given_up(ids: &[i64]) -> Option<String> {
    let numbers: Vec<_> = ids.iter().map(i64::to_string).collect();
    (!ids.is_empty()).then(|| {
        format!(
            "Diese Mails konnten endgültig nicht zugestellt werden (Nummern im Postausgang): {}. Den Grund zeigt \
             „wiedervorlage outbox show NUMMER“, ein neuer Versuch ist „wiedervorlage outbox retry NUMMER“.",
            numbers.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_office_since_when_why_and_what_to_do() {
        let missed = Missed {
            office: "Nord",
            day: "2026-11-24".parse().unwrap(),
            latest: "18:00:00".parse().unwrap(),
            last_run: Some("2026-11-20".parse().unwrap()),
            failed: Some(("2026-11-23T05:30:00Z".parse().unwrap(), "Der Datenträger der Datenbank ist voll.")),
        };
        let said = sentences(&missed, &[7, 9]);
        assert!(
            said[0].starts_with("Dienststelle Nord: Der Lauf vom Di., 24.11.2026 ist bis 18:00 Uhr nicht gelungen.")
        );
        assert_eq!(
            said[1],
            "Er scheitert seit Mo., 23.11.2026, 06:30. Zuletzt: Der Datenträger der Datenbank ist voll."
        );
        assert_eq!(said[2], "Der letzte Lauf war der vom Fr., 20.11.2026.");
        assert_eq!(said[3], TO_DO);
        assert!(said[4].contains("(Nummern im Postausgang): 7, 9."), "{}", said[4]);
        let first = sentences(&Missed { office: "", last_run: None, failed: None, ..missed }, &[]);
        assert_eq!(first.len(), 4);
        assert!(first[0].starts_with("Der Lauf vom"));
        assert!(first[1].starts_with("Ein Fehler ist nicht vermerkt"));
        assert!(first[2].contains("kein Lauf gelungen"));
    }
}
