//! German: dates, plurals, and the sentence that says why something is due.
//!
//! Pure helpers that know the domain's types and nothing of templates, mails or files. The tone of the house is decided
//! here: „noch offen", never a reproach, no exclamation marks.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Europe::Berlin;

use crate::domain::calendar::{iso_week, parse_iso_week};
use crate::domain::facts::{Art, TerminArt};
use crate::domain::obligation::{Anchor, Column, Formula, Reason, Shift, State};

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

/// Appends the day to act, and the date by the letter where it differs, with what shifted it:
/// `fällig Do., 02.04.2026 (Frist Fr., 03.04.2026, Karfreitag, daher der Arbeitstag davor)`.
pub fn push_due(out: &mut String, raw: NaiveDate, action: NaiveDate, reason: &Reason) {
    out.push_str("fällig ");
    push_date(out, action);
    // A week of search runs is due by its last active day; that it ends on a Sunday says nothing.
    let moved = raw != action && reason.formula != Formula::LastActiveDay;
    if let Shift::AfterRest(until) = reason.shift {
        out.push_str(" (verschoben, weil der Fall bis ");
        push_date(out, until);
        out.push_str(" ruhte)");
        return;
    }
    if !moved {
        return;
    }
    if let Shift::AfterDeadline(by_law) = reason.shift {
        // What the client may rely on is the day by law; the counted one only explains it.
        out.push_str(" (Frist des Kunden bis ");
        push_date(out, by_law);
        if by_law != raw {
            out.push_str(", da ");
            push_date(out, raw);
            out.push_str(" kein Werktag ist, §\u{a0}26 Abs.\u{a0}3 SGB\u{a0}X");
        }
        out.push_str(", daher der Arbeitstag nach ihrem Ablauf)");
        return;
    }
    out.push_str(" (Frist ");
    push_date(out, raw);
    match &reason.shift {
        Shift::None | Shift::AfterRest(_) | Shift::AfterDeadline(_) => {}
        Shift::Back(closed) => {
            push_closed(out, closed);
            out.push_str(", daher der Arbeitstag davor");
        }
        Shift::Forward(closed) => {
            push_closed(out, closed);
            out.push_str(", daher der nächste Arbeitstag");
        }
        Shift::WithinSpan => out.push_str(", so gelegt, dass es im Zeitraum möglich bleibt"),
    }
    out.push(')');
}

/// What closed the office; a weekend is plain from the weekday before the date.
fn push_closed(out: &mut String, closed: &str) {
    if !matches!(closed, "" | "Samstag" | "Sonntag") {
        out.push_str(", ");
        out.push_str(&clean(closed));
    }
}

/// Appends why it is due: what it counts from, and how: `28 Tage nach dem letzten Telefonkontakt am Fr., 30.10.2026`.
pub fn push_why(out: &mut String, reason: &Reason) {
    let day = reason.anchor_day;
    let span = |out: &mut String, n: u64, one: &str, many: &str, link: &str| {
        let _ = write!(out, "{n} {} {link} ", if n == 1 { one } else { many });
        push_anchor(out, &reason.anchor, day);
    };
    let after = |n: i64| if n < 0 { "vor" } else { "nach" };
    match reason.formula {
        Formula::Days(0) | Formula::Workdays(0) | Formula::Months(0) | Formula::Same => match reason.anchor {
            Anchor::MagSpan => out.push_str("zum Ende der MAG"),
            Anchor::Week => out.push_str("in dieser Woche"),
            _ => {
                out.push_str("gleich nach ");
                push_anchor(out, &reason.anchor, day);
            }
        },
        Formula::Days(n) => span(out, n.unsigned_abs(), "Tag", "Tage", after(n)),
        Formula::Workdays(n) => span(out, n.unsigned_abs().into(), "Arbeitstag", "Arbeitstage", after(n.into())),
        Formula::Months(n) => span(out, n.unsigned_abs().into(), "Monat", "Monate", after(n.into())),
        Formula::BeforeEnd(n) => span(out, n.unsigned_abs().into(), "Monat", "Monate", "vor"),
        Formula::PeriodFrom(n) => {
            span(out, n.unsigned_abs().into(), "Monat", "Monate", "ab");
            out.push_str(", dieser Tag mitgezählt");
        }
        Formula::LastActiveDay => {
            let _ = write!(out, "letzter Arbeitstag in {}, an dem der Fall läuft", week_of(day));
        }
        Formula::Middle if reason.anchor == Anchor::MagSpan => out.push_str("zur Mitte der MAG"),
        Formula::Middle => {
            out.push_str("zur Mitte der Zeit ab ");
            push_anchor(out, &reason.anchor, day);
        }
    }
}

