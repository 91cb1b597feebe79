//! What is said of a file: the report that lies beside it, and the mail to whoever delivers.
//!
//! The report lies where the list lies and is for those who may read the list: it names lines, columns and case numbers,
//! and no other value. The mail names files, lines and columns alone.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::digest::Receipt;
use crate::intake::{FileReport, Problem, Severity};
use crate::mail::words::{clean, instant, plural};

/// Lines that a mail names per file.
const NAMED: usize = 20;

/// What is known of a file besides what the import says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) name: &'a str,
    pub(super) at: DateTime<Utc>,
    /// The number of the import; none if it changed nothing.
    pub(super) import: Option<i64>,
    /// Days that file and report are kept.
    pub(super) days: u32,
}

/// What became of a file, in one sentence.
pub(super) fn outcome(file: &FileReport) -> String {
    let counts = &file.counts;
    match (&file.fatal, counts.refused) {
        (Some(_), _) => "Nicht übernommen.".to_owned(),
        (None, 0) if counts.new + counts.changed + counts.withdrawn == 0 => {
            "Nichts Neues: Alles war schon bekannt.".to_owned()
        }
        (None, 0) => "Alles übernommen.".to_owned(),
        (None, n) => format!("Übernommen, bis auf {}.", plural(n, "Zeile", "Zeilen")),
    }
}

/// The report: Windows line ends and a mark, so that every editor shows its umlauts.
pub(super) fn report(file: &FileReport, about: About<'_>) -> String {
    let mut text = format!("Bericht zur Datei „{}“\n", clean(about.name));
    let import = about.import.map_or_else(String::new, |id| format!(", Import {id}"));
    let _ = write!(text, "Wiedervorlage, {}{import}\n\nErgebnis: {}\n", instant(about.at), outcome(file));
    if let Some(fatal) = &file.fatal {
        let _ = writeln!(text, "  {}", clean(&fatal.text));
    } else {
        let counts = &file.counts;
        let _ = write!(
            text,
            "\nWas verstanden wurde\n  {} gelesen: {} neu, {} geändert, {} unverändert, {} zurückgezogen.\n",
            plural(counts.read, "Zeile", "Zeilen"),
            counts.new,
            counts.changed,
            counts.unchanged,
            counts.withdrawn
        );
    }
    columns(&mut text, file);
    section(&mut text, "Was nicht verstanden wurde", file, Severity::Refused);
    section(&mut text, "Was übernommen wurde, worauf aber hinzuweisen ist", file, Severity::Kept);
    if file.more > 0 {
        let _ = write!(text, "\n  … und {}.\n", plural(file.more, "weiterer Punkt", "weitere Punkte"));
    }
    let to_do = if file.fatal.is_some() {
        "Bitte beheben Sie, was oben steht, und legen Sie die Datei erneut in den Eingangsordner. Kommen Sie nicht weiter, \
         hilft die Administration der Wiedervorlage."
    } else if file.counts.refused > 0 {
        "Bitte berichtigen Sie die genannten Zeilen in Ihrer Liste und legen Sie die ganze Liste erneut in den \
         Eingangsordner. Was schon übernommen ist, zählt dabei nicht doppelt."
    } else if file.problems.is_empty() {
        "Nichts."
    } else {
        "Bitte prüfen Sie die Hinweise. Eine berichtigte Liste legen Sie einfach erneut in den Eingangsordner."
    };
    let days = plural(about.days, "Tag", "Tagen");
    let _ = write!(text, "\nZu tun\n  {to_do}\n\nDie Datei und dieser Bericht werden nach {days} gelöscht.\n");
    format!("\u{feff}{}", text.replace('\n', "\r\n"))
}

