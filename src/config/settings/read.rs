//! The kinds of values that settings are made of, one reader each: what is asked is a key of a table, what comes back
//! is a value or a mistake that names the key. Which keys there are, and what they are for, stands with the sections.

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveTime};
use secrecy::SecretString;
use toml::{Table, Value};

use super::MailSettings;
use crate::config::fields::{FieldError, Fields};
use crate::domain::address::is_address;

/// A section; an empty one where it is absent.
pub(super) fn section(f: &mut Fields, key: &'static str) -> Result<Fields, FieldError> {
    Ok(f.table(key)?.unwrap_or_else(|| Fields::new(f.error(key, "").key, Table::new()).discreet()))
}

/// The tables of a section whose keys are names of the office's own.
pub(super) fn named(f: &mut Fields, key: &'static str) -> Result<Vec<(String, Fields)>, FieldError> {
    let tables = match f.take(key) {
        None => return Ok(Vec::new()),
        Some(Value::Table(t)) => t,
        Some(v) => return Err(f.error(key, format!("{v} passt nicht; erwartet werden Tabellen [{key}.NAME]"))),
    };
    let inside = |(name, value): (String, Value)| match value {
        Value::Table(t) => Ok((name.to_lowercase(), Fields::new(format!("{key}.{name}"), t).discreet())),
        v => Err(f.error(key, format!("{name} = {v} passt nicht; erwartet wird eine Tabelle [{key}.{name}]"))),
    };
    tables.into_iter().map(inside).collect()
}

/// The content of a file that a key names; none if it names none. Where the service manager hands out credentials
/// (systemd's LoadCredential), a bare name is looked for among them first.
pub(in crate::config) fn secret(
    f: &mut Fields,
    key: &'static str,
    credentials: Option<&Path>,
) -> Result<Option<SecretString>, FieldError> {
    let Some(file) = optional(f, key)? else { return Ok(None) };
    let path = credential(&file, credentials).unwrap_or_else(|| PathBuf::from(&file));
    let text = std::fs::read_to_string(&path)
        .map_err(|e| f.error(key, format!("{} ist nicht lesbar: {e}", path.display())))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(char::is_control) {
        let problem =
            format!("{} passt nicht; erwartet wird eine Datei mit dem Kennwort in einer Zeile", path.display());
        return Err(f.error(key, problem));
    }
    Ok(Some(SecretString::from(secret.to_owned())))
}

/// The file among the service manager's credentials that a bare name stands for, if there is one.
pub(super) fn credential(name: &str, credentials: Option<&Path>) -> Option<PathBuf> {
    let bare = !name.contains('/') && !name.is_empty();
    credentials.filter(|_| bare).map(|folder| folder.join(name)).filter(|file| file.is_file())
}

/// A text that may be absent or empty.
pub(in crate::config) fn optional(f: &mut Fields, key: &'static str) -> Result<Option<String>, FieldError> {
    match f.take(key) {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
        Some(v) => Err(f.error(key, format!("{v} passt nicht; erwartet wird ein Text"))),
    }
}

/// An address that mail may go to, or none.
pub(super) fn address(f: &mut Fields, key: &'static str, mail: &MailSettings) -> Result<Option<String>, FieldError> {
    let Some(address) = optional(f, key)? else { return Ok(None) };
    if !is_address(&address) {
        return Err(
            f.error(key, format!("\"{address}\" passt nicht; erwartet wird eine Adresse wie name@jobcenter.example"))
        );
    }
    if !mail.allows(&address) {
        let problem =
            format!("\"{address}\" liegt außerhalb von mail.allowed_domains ({})", mail.allowed_domains.join(", "));
        return Err(f.error(key, problem));
    }
    Ok(Some(address))
}

/// Texts, trimmed; empty ones do not count.
pub(in crate::config) fn list(f: &mut Fields, key: &'static str) -> Result<Vec<String>, FieldError> {
    let words: Vec<String> = f.words(key, &["Texte in Anführungszeichen"])?;
    Ok(words.into_iter().map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect())
}

/// A time of day like `06:30`.
pub(super) fn time(f: &mut Fields, key: &'static str, default: Option<NaiveTime>) -> Result<NaiveTime, FieldError> {
    match (optional(f, key)?, default) {
        (None, Some(time)) => Ok(time),
        (None, None) => Err(f.error(key, "fehlt; erwartet wird eine Uhrzeit wie 06:30")),
        (Some(text), _) => NaiveTime::parse_from_str(&text, "%H:%M")
            .map_err(|_| f.error(key, format!("\"{text}\" passt nicht; erwartet wird eine Uhrzeit wie 06:30"))),
    }
}

/// „24.12." → (12, 24); 29.02. is allowed and has no effect in most years.
pub(super) fn yearly(text: &str) -> Option<(u32, u32)> {
    let (day, month) = text.strip_suffix('.').unwrap_or(text).split_once('.')?;
    let (day, month): (u32, u32) = (day.parse().ok()?, month.parse().ok()?);
    // A leap year, so that 29.02. exists.
    NaiveDate::from_ymd_opt(2028, month, day).map(|_| (month, day))
}
