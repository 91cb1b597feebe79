//! `check`: is everything in place for tomorrow's morning? One line per finding, each with what to do.
//!
//! Three kinds of line. `ok`: in place. `!!`: somebody has to act, or mails will be missing, late or misdirected; the
//! exit code is 1. `--`: worth knowing (a rule nobody watches, rows that wait for their case), but an office may live
//! with it for good, and a check that is always red is read by nobody.

mod facts;

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use super::output::print;
use crate::app::transport;
use crate::clock::Clock;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::{Settings, TransportKind};
use crate::domain::rules::Rule;
use crate::mail::templates::Weight;
use crate::mail::transport::SendError;
use crate::mail::words::plural;
use crate::store::Db;

/// The findings so far.
#[derive(Debug, Default)]
struct Findings {
    lines: Vec<String>,
    wrong: bool,
}

impl Findings {
    /// In place.
    fn ok(&mut self, what: &str) {
        self.lines.push(format!("ok  {what}"));
    }

    /// Worth knowing.
    fn hint(&mut self, what: &str, remedy: &str) {
        self.lines.push(format!("--  {what} – {remedy}"));
    }

    /// Somebody has to act.
    fn wrong(&mut self, what: &str, remedy: &str) {
        self.lines.push(format!("!!  {what} – {remedy}"));
        self.wrong = true;
    }
}

/// Settings that cannot be read are a finding like any other: this command needs none of the parts to be in order.
pub(super) async fn check(config: Option<&Path>, clock: Clock) -> anyhow::Result<u8> {
    let mut findings = Findings::default();
    match Settings::load(config) {
        Ok(settings) => all(&settings, &clock, &mut findings).await,
        Err(error) => findings.wrong(
            &error.to_string(),
            "den Schlüssel in der Datei oder in der Umgebung (WIEDERVORLAGE__ABSCHNITT__SCHLÜSSEL) berichtigen",
        ),
    }
    print(findings.lines.join("\n"))?;
    Ok(u8::from(findings.wrong))
}

async fn all(settings: &Settings, clock: &Clock, findings: &mut Findings) {
    of_settings(settings, findings);
    let rulebooks = match Rulebooks::load(settings) {
        Ok(rulebooks) => Some(rulebooks),
        Err(error) => {
            findings.wrong(&error.to_string(), "den genannten Schlüssel berichtigen; bis dahin läuft kein Morgen");
            None
        }
    };
    if let Some(rulebooks) = &rulebooks {
        of_rules(settings, rulebooks, findings);
    }
    templates(settings, findings);
    match settings.mail.transport {
        TransportKind::File => folder(settings, findings),
        TransportKind::Smtp => server(settings, findings).await,
    }
    let db = database(settings, clock, findings).await;
    if let Some(inbox) = &settings.inbox {
        let state = match &db {
            Some(db) => db.inbox_state().await.ok().flatten(),
            None => None,
        };
        let known = state.is_some_and(|state| state.known && Path::new(&state.folder) == inbox.dir);
        match crate::inbox::in_order(inbox, known).await {
            Ok(()) => findings.ok(&format!("Eingangsordner: {} ist da und beschreibbar", inbox.dir.display())),
            Err(sentence) => findings.wrong(&format!("Eingang: {sentence}"), "bis dahin wird nichts eingelesen"),
        }
    }
    if let Some(db) = db {
        if let Err(error) = facts::facts(&db, settings, rulebooks.as_ref(), clock.today(), findings).await {
            findings.wrong(&format!("Datenbank: {error}"), "danach erneut prüfen");
        }
        db.close().await;
    }
}

fn of_settings(settings: &Settings, findings: &mut Findings) {
    findings.ok("Einstellungen: gelesen, alle Schlüssel bekannt");
    if let Some(address) = &settings.mail.redirect_all_to {
        findings.hint(
            &format!("Pilotbetrieb: Alle Mails gehen an {address}"),
            "zum Echtbetrieb mail.redirect_all_to leeren",
        );
    }
    if let Some(maildir) = settings.bounces_maildir.as_ref().filter(|dir| !dir.exists()) {
        findings.hint(
            &format!("Rückläufer: {} gibt es nicht", maildir.display()),
            "den Ordner mit new, cur und tmp anlegen oder bounces.maildir berichtigen",
        );
    }
    if settings.admin_email.is_none() {
        findings.hint("admin.email ist leer: Störungen meldet niemand", "eine Adresse eintragen");
    }
    backups(settings, findings);
}

