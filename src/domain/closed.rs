//! When a case has had its time: what is closed may no longer be kept.

use chrono::NaiveDate;

use super::calendar::add_months;
use super::facts::{CaseFile, Kennung};

/// What keeps a case that has ended from being closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// The watch list has it, or will have it.
    Watched,
    /// A subsidy runs, or is to begin, or nobody knows when it ends.
    Subsidy,
    /// An appointment is to come.
    Appointment,
    /// Something of it is still open.
    Open,
}

/// Whether the case has ended `months` months before `today` or earlier.
pub fn ended_long_ago(file: &CaseFile, today: NaiveDate, months: u32) -> bool {
    let months = i32::try_from(months).unwrap_or(i32::MAX);
    file.case.ende_am.is_some_and(|end| end < today && add_months(end, months) <= today)
}

/// What keeps a case that [ended long ago](ended_long_ago) from being closed; `open` says whether an obligation of it is.
pub fn held(file: &CaseFile, today: NaiveDate, open: bool) -> Option<Held> {
    let case = &file.case;
    // A marker whose day is to come puts the case on the list then.
    let to_come = case.kennung.is_some_and(Kennung::is_watch) && case.kennung_seit.is_some_and(|since| since > today);
    if to_come || case.watched_on(today) {
        return Some(Held::Watched);
    }
    if file.subsidies.iter().any(|subsidy| subsidy.ende.is_none_or(|end| end >= today)) {
        return Some(Held::Subsidy);
    }
    if file.appointments.iter().any(|appointment| appointment.datum.is_some_and(|day| day >= today)) {
        return Some(Held::Appointment);
    }
    open.then_some(Held::Open)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::domain::facts::{Appointment, Case, FoerderArt, Subsidy, TerminArt};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ended(end: Option<&str>) -> CaseFile {
        CaseFile {
            case: Case {
                fallnr: "17".into(),
                bezeichnung: String::new(),
                bak: None,
                ifk: None,
                team: "T0".into(),
                region: String::new(),
                kennung: None,
                kennung_seit: None,
                uebergabe_am: None,
                hauptbetreuer_seit: None,
                ende_am: end.map(day),
                ende_grund: None,
                rueckgabegespraech_am: None,
                fazit_am: None,
            },
            activities: Vec::new(),
            subsidies: Vec::new(),
            rests: Vec::new(),
            appointments: Vec::new(),
        }
    }

    #[test]
    fn a_case_ended_long_ago_once_the_months_are_over() {
        let rows = [
            ("to the day", Some("2026-05-23"), true),
            ("a day short", Some("2026-05-24"), false),
            ("it goes on", None, false),
            ("its end is to come", Some("2027-01-01"), false),
            ("years ago", Some("2019-02-28"), true),
        ];
        for (sentence, end, long) in rows {
            assert_eq!(ended_long_ago(&ended(end), day("2026-11-23"), 6), long, "{sentence}");
        }
    }

    #[test]
    fn an_ended_case_is_held_by_what_goes_on_without_it() {
        let end = Some("2026-01-30");
        let marked = |kennung, since: Option<&str>| {
            let mut file = ended(end);
            (file.case.kennung, file.case.kennung_seit) = (Some(kennung), since.map(day));
            file
        };
        let paid = |ende: Option<&str>| {
            let mut file = ended(end);
            file.subsidies.push(Subsidy {
                foerdernr: "F1".into(),
                art: FoerderArt::Egz,
                arbeitgeber: String::new(),
                beginn: Some(day("2026-01-01")),
                ende: ende.map(day),
                potenzial: None,
            });
            file
        };
        let meets = |datum| {
            let mut file = ended(end);
            file.appointments.push(Appointment {
                terminnr: "A".into(),
                art: TerminArt::Aussendienst,
                datum: Some(day(datum)),
                uhrzeit: None,
                ort: String::new(),
                teilnehmer: None,
            });
            file
        };
        let rows = [
            ("nothing", ended(end), false, None),
            ("something is open", ended(end), true, Some(Held::Open)),
            ("on the watch list since", marked(Kennung::Bak16e, Some("2026-02-01")), false, Some(Held::Watched)),
            ("to be on it", marked(Kennung::Bak16e, Some("2026-12-01")), false, Some(Held::Watched)),
            ("was on it, until that end", marked(Kennung::Bak16e, Some("2026-01-01")), false, None),
            ("the end ended a watch without a date", marked(Kennung::Ende16, None), false, None),
            ("a proposal holds nothing", marked(Kennung::Bak, Some("2026-02-01")), false, None),
            ("a subsidy runs to the last day", paid(Some("2026-11-23")), false, Some(Held::Subsidy)),
            ("a subsidy is over", paid(Some("2026-11-22")), false, None),
            ("nobody knows when a subsidy ends", paid(None), false, Some(Held::Subsidy)),
            ("an appointment is to come", meets("2026-11-24"), false, Some(Held::Appointment)),
            ("an appointment was", meets("2026-11-20"), false, None),
        ];
        for (sentence, file, open, why) in rows {
            assert_eq!(held(&file, day("2026-11-23"), open), why, "{sentence}");
        }
    }
}
