//! Why something is due, in German: what it counts from, how it is counted, and what moved the day to act.

use std::fmt::Write;

use chrono::NaiveDate;

use super::{clean, push_date, week_of};
use crate::domain::facts::Art;
use crate::domain::obligation::{Anchor, Column, Formula, Reason, Shift};

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
mod tests;
