//! An office's folder of templates: which of its files are templates, and what of them can be read at all.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::{BUILT_IN, Finding, Weight};

/// No mail needs a template of more bytes; the largest of ours has four thousand.
const LARGEST: u64 = 128 << 10;
/// Or of more lines.
const LINES: usize = 5_000;
/// Bytes of one expression, and expressions of one template: what is nested deeper than anybody writes would end the
/// program, as the engine goes into each of them by calling itself.
const LONGEST: usize = 1_000;
const MOST: usize = 2_000;
/// The one folder within the folder.
const RULES: &str = "regel";

/// The templates of the folder by name, and what is to be said of it.
pub(super) fn read(dir: &Path) -> (BTreeMap<&'static str, Arc<str>>, Vec<Finding>) {
    let (mut own, mut findings) = (BTreeMap::new(), Vec::new());
    let (mut names, mut same) = (Vec::new(), Vec::new());
    for inside in ["", RULES] {
        let folder = if inside.is_empty() { dir.to_owned() } else { dir.join(inside) };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if inside == RULES && error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                let remedy = "den Ordner anlegen oder lesbar machen, oder mail.templates leeren";
                let what = format!("Der Ordner {} {}", folder.display(), unreadable(&error));
                findings.push(Finding::refused("", None, what, remedy));
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if inside.is_empty() { name } else { format!("{inside}/{name}") };
            if name != RULES {
                names.push((name, entry.path()));
            }
        }
    }
    names.sort();
    for (name, path) in names {
        let Some((known, built_in)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            findings.push(unknown(&name));
            continue;
        };
        match text(&path) {
            Ok(text) => {
                if text.trim_end() == built_in.trim_end() {
                    same.push(*known);
                }
                own.insert(*known, text.into());
            }
            Err((line, what, remedy)) => findings.push(Finding::refused(&name, line, what, remedy)),
        }
    }
    if !same.is_empty() {
        let what = "kann weg, weil es der eingebauten Vorlage gleicht";
        let remedy = "ohne die Datei kommen Verbesserungen neuer Versionen an";
        findings.push(Finding::new(Weight::Hint, &same.join(", "), None, what, remedy));
    }
    (own, findings)
}

/// A file that is no template: what an editor has left, or a mistake.
fn unknown(name: &str) -> Finding {
    let base = name.rsplit('/').next().unwrap_or(name);
    let ends = ["~", ".swp", ".swo", ".swx", ".bak", ".orig", ".old", ".tmp", ".dpkg-old", ".dpkg-dist", ".dpkg-new"];
    if base.starts_with(['.', '#']) || ends.iter().any(|end| base.ends_with(end)) {
        let what = "ist keine Vorlage und wird nicht gelesen";
        return Finding::new(Weight::Hint, name, None, what, "die Datei kann weg");
    }
    let possible: Vec<_> = BUILT_IN.iter().map(|(known, _)| *known).collect();
    let what = format!("Eine Vorlage dieses Namens gibt es nicht; möglich sind: {}", possible.join(", "));
    Finding::refused(name, None, what, "die Datei umbenennen oder entfernen")
}

type Fault = (Option<usize>, String, &'static str);

/// The text of a template, as every editor writes it: with or without a mark at its beginning, lines ended this or that
/// way.
fn text(path: &Path) -> Result<String, Fault> {
    let plain = |what: String, remedy| (None, what, remedy);
    let of_io = |error: std::io::Error| plain(unreadable(&error).to_owned(), "die Datei lesbar machen oder entfernen");
    let size = std::fs::metadata(path).map_err(of_io)?;
    if !size.is_file() {
        return Err(plain("ist keine Datei".to_owned(), "den Eintrag entfernen"));
    }
    let too_large = || plain(format!("ist größer als {} KB", LARGEST >> 10), "die Vorlage kürzen");
    if size.len() > LARGEST {
        return Err(too_large());
    }
    let bytes = std::fs::read(path).map_err(of_io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = 1 + String::from_utf8_lossy(good).matches('\n').count();
        (Some(line), "ist nicht in UTF-8 gespeichert".to_owned(), "die Datei im Editor als UTF-8 speichern")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
    if text.lines().count() > LINES {
        return Err(plain(format!("hat mehr als {LINES} Zeilen"), "die Vorlage kürzen"));
    }
    let unfit = |c: char| c.is_control() && c != '\n' && c != '\t';
    if let Some((at, _)) = text.char_indices().find(|(_, c)| unfit(*c)) {
        let line = 1 + text.get(..at).unwrap_or_default().matches('\n').count();
        return Err((Some(line), "enthält ein Steuerzeichen".to_owned(), "das Zeichen entfernen"));
    }
    bounded(&text)?;
    Ok(text)
}

/// That no expression is longer, and that there are no more of them, than a template needs.
fn bounded(text: &str) -> Result<(), Fault> {
    let mut rest = text;
    let mut count = 0;
    while let Some(begin) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let inside = rest.get(begin..).unwrap_or_default();
        let end = if inside.starts_with("{{") { "}}" } else { "%}" };
        let length = inside.find(end).unwrap_or(inside.len());
        if length > LONGEST {
            let line = 1 + text.get(..text.len() - inside.len()).unwrap_or_default().matches('\n').count();
            let what = format!("enthält einen Ausdruck von mehr als {LONGEST} Zeichen");
            return Err((Some(line), what, "den Ausdruck kürzen oder aufteilen"));
        }
        count += 1;
        // Past its first brackets: another may begin inside it.
        rest = inside.get(2..).unwrap_or_default();
    }
    if count > MOST {
        return Err((None, format!("enthält mehr als {MOST} Ausdrücke"), "die Vorlage kürzen"));
    }
    Ok(())
}

/// Why something cannot be read, in German; the system's own words are English.
fn unreadable(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "fehlt",
        ErrorKind::PermissionDenied => "ist für dieses Programm nicht lesbar (Zugriffsrechte)",
        ErrorKind::NotADirectory => "ist kein Ordner",
        _ => "ist nicht lesbar",
    }
}
