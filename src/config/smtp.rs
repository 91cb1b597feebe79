//! The section `mail.smtp`: which mail server, and nothing that would give a password or a mail away on the wire.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::fields::{FieldError, Fields};
use super::settings::read::{optional, secret};

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// With the first byte.
    Implicit,
    /// On STARTTLS, without which nothing is sent.
    StartTls,
    /// Never.
    None,
}

/// The section `mail.smtp`, checked.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS.
    pub tls: SmtpTls,
    /// Name and password, where the server wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Mails a minute; 0 is any number.
    pub rate_limit: u32,
    /// Connections side by side.
    pub connections: usize,
}

/// The keys; all of them are in the defaults.
const KEYS: [&str; 9] =
    ["host", "port", "tls", "username", "password_file", "ca_file", "rate_limit", "connections", "allow_plaintext"];

/// Refuses what is no key of the section, and looks at nothing else.
pub(super) fn known(mut f: Fields) -> Result<(), FieldError> {
    for key in KEYS {
        f.take(key);
    }
    f.finish()
}

pub(super) fn read(mut f: Fields, credentials: Option<&Path>) -> Result<SmtpSettings, FieldError> {
    let Some(host) = optional(&mut f, "host")? else {
        return Err(f.error("host", "fehlt; erwartet wird der Name des Mailservers, zum Beispiel mx.jobcenter.example"));
    };
    let address = host.parse::<IpAddr>().ok();
    if address.is_none() && (host.contains([':', '/', '@']) || idna::domain_to_ascii_strict(&host).is_err()) {
        let problem = format!("\"{host}\" passt nicht; erwartet wird ein Rechnername oder eine IP-Adresse, ohne Port");
        return Err(f.error("host", problem));
    }
    let tls =
        f.word("tls", &[("implicit", SmtpTls::Implicit), ("starttls", SmtpTls::StartTls), ("none", SmtpTls::None)])?;
    let usual = match tls {
        SmtpTls::Implicit => 465,
        SmtpTls::StartTls => 587,
        SmtpTls::None => 25,
    };
    let port = match f.number("port", 0..=65_535)? as u16 {
        0 => usual,
        port => port,
    };
    let loopback = address.map_or_else(|| host.eq_ignore_ascii_case("localhost"), |a| a.is_loopback());
    if tls == SmtpTls::None && !f.flag("allow_plaintext", false)? && !loopback {
        let problem = "Ohne Verschlüsselung gingen Sozialdaten und Kennwort offen durch das Netz; erwartet wird \
                       \"implicit\" oder \"starttls\". Wer das ausdrücklich will, setzt allow_plaintext = true";
        return Err(f.error("tls", problem));
    }
    f.take("allow_plaintext");
    let username = optional(&mut f, "username")?;
    let password = secret(&mut f, "password_file", credentials)?;
    let credentials = match (username, password) {
        (None, None) => None,
        (Some(name), Some(_)) if name.contains(char::is_control) => {
            return Err(f.error("username", "enthält ein Steuerzeichen; erwartet wird ein Name"));
        }
        (Some(name), Some(password)) => Some((name, password)),
        (Some(_), None) => {
            return Err(f.error("password_file", "fehlt; zu username wird eine Datei mit dem Kennwort erwartet"));
        }
        (None, Some(_)) => {
            return Err(
                f.error("username", "fehlt; zu password_file wird der Name erwartet, mit dem man sich anmeldet")
            );
        }
    };
    let ca_file = optional(&mut f, "ca_file")?.map(PathBuf::from);
    if let Some(file) = &ca_file {
        std::fs::File::open(file)
            .map_err(|e| f.error("ca_file", format!("{} ist nicht lesbar: {e}", file.display())))?;
    }
    let rate_limit = f.number("rate_limit", 0..=100_000)? as u32;
    let connections = f.number("connections", 1..=32)? as usize;
    f.finish()?;
    Ok(SmtpSettings { host, port, tls, credentials, ca_file, rate_limit, connections })
}
