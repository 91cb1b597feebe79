//! Why a rule asks for nothing, and how what it asked for has ended: one German sentence per case.
//!
//! It knows the findings of the domain and the case they are about; it decides nothing and reads nothing.

use chrono::NaiveDate;

use super::super::words::{any_of, art, column, evidence, grund, kennung};
use crate::domain::facts::{CaseFile, Kennung, Rest};
use crate::domain::obligation::{Ended, Evidence, NotApplicable, Silence};
use crate::domain::rules::{AnchorOf, CvStage, Kind, Rule, Scope};
use crate::mail::words::{date, list};

/// Why the rule says nothing about the case on `t`.
pub(super) fn silence(rule: &Rule, file: &CaseFile, t: NaiveDate, why: &Silence) -> String {
    match why {
        Silence::Off => "Für dieses Team abgeschaltet (enabled = false in der Regeldatei).".to_owned(),
        Silence::NoEvidence => format!(
            "Kein Nachweis: In den Daten des Teams kam {} noch nie vor. Die Regel schweigt, bis das einmal eingespielt \
             oder eingetragen ist.",
            any_of(&rule.evidence)
        ),
        Silence::Resting(until) => resting(file, t, *until),
        Silence::NotApplicable(why) => not_applicable(rule, file, t, *why),
        Silence::Done(by, day) => done(rule, file, *by, *day),
        Silence::Over(until) if is_news(rule) => {
            format!("War zur Kenntnis und wurde bis {} gezeigt.", date(*until))
        }
        Silence::Over(until) => format!("Der Zeitraum dafür ist am {} abgelaufen.", date(*until)),
        Silence::Planned(day) => format!("Für {} ist eine Veranstaltung geplant.", date(*day)),
    }
}

/// What the rule would need where the case has nothing of the kind at all: it then says nothing, not even why.
pub(super) const fn nothing_to_look_at(rule: &Rule) -> &'static str {
    match rule.kind {
        Kind::Visit(_) | Kind::MissingKennung(_) => {
            "Zu diesem Fall ist keine Förderung nach §\u{a0}16e oder §\u{a0}16i bekannt."
        }
        Kind::Mag(_) => "Zu diesem Fall ist keine MAG bekannt.",
        _ => "Die Regel trifft auf diesen Fall nicht zu.",
    }
}

/// How an obligation of the rule has ended; without a rule, it is no longer in the file of rules.
pub(super) fn ended(rule: Option<&Rule>, how: Ended) -> String {
    match how {
        Ended::Fulfilled(by, Some(day)) => format!("erledigt: {} am {}", evidence(by), date(day)),
        Ended::Fulfilled(by, None) => format!("erledigt: {}", evidence(by)),
        Ended::Lapsed(day) => format!("abgelaufen, nicht erledigt; der Zeitraum endete am {}", date(day)),
        Ended::Resting => "angehalten, weil der Fall ruht".to_owned(),
        Ended::Moot if rule.is_some_and(is_news) => "von selbst beendet; es war nichts zu tun".to_owned(),
        Ended::Moot => "entfallen, weil Fall, Kennung oder Regel nicht mehr zutreffen".to_owned(),
        Ended::Withdrawn => "zurückgenommen, weil der Eintrag, auf dem es beruhte, berichtigt wurde".to_owned(),
    }
}

/// Whether the rule only brings news.
pub(super) const fn is_news(rule: &Rule) -> bool {
    matches!(&rule.kind, Kind::Deadline(p) if p.info)
}

fn resting(file: &CaseFile, t: NaiveDate, until: Option<NaiveDate>) -> String {
    match (until, file.rests_on(t)) {
        (Some(until), _) => format!("Der Fall ruht bis {}; so lange wird hierzu nichts fällig.", date(until)),
        (None, true) => "Der Fall ruht ohne bekanntes Ende; so lange wird hierzu nichts fällig.".to_owned(),
        // A rest that has not begun can swallow a date, too.
        (None, false) => {
            let from = file.rests.iter().filter(|r| r.bis.is_none() && r.von > t).map(|r: &Rest| r.von).min();
            let from = from.map_or_else(String::new, |von| format!(" ab {}", date(von)));
            format!("Die Frist fiele in eine Ruhezeit ohne bekanntes Ende{from}.")
        }
    }
}

