//! The settings: which sections and keys there are, and what they hold once they are checked.
//!
//! Every key is known; an unknown one, or a value that does not fit, refuses to start and names the key. Where the
//! values come from stands in `layers`, how a kind of value is read in `read`.

mod layers;
pub(super) mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) use layers::DEFAULTS;

use chrono::{NaiveDate, NaiveTime};
use read::{address, list, named, optional, secret, section, time, yearly};
use secrecy::SecretString;
use toml::Table;

use super::fields::{FieldError, Fields};
use super::inbox::{self, InboxSettings};
use super::smtp::{self, SmtpSettings};
use crate::domain::address::{is_address, is_within};
use crate::domain::calendar::{Dienstfrei, Regional};
use crate::domain::capacity::Places;

/// Why the settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file or the environment cannot be read as settings.
    #[error("Einstellungen {from}: {problem}")]
    Unreadable {
        /// The file, or the environment.
        from: String,
        /// What is wrong.
        problem: String,
    },
    /// A key is wrong.
    #[error("Einstellungen {from}: {field}")]
    Field {
        /// The file, or the environment.
        from: String,
        /// Which key, what is wrong, what would be right.
        field: FieldError,
    },
}

/// How mails leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// One .eml per mail in a folder.
    File,
    /// A mail server.
    Smtp,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// The database's password, read from a file of its own.
    pub database_password: Option<SecretString>,
    /// Mail.
    pub mail: MailSettings,
    /// The administrator's address.
    pub admin_email: Option<String>,
    /// The maildir that undeliverable mails are reported to; none: nobody looks.
    pub bounces_maildir: Option<PathBuf>,
    /// How long what is kept.
    pub retention: RetentionSettings,
    /// Backups.
    pub backup: BackupSettings,
    /// The watched folder; none: nobody looks.
    pub inbox: Option<InboxSettings>,
    /// What holds for every office that says nothing of its own.
    office: OfficeSettings,
    /// Offices with settings of their own, by Dienststelle.
    offices: BTreeMap<String, OfficeSettings>,
    /// Teams with settings of their own, by key in lower case.
    teams: BTreeMap<String, TeamSettings>,
    /// The office-wide file of rules.
    pub rules_file: Option<PathBuf>,
    /// Places per BAK.
    pub places: Places,
    /// Whether an agreement with the staff council allows the lead to see single contacts.
    pub dienstvereinbarung: bool,
}

/// The section `mail`.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// How mails leave.
    pub transport: TransportKind,
    /// The sender's address: an own one, not the team mailbox.
    pub from: String,
    /// Where answers go, unless a team says otherwise.
    pub reply_to: Option<String>,
    /// Mail goes to these domains only; empty: to any (only where nothing leaves the machine).
    pub allowed_domains: Vec<String>,
    /// Everything goes to this one box, with the true recipient in the body (pilot operation).
    pub redirect_all_to: Option<String>,
    /// The folder of the transport `file`.
    pub file_dir: PathBuf,
    /// The mail server of the transport `smtp`; none with any other.
    pub smtp: Option<SmtpSettings>,
    /// Whom to ask, as the footer says it.
    pub contact: String,
    /// The office's own templates; none: the built-in ones.
    pub templates: Option<PathBuf>,
    /// Whether each BAK with an address gets their own part.
    pub personal: bool,
    /// Whether a morning with nothing open sends a receipt.
    pub receipts: bool,
    /// On which weekday each BAK with an address gets the Wochenliste, Monday 0 to Friday 4; none: never.
    pub wochenliste: Option<u8>,
}

/// The section `retention`.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSettings {
    /// Days that the text of a mail is kept after its delivery or end.
    pub text_days: u32,
    /// Months that a case is kept after its end.
    pub case_months: u32,
    /// Months that the send log is kept.
    pub log_months: u32,
    /// From when on, each day, what has had its time is deleted (and a backup made).
    pub at: NaiveTime,
}

/// The section `backup`.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// Where backups go each night; none: the service makes none.
    pub dir: Option<PathBuf>,
    /// How many are kept.
    pub keep: u32,
}