/// What the columns of a list were taken for.
fn columns(text: &mut String, file: &FileReport) {
    let Some(seen) = file.understood.as_ref().filter(|seen| !seen.columns.is_empty()) else { return };
    for sheet in seen.sheets.iter().filter(|sheet| !sheet.name.is_empty()) {
        let _ = writeln!(text, "  Blatt „{}“, Kopfzeile in Zeile {}", clean(&sheet.name), sheet.header);
    }
    for column in &seen.columns {
        let done = if column.activity { "Tätigkeit " } else { "" };
        let _ = writeln!(text, "  Spalte „{}“ = {done}{}", clean(&column.heading), column.means);
    }
    if !seen.unread.is_empty() {
        let unread = seen.unread.iter().map(|heading| format!("„{}“", clean(heading))).collect::<Vec<_>>();
        let _ = writeln!(text, "  Nicht gelesen: {}", unread.join(", "));
    }
}

fn section(text: &mut String, title: &str, file: &FileReport, severity: Severity) {
    let mut problems = file.problems.iter().filter(|problem| problem.severity == severity).peekable();
    if problems.peek().is_none() {
        return;
    }
    let _ = write!(text, "\n{title}\n");
    for problem in problems {
        let value = problem.value.as_deref().filter(|value| may_stand(problem, value));
        let value = value.map_or_else(String::new, |value| format!(" „{}“", clean(value)));
        let place = match (place(problem), value.as_str()) {
            (place, "") if place.is_empty() => String::new(),
            (place, value) => format!("{place}{value}: "),
        };
        let _ = writeln!(text, "  {place}{} {}", clean(&problem.reason), clean(&problem.remedy));
    }
}

/// Whether what stood there may be repeated: a case number, or what is about the list as a whole (its headings).
fn may_stand(problem: &Problem, value: &str) -> bool {
    match problem.column.as_deref() {
        None => true,
        Some("fallnr") => {
            value.contains(|c: char| c.is_ascii_digit())
                && value.chars().all(|c| c.is_ascii_alphanumeric() || "-/._, …".contains(c))
        }
        Some(_) => false,
    }
}

/// „Zeile 7, Spalte datum".
fn place(problem: &Problem) -> String {
    let line = problem.line.map(|line| format!("Zeile {line}"));
    let column = problem.column.as_deref().map(|column| format!("Spalte {}", clean(column)));
    line.into_iter().chain(column).collect::<Vec<_>>().join(", ")
}

/// The mail about files that were read together: per file its name and report.
pub(super) fn receipt(files: &[(String, &FileReport)]) -> Receipt {
    let mut receipt = Receipt::default();
    for (name, file) in files {
        let counts = &file.counts;
        let mut sentence = format!("„{}“: {}", clean(name), outcome(file));
        if file.fatal.is_some() {
            receipt.rejected += 1;
            sentence.push_str(" Sie liegt mit einem Bericht im Ordner rejected.");
        } else {
            receipt.taken += 1;
            receipt.rows += counts.refused;
            let _ = write!(
                sentence,
                " {} gelesen, {} neu, {} geändert, {} zurückgezogen.",
                plural(counts.read, "Zeile", "Zeilen"),
                counts.new,
                counts.changed,
                counts.withdrawn
            );
        }
        let refused = file.problems.iter().filter(|problem| problem.severity == Severity::Refused);
        let places: Vec<_> = refused.map(place).filter(|place| !place.is_empty()).collect();
        if !places.is_empty() {
            let more = if places.len() > NAMED || file.more > 0 { "; …" } else { "" };
            let first = places.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
            let _ = write!(sentence, " Abgelehnt: {first}{more}.");
        }
        if counts.reported > 0 {
            let _ = write!(sentence, " Dazu {}.", plural(counts.reported, "Hinweis", "Hinweise"));
        }
        receipt.sentences.push(sentence);
    }
    receipt.sentences.push(
        "Zu jeder Datei liegt neben ihr ein Bericht (.txt), der sagt, was verstanden wurde, was nicht, und was zu tun ist: \
         im Eingangsordner unter done (übernommen) oder rejected (nicht übernommen)."
            .to_owned(),
    );
    receipt
}