fn done(rule: &Rule, file: &CaseFile, by: Evidence, day: Option<NaiveDate>) -> String {
    if matches!(rule.kind, Kind::SearchRuns(_)) {
        let last = day.map_or_else(String::new, |day| format!(", zuletzt am {}", date(day)));
        return format!("Für diese Woche vollständig{last}.");
    }
    let what = if by == Evidence::Kennung { kennung(&file.case) } else { evidence(by).to_owned() };
    match (by, day) {
        (Evidence::Kennung | Evidence::Column(_), Some(day)) => format!("Erledigt: {what}, {}.", date(day)),
        (_, Some(day)) => format!("Erledigt: {what} am {}.", date(day)),
        (_, None) => format!("Erledigt: {what}."),
    }
}

fn not_applicable(rule: &Rule, file: &CaseFile, t: NaiveDate, why: NotApplicable) -> String {
    match why {
        NotApplicable::NoMainCare => no_main_care(file, t),
        NotApplicable::NotEnded => not_ended(rule, file, t),
        NotApplicable::NoProposal => no_proposal(file, t),
        NotApplicable::NotWatched => not_watched(file, t),
        NotApplicable::NothingRecorded => nothing_recorded(rule),
        NotApplicable::NoSubsidy => match rule.kind {
            Kind::WatchEnd(_) => {
                "Zu diesem Fall ist keine Förderung nach §\u{a0}16e oder §\u{a0}16i mit Beginn und Ende bekannt."
            }
            _ => "Die Förderung hat noch nicht begonnen, oder Beginn und Ende stehen nicht fest.",
        }
        .to_owned(),
        NotApplicable::NoPotential => {
            "Zur Förderung ist eingetragen, dass der allgemeine Arbeitsmarkt nicht erreichbar ist (potenzial: nein); \
             der Besuch entfällt."
                .to_owned()
        }
        NotApplicable::OtherStep => other_step(rule),
        NotApplicable::NotNeeded => match rule.kind {
            Kind::SearchRuns(_) => "In dieser Woche hat der Fall keinen Arbeitstag, an dem er läuft und nicht ruht.",
            Kind::WatchEnd(_) => "Die Förderung läuft noch.",
            _ => "Für diesen Zeitraum nicht nötig.",
        }
        .to_owned(),
    }
}

fn no_main_care(file: &CaseFile, t: NaiveDate) -> String {
    let case = &file.case;
    if case.marked_on(t) {
        return format!(
            "Keine Hauptbetreuung: Der Fall steht mit der {} auf der Beobachtungsliste (§\u{a0}8).",
            kennung(case)
        );
    }
    match (case.start(), case.ende_am.filter(|end| *end <= t)) {
        (None, _) => "Keine Hauptbetreuung: Weder Übergabe noch „Hauptbetreuer seit“ ist eingetragen.".to_owned(),
        (Some(start), _) if start > t => {
            format!("Noch keine Hauptbetreuung: Sie beginnt am {}.", date(start))
        }
        (Some(_), Some(end)) => {
            let why = case.ende_grund.map_or_else(String::new, |g| format!(" ({})", grund(g)));
            format!("Die Hauptbetreuung ist seit {} beendet{why}.", date(end))
        }
        (Some(_), None) => "Es läuft keine Hauptbetreuung.".to_owned(),
    }
}

fn not_ended(rule: &Rule, file: &CaseFile, t: NaiveDate) -> String {
    let Some(end) = file.case.ended_by(t) else {
        return match (file.case.start(), file.case.ende_am) {
            (Some(_), Some(end)) if end > t => format!("Die Hauptbetreuung läuft noch; sie endet am {}.", date(end)),
            (Some(start), None) if start <= t => "Die Hauptbetreuung ist nicht beendet.".to_owned(),
            _ => "Es gab keine Hauptbetreuung, die beendet wäre.".to_owned(),
        };
    };
    let asked = match &rule.kind {
        Kind::Deadline(p) => list(&p.grund.iter().map(|g| format!("„{}“", grund(*g))).collect::<Vec<_>>()),
        _ => String::new(),
    };
    let is = file.case.ende_grund.map_or_else(|| "ohne Angabe eines Grundes".to_owned(), |g| format!("„{}“", grund(g)));
    format!("Die Hauptbetreuung endete am {}, {is}; die Regel gilt nur bei {asked}.", date(end))
}