/// The section `office` (and `offices.NAME`).
#[derive(Debug, Clone)]
pub struct OfficeSettings {
    /// From when on the morning runs.
    pub morning: NaiveTime,
    /// Up to when it runs.
    pub latest: NaiveTime,
    /// The days the office is closed by its own decision.
    pub dienstfrei: Dienstfrei,
    /// Data older than so many workdays is stale; 0: never.
    pub stale_after: u32,
    /// The address that stands in for a lead nobody can be reached for.
    pub leitung_ersatz: Option<String>,
}

/// The section `teams.TEAM`.
#[derive(Debug, Clone, Default)]
pub struct TeamSettings {
    /// The team's own file of rules.
    pub rules_file: Option<PathBuf>,
    /// Where answers to the team's mails go.
    pub reply_to: Option<String>,
    /// Regional holidays.
    pub regional: Vec<Regional>,
    /// Places per BAK that the team has agreed on.
    pub agreed: Option<u32>,
}

impl Settings {
    /// Reads the defaults, the file (if one is named), and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self::layered(file, layers::environment(), credentials.as_deref())
    }

    fn layered(
        file: Option<&Path>,
        env: config::Environment,
        credentials: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let all = layers::table(file, env, credentials)?;
        read_all(all, credentials).map_err(|field| SettingsError::Field {
            from: layers::source(file),
            field: FieldError { key: field.key.trim_start_matches('.').to_owned(), ..field },
        })
    }

    /// The settings of an office (Dienststelle; empty is the one office).
    pub fn office(&self, office: &str) -> &OfficeSettings {
        self.offices.get(&office.to_lowercase()).unwrap_or(&self.office)
    }

    /// The settings of a team.
    pub fn team(&self, team: &str) -> TeamSettings {
        self.teams.get(&team.to_lowercase()).cloned().unwrap_or_default()
    }

    /// The teams that have settings of their own, in lower case.
    pub fn teams(&self) -> impl Iterator<Item = (&str, &TeamSettings)> {
        self.teams.iter().map(|(team, s)| (team.as_str(), s))
    }

    /// The offices that have settings of their own, in lower case.
    pub fn offices(&self) -> impl Iterator<Item = &str> {
        self.offices.keys().map(String::as_str)
    }

    /// Whether mail may go to the address.
    pub fn allows(&self, address: &str) -> bool {
        self.mail.allows(address)
    }
}

impl MailSettings {
    /// Whether mail may go to the address.
    pub fn allows(&self, address: &str) -> bool {
        self.allowed_domains.is_empty() || is_within(address, &self.allowed_domains)
    }
}

fn read_all(all: Table, credentials: Option<&Path>) -> Result<Settings, FieldError> {
    let mut top = Fields::new("", all).discreet();
    let mut database = section(&mut top, "database")?;
    let database_url = database.text("url")?;
    if !database_url.starts_with("sqlite:")
        && !database_url.starts_with("postgres:")
        && !database_url.starts_with("postgresql:")
    {
        // The value is not repeated: it may hold a password.
        return Err(database.error("url", "passt nicht; erwartet wird sqlite:PFAD oder postgres://…"));
    }
    let database_password = secret(&mut database, "password_file", credentials)?;
    database.finish()?;

    let mail = mail(section(&mut top, "mail")?, credentials)?;
    let mut admin = section(&mut top, "admin")?;
    let admin_email = address(&mut admin, "email", &mail)?;
    admin.finish()?;
    let bounces_maildir = bounces(section(&mut top, "bounces")?)?;
    let retention = retention(section(&mut top, "retention")?)?;
    let backup = backup(section(&mut top, "backup")?)?;
    let inbox = inbox::read(section(&mut top, "inbox")?, &mail)?;
    let office = office(section(&mut top, "office")?, None, &mail)?;
    let mut offices = BTreeMap::new();
    for (name, fields) in named(&mut top, "offices")? {
        offices.insert(name, self::office(fields, Some(&office), &mail)?);
    }
    let mut capacity = section(&mut top, "capacity")?;
    let places = Places {
        start: capacity.number("start", 0..=1_000)? as u32,
        limit: capacity.number("limit", 1..=1_000)? as u32,
    };
    if places.start > places.limit {
        return Err(capacity.error("start", format!("{} ist größer als limit ({})", places.start, places.limit)));
    }
    capacity.finish()?;
    let mut teams = BTreeMap::new();
    for (name, fields) in named(&mut top, "teams")? {
        teams.insert(name, team(fields, &mail, places)?);
    }
    let mut rules = section(&mut top, "rules")?;
    let rules_file = optional(&mut rules, "file")?.map(PathBuf::from);
    rules.finish()?;
    let dienstvereinbarung = top.flag("dienstvereinbarung", false)?;
    top.finish()?;
    Ok(Settings {
        database_url,
        database_password,
        mail,
        admin_email,
        bounces_maildir,
        retention,
        backup,
        inbox,
        office,
        offices,
        teams,
        rules_file,
        places,
        dienstvereinbarung,
    })
}