fn of_rules(settings: &Settings, rulebooks: &Rulebooks, findings: &mut Findings) {
    let summary = |rules: &[Rule]| {
        let on = rules.iter().filter(|r| r.enabled).count();
        let off: Vec<_> = rules.iter().filter(|r| !r.enabled).map(|r| &*r.id).collect();
        let off = if off.is_empty() { String::new() } else { format!("; abgeschaltet: {}", off.join(", ")) };
        format!("{} eingeschaltet{off}", plural(on, "Regel", "Regeln"))
    };
    // No team has an empty key: this is what holds for teams that say nothing of their own.
    findings.ok(&format!("Regeln: {}", summary(&rulebooks.rules(""))));
    for (team, _) in settings.teams().filter(|(_, own)| own.rules_file.is_some()) {
        findings.ok(&format!("Regeln von Team {team} (eigene Datei): {}", summary(&rulebooks.rules(team))));
    }
}

/// Whether the office's own templates are taken, and what they leave out.
fn templates(settings: &Settings, findings: &mut Findings) {
    let Some(dir) = &settings.mail.templates else { return findings.ok("Vorlagen: die eingebauten") };
    super::templates::examine(dir, &mut |weight, line| {
        findings.wrong |= weight.is_some_and(|weight| weight != Weight::Hint);
        findings.lines.push(line);
    });
}

/// Whether mails can be written.
fn folder(settings: &Settings, findings: &mut Findings) {
    let dir = &settings.mail.file_dir;
    let shown = dir.display();
    match (writable(dir), dir.exists()) {
        (true, true) => findings.ok(&format!("Mailordner: {shown} ist beschreibbar")),
        (true, false) => findings.ok(&format!("Mailordner: {shown} wird beim ersten Versand angelegt")),
        (false, _) => findings.wrong(
            &format!("Mailordner: {shown} ist nicht beschreibbar"),
            "Zugriffsrechte oder mail.file.dir berichtigen",
        ),
    }
}

/// Whether the night's backups can be written.
fn backups(settings: &Settings, findings: &mut Findings) {
    let Some(dir) = &settings.backup.dir else {
        return findings.hint("Sicherung: backup.dir ist leer, der Dienst sichert nicht", "einen Ordner eintragen");
    };
    let shown = dir.display();
    match (writable(dir), dir.exists()) {
        (true, true) => findings.ok(&format!("Sicherung: {shown} ist beschreibbar")),
        (true, false) => findings.ok(&format!("Sicherung: {shown} wird in der ersten Nacht angelegt")),
        (false, _) => findings.wrong(
            &format!("Sicherung: {shown} ist nicht beschreibbar, es entsteht keine"),
            "Zugriffsrechte oder backup.dir berichtigen",
        ),
    }
}

/// Tried in the folder, or where it would be made.
fn writable(dir: &Path) -> bool {
    let near = dir.ancestors().find(|p| p.exists()).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A file without a name of its own: nothing is left behind.
    tempfile::tempfile_in(near).is_ok()
}

/// How long whoever checks waits for a mail server; a delivery has more patience.
const PROBE: Duration = Duration::from_secs(30);

/// Whether the mail server would take mails: connects, encrypts, and signs in, and takes leave again.
async fn server(settings: &Settings, findings: &mut Findings) {
    let transport = match transport(&settings.mail) {
        Ok(transport) => transport,
        Err(error) => return findings.wrong(&error.to_string(), "den genannten Schlüssel berichtigen"),
    };
    let mut session = transport.session(CancellationToken::new());
    let slow = "Der Mailserver hat in einer halben Minute nicht alles beantwortet.";
    let probed = tokio::time::timeout(PROBE, session.probe()).await;
    match probed.unwrap_or_else(|_| Err(SendError::Server(slow.to_owned()))) {
        Ok(()) => findings.ok("Mailserver: nimmt Verbindung, Verschlüsselung und Anmeldung an, wie eingestellt"),
        Err(error) => findings.wrong(&error.to_string(), "den Abschnitt mail.smtp prüfen oder den Mailserver"),
    }
    session.quit().await;
}

async fn database(settings: &Settings, clock: &Clock, findings: &mut Findings) -> Option<Db> {
    let url = &settings.database_url;
    let file = url.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)));
    // Opening would make it, and hide a mistyped path.
    if let Some(file) = file.filter(|file| !file.exists()) {
        findings.wrong(
            &format!("Datenbank: {} gibt es noch nicht", file.display()),
            "mit „wiedervorlage import ORDNER“ anlegen oder database.url berichtigen",
        );
        return None;
    }
    let password = settings.database_password.as_ref().map(SecretString::expose_secret);
    let opened = match Db::open(url, password, clock.now()).await {
        Ok(db) => match db.check().await {
            Ok(()) => Ok(db),
            Err(error) => {
                db.close().await;
                Err(error)
            }
        },
        Err(error) => Err(error),
    };
    match opened {
        Ok(db) => {
            // The address of a server may hold a password.
            let which = file.map_or_else(|| "PostgreSQL".to_owned(), |file| file.display().to_string());
            findings.ok(&format!("Datenbank: {which} ist geöffnet, vollständig und auf dem Stand dieser Version"));
            Some(db)
        }
        Err(error) => {
            findings.wrong(&format!("Datenbank: {error}"), "danach erneut prüfen");
            None
        }
    }
}
