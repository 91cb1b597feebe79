//! German: dates, plurals, and, in `reasons`, the sentence that says why something is due.
//!
//! Pure helpers that know the domain's types and nothing of templates, mails or files. The tone of the house is decided
//! here: „noch offen", never a reproach, no exclamation marks.

mod fresh;
mod reasons;

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Europe::Berlin;

use crate::domain::calendar::{iso_week, parse_iso_week};
use crate::domain::facts::TerminArt;
use crate::domain::obligation::State;

pub use fresh::{news_missing, stand};
pub use reasons::{push_due, push_why};

/// The space that no line breaks at.
const NBSP: char = '\u{a0}';

fn weekday(d: NaiveDate) -> &'static str {
    match d.weekday() {
        Weekday::Mon => "Mo.",
        Weekday::Tue => "Di.",
        Weekday::Wed => "Mi.",
        Weekday::Thu => "Do.",
        Weekday::Fri => "Fr.",
        Weekday::Sat => "Sa.",
        Weekday::Sun => "So.",
    }
}

// Dates are the most frequent words of a mail; chrono's format strings cost several times as much as these.
fn push_two(out: &mut String, n: u32) {
    out.push(char::from(b'0' + (n / 10 % 10) as u8));
    out.push(char::from(b'0' + (n % 10) as u8));
}

/// Appends `Mi., 03.06.`: for days so near that the year is plain.
pub fn push_day(out: &mut String, d: NaiveDate) {
    out.push_str(weekday(d));
    out.push_str(", ");
    push_two(out, d.day());
    out.push('.');
    push_two(out, d.month());
    out.push('.');
}

/// Appends `Mi., 03.06.2026`.
pub fn push_date(out: &mut String, d: NaiveDate) {
    push_day(out, d);
    match u32::try_from(d.year()) {
        Ok(year @ 1000..=9999) => {
            push_two(out, year / 100);
            push_two(out, year % 100);
        }
        // Only a mistyped year gets here; it must be readable, not pretty.
        _ => out.push_str(&d.year().to_string()),
    }
}

/// `Mi., 03.06.2026`.
pub fn date(d: NaiveDate) -> String {
    let mut out = String::with_capacity(16);
    push_date(&mut out, d);
    out
}

/// `09:30`.
pub fn time(t: NaiveTime) -> String {
    let mut out = String::with_capacity(5);
    push_two(&mut out, t.hour());
    out.push(':');
    push_two(&mut out, t.minute());
    out
}

/// `Fr., 20.11.2026, 16:12` on the clocks of Berlin.
pub fn instant(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&Berlin).naive_local();
    format!("{}, {}", date(local.date()), time(local.time()))
}

/// `KW 48` of `2026-W48`; anything else stays as it is.
pub fn week(iso: &str) -> Cow<'_, str> {
    match (parse_iso_week(iso), iso.split_once("-W")) {
        (Some(_), Some((_, week))) => Cow::Owned(format!("KW {}", week.trim_start_matches('0'))),
        _ => clean(iso),
    }
}

/// `KW 48` of a day.
pub fn week_of(d: NaiveDate) -> String {
    week(&iso_week(d)).into_owned()
}

/// `1 Fall`, `2 Fälle`.
pub fn plural(n: impl TryInto<u64>, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(0);
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `a`, `a und b`, `a, b und c`.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    let mut out = String::new();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push_str(if i + 1 == words.len() { " und " } else { ", " });
        }
        out.push_str(word.as_ref());
    }
    out
}

/// What came from files, made fit for one line: control characters and those that turn the writing direction become
/// spaces, so that a name can neither start a new line nor hide behind one.
pub fn clean(s: &str) -> Cow<'_, str> {
    let unfit = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if s.contains(unfit) { Cow::Owned(s.replace(unfit, " ").trim().to_owned()) } else { Cow::Borrowed(s) }
}

/// The words of a rule with spaces that do not break: `§7` and `§ 7` both become `§ 7`.
pub fn paragraphs(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 4);
    let mut rest = s;
    while let Some((before, after)) = rest.split_once('§') {
        out.push_str(before);
        out.push('§');
        rest = after.trim_start_matches([' ', NBSP]);
        if !rest.is_empty() && !rest.starts_with('§') {
            out.push(NBSP);
        }
    }
    out.push_str(rest);
    out
}

/// Where a rule comes from: `BAK-Konzept § 7`; what a team writes instead of a paragraph stays as it is.
pub fn source(paragraph: &str) -> String {
    let words = paragraphs(&clean(paragraph));
    if words.starts_with('§') { format!("BAK-Konzept {words}") } else { words }
}

/// What an appointment is for.
pub const fn termin(art: TerminArt) -> &'static str {
    match art {
        TerminArt::Vorstellungsgespraech => "Vorstellungsgespräch",
        TerminArt::Aussendienst => "Besuch am Arbeitsplatz",
        TerminArt::Rueckgabegespraech => "Rückgabegespräch",
    }
}

/// The name of a step; a team's own step keeps its name.
pub fn step(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(match name {
        "vorwarnung" => "Vorwarnung",
        "faellig" => "fällig",
        "ueberfaellig" => "überfällig",
        "information" => "Information",
        "planung" => "Planung",
        "erinnerung" => "Erinnerung",
        "eskalation" => "Eskalation",
        "hinweis" => "Hinweis",
        "mitteilung" => "Mitteilung",
        "vorankuendigung" => "Vorankündigung",
        "nachtragen" => "nachzutragen",
        _ => return clean(name),
    })
}

/// Where it stands, in workdays: `seit 3 Arbeitstagen offen`. `workdays` counts from the day to act (negative: until).
pub fn standing(state: State, workdays: i64) -> Cow<'static, str> {
    let n = workdays.unsigned_abs();
    match state {
        State::Info => Cow::Borrowed("zur Kenntnis"),
        State::Missed => Cow::Borrowed("nachzutragen"),
        State::Today => Cow::Borrowed("heute fällig"),
        State::Overdue if workdays <= 0 => Cow::Borrowed("noch offen"),
        State::Overdue => Cow::Owned(format!("seit {} offen", plural(n, "Arbeitstag", "Arbeitstagen"))),
        State::Upcoming if workdays >= 0 => Cow::Borrowed("demnächst"),
        State::Upcoming => Cow::Owned(format!("noch {}", plural(n, "Arbeitstag", "Arbeitstage"))),
    }
}

#[cfg(test)]
mod tests;