/// When the Wochenliste goes out.
const WEEKDAYS: [(&str, Option<u8>); 6] = [
    ("aus", None),
    ("montag", Some(0)),
    ("dienstag", Some(1)),
    ("mittwoch", Some(2)),
    ("donnerstag", Some(3)),
    ("freitag", Some(4)),
];

fn mail(mut f: Fields, credentials: Option<&Path>) -> Result<MailSettings, FieldError> {
    let transport = f.word("transport", &[("file", TransportKind::File), ("smtp", TransportKind::Smtp)])?;
    let domains = list(&mut f, "allowed_domains")?;
    let domain = |d: &String| !d.is_empty() && !d.contains(['@', ' ', '/']) && !d.starts_with('.');
    if let Some(wrong) = domains.iter().find(|d| !domain(d)) {
        return Err(f.error(
            "allowed_domains",
            format!("\"{wrong}\" passt nicht; erwartet werden Domänen wie jobcenter.example"),
        ));
    }
    let mut mail = MailSettings {
        transport,
        from: String::new(),
        reply_to: None,
        allowed_domains: domains,
        redirect_all_to: None,
        file_dir: PathBuf::new(),
        smtp: None,
        contact: f.text("contact")?,
        templates: optional(&mut f, "templates")?.map(PathBuf::from),
        personal: f.flag("personal", true)?,
        receipts: f.flag("receipts", true)?,
        wochenliste: f.word("wochenliste", &WEEKDAYS)?,
    };
    let from = f.text("from")?;
    if !is_address(&from) {
        return Err(
            f.error("from", format!("\"{from}\" passt nicht; erwartet wird eine Adresse wie name@jobcenter.example"))
        );
    }
    mail.from = from;
    mail.reply_to = address(&mut f, "reply_to", &mail)?;
    mail.redirect_all_to = address(&mut f, "redirect_all_to", &mail)?;
    let mut file = section(&mut f, "file")?;
    mail.file_dir = PathBuf::from(file.text("dir")?);
    file.finish()?;
    let server = section(&mut f, "smtp")?;
    mail.smtp = match transport {
        // A section that is not in use may be half-written, but not misspelt.
        TransportKind::File => smtp::known(server).map(|()| None)?,
        TransportKind::Smtp => Some(smtp::read(server, credentials)?),
    };
    if transport == TransportKind::Smtp {
        if mail.allowed_domains.is_empty() {
            let problem = "fehlt; sobald Mails den Rechner verlassen (mail.transport = \"smtp\"), werden hier die \
                           Domänen erwartet, an die sie gehen dürfen, zum Beispiel [\"jobcenter.example\"]";
            return Err(f.error("allowed_domains", problem));
        }
        if mail.from.to_ascii_lowercase().ends_with(".invalid") {
            let problem = "ist noch die Adresse aus den Vorgaben; erwartet wird eine, an die der Mailserver \
                           antworten kann";
            return Err(f.error("from", problem));
        }
    }
    f.finish()?;
    Ok(mail)
}