fn no_proposal(file: &CaseFile, t: NaiveDate) -> String {
    let case = &file.case;
    let answered = [
        ("die Übergabe ist", case.uebergabe_am),
        ("„Hauptbetreuer seit“ ist", case.hauptbetreuer_seit),
        ("das Ende ist", case.ende_am.filter(|end| *end <= t)),
    ];
    if !case.kennung.is_some_and(Kennung::is_proposal) {
        return format!("Kein Vorschlag: Der Fall hat {}, nicht BAK, 16e oder 16i.", with_a(&kennung(case)));
    }
    match (answered.iter().find_map(|(what, day)| day.map(|day| (what, day))), case.kennung_seit) {
        (Some((what, day)), _) => {
            format!("Der Vorschlag ist beantwortet: {what} mit {} eingetragen.", date(day))
        }
        (None, None) => format!("Zur {} fehlt das Datum (kennung_seit), ab dem gerechnet wird.", kennung(case)),
        (None, Some(since)) => format!("Die {} gilt erst ab {}.", kennung(case), date(since)),
    }
}

fn not_watched(file: &CaseFile, t: NaiveDate) -> String {
    let case = &file.case;
    if !case.kennung.is_some_and(Kennung::is_watch) {
        return format!(
            "Nicht auf der Beobachtungsliste: Der Fall hat {}, nicht BAK16e, BAK16i oder Ende16.",
            with_a(&kennung(case))
        );
    }
    match (case.kennung_seit.filter(|since| *since > t), case.ende_am) {
        (Some(since), _) => format!("Die {} gilt erst ab {}.", kennung(case), date(since)),
        (None, Some(end)) => format!("Die Beobachtung ist seit {} beendet.", date(end)),
        (None, None) => "Der Fall steht nicht auf der Beobachtungsliste.".to_owned(),
    }
}

/// `die Kennung BAK`, `keine Kennung`.
fn with_a(kennung: &str) -> String {
    if kennung.starts_with("keine") { kennung.to_owned() } else { format!("die {kennung}") }
}

fn nothing_recorded(rule: &Rule) -> String {
    match &rule.kind {
        Kind::Deadline(p) => match p.anchor {
            AnchorOf::LastActivity(what) => format!("Kein Anlass: Eingetragen ist dazu nichts ({}).", art(what)),
            AnchorOf::Column(what) => format!("Kein Anlass: Ein Datum dazu ist nicht eingetragen ({}).", column(what)),
            AnchorOf::Start => "Ein Beginn der Hauptbetreuung ist nicht eingetragen.".to_owned(),
        },
        Kind::Cadence(p) if p.scope == Scope::WatchList => {
            "Zur Kennung fehlt das Datum (kennung_seit), ab dem gerechnet wird.".to_owned()
        }
        Kind::Cadence(_) => "Ein Beginn, ab dem gerechnet wird, ist nicht eingetragen.".to_owned(),
        Kind::MissingKennung(_) => {
            "Im Zeitraum vor dem Ende der Förderung ist noch kein Besuch am Arbeitsplatz eingetragen.".to_owned()
        }
        _ => "Dazu ist nichts eingetragen.".to_owned(),
    }
}

fn other_step(rule: &Rule) -> String {
    match &rule.kind {
        Kind::Cv(p) => match p.stage {
            CvStage::Ask(_) => "Der Lebenslauf ist schon angefordert; die folgenden Regeln der Kette führen weiter.",
            CvStage::Remind(_) => {
                "Der Lebenslauf ist noch nicht angefordert, oder es ist nach der letzten Anforderung schon erinnert."
            }
            CvStage::GiveBack(_) => "Nach der letzten Anforderung des Lebenslaufs ist noch nicht erinnert.",
        },
        _ => "Eine andere Regel derselben Kette ist zuständig.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