/// The anchor in the dative, with its day: `dem Beginn der Hauptbetreuung am …`.
fn push_anchor(out: &mut String, anchor: &Anchor, day: NaiveDate) {
    let words = match anchor {
        Anchor::Start { by_handover: false } | Anchor::Column(Column::HauptbetreuerSeit) => {
            "dem Beginn der Hauptbetreuung am "
        }
        Anchor::Start { by_handover: true } | Anchor::Column(Column::UebergabeAm) => "der Übergabe am ",
        Anchor::Column(Column::KennungSeit) => "dem Setzen der Kennung am ",
        Anchor::Column(Column::EndeAm) => "dem Ende der Betreuung am ",
        Anchor::Column(Column::RueckgabegespraechAm) => "dem Rückgabegespräch am ",
        Anchor::Column(Column::FazitAm) => "dem Fazit am ",
        Anchor::SubsidyEnd => "dem Ende der Förderung am ",
        Anchor::MagSpan => "dem Ende der MAG am ",
        Anchor::Week => "der Woche vom ",
        Anchor::HeldEvent => "der letzten Veranstaltung am ",
        Anchor::TeamBegin => "dem Beginn des Teams am ",
        Anchor::Activity(art) => match art {
            Art::KontaktPersoenlich => "dem letzten persönlichen Kontakt am ",
            Art::KontaktTelefonisch => "dem letzten Telefonkontakt am ",
            Art::KontaktSchriftlich => "dem letzten schriftlichen Kontakt am ",
            Art::Kontaktversuch => "dem letzten Kontaktversuch am ",
            Art::AgKontakt => "dem letzten AG-Kontakt am ",
            Art::Stellensuchlauf => "dem letzten Stellensuchlauf am ",
            Art::LebenslaufAngefordert => "der Anforderung des Lebenslaufs am ",
            Art::LebenslaufErinnert => "der Erinnerung an den Lebenslauf am ",
            Art::LebenslaufEingegangen => "dem Eingang des Lebenslaufs am ",
            Art::Aussendienst => "dem Besuch am Arbeitsplatz am ",
            Art::EgzRisiko => "dem gemeldeten EGZ-Risiko am ",
            Art::EgzIntervention => "der letzten EGZ-Intervention am ",
            Art::AgUnzufrieden => "der Rückmeldung des Arbeitgebers am ",
            Art::AgAlternative => "der angebotenen Alternative am ",
            Art::MagNachhaltungAg => "der letzten Nachhaltung beim Arbeitgeber am ",
            Art::MagNachhaltungKunde => "der letzten Nachhaltung beim Kunden am ",
        },
    };
    out.push_str(words);
    push_date(out, day);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(iso: &str) -> NaiveDate {
        iso.parse().unwrap()
    }

    fn reason(anchor: Anchor, anchor_day: &str, formula: Formula, shift: Shift) -> Reason {
        Reason { anchor, anchor_day: day(anchor_day), formula, shift, attempts: None, progress: None }
    }

    fn why(reason: &Reason) -> String {
        let mut out = String::new();
        push_why(&mut out, reason);
        out
    }

    #[test]
    fn dates_read_as_in_a_german_office() {
        assert_eq!(date(day("2026-06-03")), "Mi., 03.06.2026");
        assert_eq!(date(day("0099-01-02")), "Fr., 02.01.99");
        assert!(date(NaiveDate::MAX).ends_with("262142"));
        assert_eq!(time("09:05:59".parse().unwrap()), "09:05");
        assert_eq!(week("2026-W08"), "KW 8");
        assert_eq!(week("kaputt\n"), "kaputt");
        assert_eq!(week_of(day("2026-11-23")), "KW 48");
    }

    #[test]
    fn instants_are_told_in_berlin_time() {
        for (utc, local) in [
            ("2026-11-20T15:12:00Z", "Fr., 20.11.2026, 16:12"),
            ("2026-07-01T22:30:00Z", "Do., 02.07.2026, 00:30"),
            ("2026-03-29T00:59:59Z", "So., 29.03.2026, 01:59"),
            ("2026-03-29T01:00:00Z", "So., 29.03.2026, 03:00"),
        ] {
            assert_eq!(instant(utc.parse().unwrap()), local);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(plural(1u32, "Fall", "Fälle"), "1 Fall");
        assert_eq!(plural(0u32, "Fall", "Fälle"), "0 Fälle");
        assert_eq!(plural(7usize, "Fall", "Fälle"), "7 Fälle");
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a und b");
        assert_eq!(list(&["a", "b", "c"]), "a, b und c");
    }

    #[test]
    fn what_comes_from_files_stays_on_its_line() {
        assert_eq!(clean("A. B."), "A. B.");
        assert_eq!(clean("A.\r\nBcc: x@y\u{202e}"), "A.  Bcc: x@y");
        assert!(matches!(clean("Müller"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_paragraph_does_not_break_from_its_number() {
        for (given, words) in [
            ("§7", "BAK-Konzept §\u{a0}7"),
            ("§ 16e", "BAK-Konzept §\u{a0}16e"),
            ("§\u{a0}6, §7", "BAK-Konzept §\u{a0}6, §\u{a0}7"),
            ("§§ 6, 7", "BAK-Konzept §§\u{a0}6, 7"),
            ("Teamabsprache", "Teamabsprache"),
            ("§", "BAK-Konzept §"),
        ] {
            assert_eq!(source(given), words);
        }
        assert_eq!(paragraphs("bleibt nötig (§7)."), "bleibt nötig (§\u{a0}7).");
    }

    #[test]
    fn where_it_stands_is_said_in_workdays() {
        for (state, workdays, words) in [
            (State::Overdue, 1, "seit 1 Arbeitstag offen"),
            (State::Overdue, 3, "seit 3 Arbeitstagen offen"),
            (State::Overdue, 0, "noch offen"),
            (State::Today, 0, "heute fällig"),
            (State::Upcoming, -1, "noch 1 Arbeitstag"),
            (State::Upcoming, -12, "noch 12 Arbeitstage"),
            (State::Upcoming, 0, "demnächst"),
            (State::Info, 0, "zur Kenntnis"),
            (State::Missed, 1, "nachzutragen"),
            (State::Upcoming, i64::MIN, "noch 9223372036854775808 Arbeitstage"),
        ] {
            assert_eq!(standing(state, workdays), words);
        }
    }

    #[test]
    fn a_moved_date_says_what_moved_it() {
        let cases = [
            ("2026-11-27", "2026-11-27", Shift::None, "fällig Fr., 27.11.2026"),
            ("2026-11-30", "2026-11-27", Shift::None, "fällig Fr., 27.11.2026 (Frist Mo., 30.11.2026)"),
            (
                "2026-11-29",
                "2026-11-27",
                Shift::Back("Sonntag".into()),
                "fällig Fr., 27.11.2026 (Frist So., 29.11.2026, daher der Arbeitstag davor)",
            ),
            (
                "2026-04-03",
                "2026-04-02",
                Shift::Back("Karfreitag".into()),
                "fällig Do., 02.04.2026 (Frist Fr., 03.04.2026, Karfreitag, daher der Arbeitstag davor)",
            ),
            (
                "2026-12-24",
                "2026-12-28",
                Shift::Forward("dienstfrei".into()),
                "fällig Mo., 28.12.2026 (Frist Do., 24.12.2026, dienstfrei, daher der nächste Arbeitstag)",
            ),
            (
                "2026-11-21",
                "2026-11-24",
                Shift::AfterDeadline(day("2026-11-23")),
                "fällig Di., 24.11.2026 (Frist des Kunden bis Mo., 23.11.2026, da Sa., 21.11.2026 kein Werktag ist, \
                 §\u{a0}26 Abs.\u{a0}3 SGB\u{a0}X, daher der Arbeitstag nach ihrem Ablauf)",
            ),
            (
                "2026-11-20",
                "2026-11-23",
                Shift::AfterDeadline(day("2026-11-20")),
                "fällig Mo., 23.11.2026 (Frist des Kunden bis Fr., 20.11.2026, daher der Arbeitstag nach ihrem Ablauf)",
            ),
            (
                "2026-11-23",
                "2026-11-23",
                Shift::AfterRest(day("2026-11-22")),
                "fällig Mo., 23.11.2026 (verschoben, weil der Fall bis So., 22.11.2026 ruhte)",
            ),
            (
                "2026-11-21",
                "2026-11-23",
                Shift::WithinSpan,
                "fällig Mo., 23.11.2026 (Frist Sa., 21.11.2026, so gelegt, dass es im Zeitraum möglich bleibt)",
            ),
        ];
        for (raw, action, shift, words) in cases {
            let mut out = String::new();
            push_due(
                &mut out,
                day(raw),
                day(action),
                &reason(Anchor::SubsidyEnd, "2026-01-01", Formula::Days(28), shift),
            );
            assert_eq!(out, words);
        }
        let mut out = String::new();
        let week = reason(Anchor::Week, "2026-11-23", Formula::LastActiveDay, Shift::None);
        push_due(&mut out, day("2026-11-29"), day("2026-11-27"), &week);
        assert_eq!(out, "fällig Fr., 27.11.2026");
    }

    #[test]
    fn the_reason_names_the_event_and_the_way_it_is_counted() {
        let on = "2026-11-23";
        for (anchor, formula, words) in [
            (
                Anchor::Start { by_handover: false },
                Formula::PeriodFrom(6),
                "6 Monate ab dem Beginn der Hauptbetreuung am Mo., 23.11.2026, dieser Tag mitgezählt",
            ),
            (Anchor::Start { by_handover: true }, Formula::Days(28), "28 Tage nach der Übergabe am Mo., 23.11.2026"),
            (
                Anchor::Activity(Art::AgKontakt),
                Formula::Days(14),
                "14 Tage nach dem letzten AG-Kontakt am Mo., 23.11.2026",
            ),
            (
                Anchor::Activity(Art::EgzRisiko),
                Formula::Same,
                "gleich nach dem gemeldeten EGZ-Risiko am Mo., 23.11.2026",
            ),
            (
                Anchor::Column(Column::EndeAm),
                Formula::Workdays(1),
                "1 Arbeitstag nach dem Ende der Betreuung am Mo., 23.11.2026",
            ),
            (
                Anchor::Column(Column::KennungSeit),
                Formula::Days(-1),
                "1 Tag vor dem Setzen der Kennung am Mo., 23.11.2026",
            ),
            (Anchor::SubsidyEnd, Formula::BeforeEnd(3), "3 Monate vor dem Ende der Förderung am Mo., 23.11.2026"),
            (Anchor::HeldEvent, Formula::Months(3), "3 Monate nach der letzten Veranstaltung am Mo., 23.11.2026"),
            (Anchor::TeamBegin, Formula::Months(1), "1 Monat nach dem Beginn des Teams am Mo., 23.11.2026"),
            (Anchor::Week, Formula::LastActiveDay, "letzter Arbeitstag in KW 48, an dem der Fall läuft"),
            (Anchor::MagSpan, Formula::Middle, "zur Mitte der MAG"),
            (Anchor::MagSpan, Formula::Workdays(-3), "3 Arbeitstage vor dem Ende der MAG am Mo., 23.11.2026"),
            (Anchor::MagSpan, Formula::Same, "zum Ende der MAG"),
        ] {
            assert_eq!(why(&reason(anchor, on, formula, Shift::None)), words);
        }
    }

    #[test]
    fn every_anchor_and_formula_makes_a_sentence() {
        let mut anchors = vec![
            Anchor::Start { by_handover: false },
            Anchor::Start { by_handover: true },
            Anchor::SubsidyEnd,
            Anchor::MagSpan,
            Anchor::Week,
            Anchor::HeldEvent,
            Anchor::TeamBegin,
        ];
        anchors.extend(Art::ALL.iter().map(|a| Anchor::Activity(*a)));
        anchors.extend(Column::ALL.iter().map(|c| Anchor::Column(*c)));
        let formulas = [
            Formula::Days(i64::MIN),
            Formula::Workdays(i32::MIN),
            Formula::PeriodFrom(1),
            Formula::BeforeEnd(1),
            Formula::Months(-2),
            Formula::LastActiveDay,
            Formula::Middle,
            Formula::Same,
        ];
        for anchor in &anchors {
            for formula in formulas {
                let words = why(&reason(anchor.clone(), "2026-11-23", formula, Shift::None));
                assert!(words.len() > 10 && !words.contains("  ") && !words.contains('!'), "{words}");
            }
        }
    }
}
