//! `send-test`: one real mail through the configured way out, past the queue, marked as a test.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::output::print;
use crate::app::transport;
use crate::clock::Clock;
use crate::config::settings::{MailSettings, Settings};
use crate::config::smtp::{SmtpSettings, SmtpTls};
use crate::domain::address::{domain_of, is_address};
use crate::mail::compose::{Art, Envelope, compose, message_id};
use crate::mail::probe::test_mail;
use crate::mail::transport::{Outgoing, SendError, Session};
use crate::mail::words::instant;

/// How long whoever tests waits for the server to take the connection; a delivery has more patience.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn send_test(config: Option<&Path>, address: &str, clock: Clock) -> anyhow::Result<u8> {
    let settings = Settings::load(config)?;
    let (mail, address) = (&settings.mail, address.trim());
    if !is_address(address) {
        anyhow::bail!("„{address}“ ist keine E-Mail-Adresse; erwartet wird eine wie name@jobcenter.example.");
    }
    if !mail.allows(address) {
        anyhow::bail!(
            "{address} liegt außerhalb von mail.allowed_domains ({}); es wurde nichts gesendet.",
            mail.allowed_domains.join(", ")
        );
    }
    let outgoing = outgoing(mail, address, &clock)?;
    let (to, id, file) = (outgoing.to.clone(), outgoing.message_id.clone(), outgoing.file_name());
    let transport = match transport(mail) {
        Ok(transport) => transport,
        Err(error) => return failed(&error.to_string(), "den genannten Schlüssel berichtigen"),
    };
    let mut session = transport.session(CancellationToken::new());
    let sent = hand_over(&mut session, outgoing).await;
    session.quit().await;
    match sent {
        Ok(()) => {
            let how = match &mail.smtp {
                None => format!("Testmail geschrieben: {}", mail.file_dir.join(file).display()),
                Some(server) => format!("Testmail an {to} übergeben: {}", way(server)),
            };
            let instead = if mail.redirect_all_to.is_some() {
                format!("\nUmgeleitet (mail.redirect_all_to); eigentlich ginge sie an {address}.")
            } else {
                String::new()
            };
            print(format!("{how}\nMessage-ID: {id}{instead}"))?;
            Ok(0)
        }
        Err(error) if mail.smtp.is_none() => {
            failed(&error.to_string(), "Zugriffsrechte oder mail.file.dir berichtigen")
        }
        Err(error) => failed(&error.to_string(), "den Abschnitt mail.smtp prüfen oder den Mailserver"),
    }
}

async fn hand_over(session: &mut Session, mail: Outgoing) -> Result<(), SendError> {
    let slow = "Der Mailserver hat in einer halben Minute nicht alles beantwortet.";
    let probed = tokio::time::timeout(PATIENCE, session.probe()).await;
    probed.unwrap_or_else(|_| Err(SendError::Server(slow.to_owned())))?;
    session.send(mail, || true).await
}

/// As `check` says it.
fn failed(what: &str, remedy: &str) -> anyhow::Result<u8> {
    print(format!("!!  {what} – {remedy}"))?;
    Ok(2)
}

fn outgoing(mail: &MailSettings, address: &str, clock: &Clock) -> anyhow::Result<Outgoing> {
    let now = clock.now();
    let mut chance = [0_u8; 16];
    getrandom::fill(&mut chance).map_err(|_| anyhow::anyhow!("Das System liefert keine Zufallszahlen."))?;
    // Not from the installation's secret: there may be no database yet, and no two tests are one mail.
    let domain = domain_of(&mail.from).unwrap_or_else(|| "localhost".to_owned());
    let message_id = message_id(&chance, "test", &domain);
    let parts = test_mail(&instant(now), &facts(mail), mail.reply_to.as_deref());
    let (to, redirected_from) = match &mail.redirect_all_to {
        Some(to) => (to.as_str(), Some(address)),
        None => (address, None),
    };
    let envelope =
        Envelope { from: &mail.from, to, message_id: &message_id, date: now, kind: Art::Test, redirected_from };
    let message = compose(&parts, &envelope)?;
    let day = clock.today();
    Ok(Outgoing { from: mail.from.clone(), to: to.to_owned(), message, message_id, kind: Art::Test, day })
}

/// How this installation sends: what and value.
fn facts(mail: &MailSettings) -> Vec<(&'static str, String)> {
    let mut facts = match &mail.smtp {
        None => vec![("Weg", "als Datei (mail.transport = \"file\")".to_owned())],
        Some(server) => vec![
            ("Mailserver", format!("{}, Port {}", server.host, server.port)),
            ("Verschlüsselung", encryption(server.tls).to_owned()),
            ("Anmeldung", if server.credentials.is_some() { "ja" } else { "keine" }.to_owned()),
            (
                "Zertifizierungsstelle",
                if server.ca_file.is_some() { "die des Systems und mail.smtp.ca_file" } else { "die des Systems" }
                    .to_owned(),
            ),
        ],
    };
    let domains = match mail.allowed_domains.as_slice() {
        [] => "alle".to_owned(),
        domains => domains.join(", "),
    };
    facts.push(("Absender", mail.from.clone()));
    facts.push(("Antworten an", mail.reply_to.clone().unwrap_or_else(|| "den Absender".to_owned())));
    facts.push(("Zugelassene Domänen", domains));
    facts.push((
        "Umleitung",
        mail.redirect_all_to.clone().map_or_else(|| "keine".to_owned(), |to| format!("alles an {to}")),
    ));
    facts.push(("Programm", format!("wiedervorlage {}", env!("CARGO_PKG_VERSION"))));
    facts
}

fn way(server: &SmtpSettings) -> String {
    let signed_in = if server.credentials.is_some() { "mit Anmeldung" } else { "ohne Anmeldung" };
    format!("{}, Port {}, {}, {signed_in}", server.host, server.port, encryption(server.tls))
}

const fn encryption(tls: SmtpTls) -> &'static str {
    match tls {
        SmtpTls::Implicit => "TLS von Beginn an",
        SmtpTls::StartTls => "STARTTLS",
        SmtpTls::None => "unverschlüsselt",
    }
}