fn bounces(mut f: Fields) -> Result<Option<PathBuf>, FieldError> {
    let maildir = optional(&mut f, "maildir")?.map(PathBuf::from);
    // One that is not there yet is no mistake: mail servers make it with the first mail.
    if let Some(dir) =
        maildir.as_ref().filter(|dir| dir.exists() && !["new", "cur"].iter().all(|d| dir.join(d).is_dir()))
    {
        let problem =
            format!("{} ist kein Maildir; erwartet wird ein Ordner mit den Unterordnern new und cur", dir.display());
        return Err(f.error("maildir", problem));
    }
    f.finish()?;
    Ok(maildir)
}

fn retention(mut f: Fields) -> Result<RetentionSettings, FieldError> {
    let retention = RetentionSettings {
        // A mail is tried for three days; what is kept for less could be gone before it has left.
        text_days: f.number("text_days", 4..=365)? as u32,
        case_months: f.number("case_months", 1..=120)? as u32,
        log_months: f.number("log_months", 1..=120)? as u32,
        at: time(&mut f, "at", None)?,
    };
    f.finish()?;
    Ok(retention)
}

fn backup(mut f: Fields) -> Result<BackupSettings, FieldError> {
    let dir = optional(&mut f, "dir")?.map(PathBuf::from);
    let keep = f.number("keep", 1..=1_000)? as u32;
    f.finish()?;
    Ok(BackupSettings { dir, keep })
}

fn office(mut f: Fields, default: Option<&OfficeSettings>, mail: &MailSettings) -> Result<OfficeSettings, FieldError> {
    let morning = time(&mut f, "morning", default.map(|d| d.morning))?;
    let latest = time(&mut f, "latest", default.map(|d| d.latest))?;
    if morning >= latest {
        return Err(f.error(
            "morning",
            format!("{} liegt nicht vor latest ({})", morning.format("%H:%M"), latest.format("%H:%M")),
        ));
    }
    let mut dienstfrei =
        default.map_or_else(|| Dienstfrei { yearly: Vec::new(), single: Vec::new() }, |d| d.dienstfrei.clone());
    if f.has("dienstfrei") {
        dienstfrei.yearly = list(&mut f, "dienstfrei")?
            .iter()
            .map(|text| {
                yearly(text).ok_or_else(|| {
                    f.error("dienstfrei", format!("\"{text}\" passt nicht; erwartet werden Tage wie 24.12."))
                })
            })
            .collect::<Result<_, _>>()?;
    }
    if f.has("closed") {
        dienstfrei.single = list(&mut f, "closed")?
            .iter()
            .map(|text| {
                let day = NaiveDate::parse_from_str(text, "%d.%m.%Y").or_else(|_| text.parse());
                day.map_err(|_| {
                    f.error("closed", format!("\"{text}\" passt nicht; erwartet werden Tage wie 15.05.2026"))
                })
            })
            .collect::<Result<_, _>>()?;
    }
    let stale_after = match default {
        Some(d) if !f.has("stale_after") => d.stale_after,
        _ => f.number("stale_after", 0..=60)? as u32,
    };
    let leitung_ersatz = match default {
        Some(d) if !f.has("leitung_ersatz") => d.leitung_ersatz.clone(),
        _ => address(&mut f, "leitung_ersatz", mail)?,
    };
    f.finish()?;
    Ok(OfficeSettings { morning, latest, dienstfrei, stale_after, leitung_ersatz })
}

fn team(mut f: Fields, mail: &MailSettings, places: Places) -> Result<TeamSettings, FieldError> {
    let rules_file = optional(&mut f, "rules_file")?.map(PathBuf::from);
    let reply_to = address(&mut f, "reply_to", mail)?;
    let all: Vec<_> = Regional::ALL.iter().map(|r| r.as_str()).collect();
    let regional = f.words("regional", &all)?;
    let agreed = if f.has("places") { Some(f.number("places", 1..=places.limit.into())? as u32) } else { None };
    f.finish()?;
    Ok(TeamSettings { rules_file, reply_to, regional, agreed })
}

#[cfg(test)]
mod tests;
