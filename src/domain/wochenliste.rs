//! The Wochenliste: a BAK's cases in one week, as a form that is filled in and comes back.
//!
//! This room knows which columns the form has, which cases stand on it and what is known of them already; `decide` says
//! what a cell that comes back means. It knows neither workbooks nor databases. Whoever writes the form and whoever reads
//! it agree here, and nowhere else.

mod decide;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{
    Claim, FieldClaim, FieldVerdict, Stays, Told, Verdict, claims, count, field, field_claim, moves_back,
};

use super::calendar::{Calendar, iso_week, monday, parse_iso_week};
use super::digest::Datenstand;
use super::evaluate::Office;
use super::facts::{Art, CaseFile, EndeGrund, words};
use super::obligation::{Finding, Obligation, Role};

/// The hidden sheet by which a workbook is known as a Wochenliste; it holds what the form held when it was made.
pub const MEMORY_SHEET: &str = "Wochenliste-Stand";
/// The sheet that people fill in.
pub const FORM_SHEET: &str = "Wochenliste";
/// The first cell of the hidden sheet, the version of the form beside it.
pub const MARK: &str = "Wiedervorlage Wochenliste";
/// The version of the form. A reader refuses a later one.
pub const VERSION: u32 = 1;
/// How the hidden row names the column of case numbers.
pub const FALLNR: &str = "fallnr";
/// No more times on one day are written into a cell.
pub const MOST_TIMES: u32 = 9;
/// No more cases stand on a form: a BAK has fifty.
pub const MOST_ROWS: usize = 2_000;

/// Monday to Friday as the form writes them.
pub const WEEKDAYS: [&str; 5] = ["Mo", "Di", "Mi", "Do", "Fr"];

/// An ISO week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    monday: NaiveDate,
}

impl Week {
    /// The week in which `d` lies.
    pub fn of(d: NaiveDate) -> Self {
        Self { monday: monday(d) }
    }

    /// `2026-W48`.
    pub fn parse(text: &str) -> Option<Self> {
        parse_iso_week(text).map(|monday| Self { monday })
    }

    /// `2026-W48`.
    pub fn name(self) -> String {
        iso_week(self.monday)
    }

    /// Its Monday.
    pub fn monday(self) -> NaiveDate {
        self.monday
    }

    /// The day of Monday (0) to Friday (4).
    pub fn day(self, weekday: u8) -> NaiveDate {
        self.monday.checked_add_days(Days::new(weekday.min(4).into())).unwrap_or(self.monday)
    }
}

words! {
    /// What is ticked per day.
    Tick {
        /// Search runs: how many.
        Search = "suche",
        /// A client contact: in person or by phone.
        Client = "kunde",
        /// An employer contact.
        Employer = "ag",
        /// An attempt.
        Attempt = "versuch",
    }
}

words! {
    /// What is written down once per case.
    Note {
        /// The CV was asked for.
        CvAsked = "ll_angefordert",
        /// The client was reminded of it.
        CvReminded = "ll_erinnert",
        /// It has come.
        CvReceived = "ll_eingegangen",
        /// The talk that hands the client back.
        Talk = "rueckgabegespraech_am",
        /// The closing summary in VerBIS.
        Fazit = "fazit_am",
        /// The end of main care (or of the watch).
        End = "ende_am",
        /// Why it ended.
        Reason = "ende_grund",
    }
}

impl Note {
    /// The activity that a date in this column is; none where it is a field of the case.
    pub const fn art(self) -> Option<Art> {
        match self {
            Self::CvAsked => Some(Art::LebenslaufAngefordert),
            Self::CvReminded => Some(Art::LebenslaufErinnert),
            Self::CvReceived => Some(Art::LebenslaufEingegangen),
            Self::Talk | Self::Fazit | Self::End | Self::Reason => None,
        }
    }
}

/// A column of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// Of a day, Monday (0) to Friday (4).
    Day(u8, Tick),
    /// Of the case.
    Note(Note),
}

impl Column {
    /// All columns, from left to right.
    pub fn all() -> impl Iterator<Item = Self> {
        let ticks = (0..5).flat_map(|day| Tick::ALL.iter().map(move |tick| Self::Day(day, *tick)));
        ticks.chain(Note::ALL.iter().map(|note| Self::Note(*note)))
    }

    /// How the hidden row and the hidden sheet name it: `mo.suche`, `fazit_am`.
    pub fn id(self) -> String {
        match self {
            Self::Day(day, tick) => format!("{}.{tick}", WEEKDAYS[usize::from(day.min(4))].to_lowercase()),
            Self::Note(note) => note.as_str().to_owned(),
        }
    }

    /// The column of that name.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::all().find(|column| column.id() == id)
    }
}

/// What a cell says. Its text in the hidden sheet is that of `Display` and [`Entry::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// Nothing.
    Nothing,
    /// Nothing can be said: no workday, or a column that does not concern the case.
    Closed,
    /// So often; 0 takes back, in every column.
    Times(u32),
    /// A client contact.
    Contact {
        /// In person.
        personal: bool,
        /// By phone.
        phone: bool,
    },
    /// On this day.
    Day(NaiveDate),
    /// For this reason.
    Reason(EndeGrund),
}

impl Entry {
    /// What the hidden sheet says of a cell.
    pub fn parse(text: &str) -> Option<Self> {
        let contact = |personal, phone| Some(Self::Contact { personal, phone });
        match text {
            "" => Some(Self::Nothing),
            "-" => Some(Self::Closed),
            "p" => contact(true, false),
            "t" => contact(false, true),
            "pt" => contact(true, true),
            _ => {
                let times = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok().map(Self::Times));
                let day = || text.parse().ok().map(Self::Day);
                times.flatten().or_else(day).or_else(|| text.parse().ok().map(Self::Reason))
            }
        }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Closed => f.write_str("-"),
            Self::Times(n) => write!(f, "{n}"),
            Self::Contact { personal, phone } => {
                f.write_str(if *personal { "p" } else { "" })?;
                f.write_str(if *phone { "t" } else { "" })
            }
            Self::Day(day) => write!(f, "{day}"),
            Self::Reason(reason) => write!(f, "{reason}"),
        }
    }
}

/// Why a case stands on the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Main care runs.
    Main,
    /// It is on the watch list.
    Watched,
    /// It has ended, but talk or Fazit are open.
    Ended,
}

/// Something that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// By which rule.
    pub rule: String,
    /// What the rule calls it.
    pub title: String,
}

/// One case on the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The case.
    pub fallnr: String,
    /// The client's initials.
    pub bezeichnung: String,
    /// Why it is here.
    pub standing: Standing,
    /// What is open for the BAK, in the order of the rulebook.
    pub open: Vec<Open>,
    /// What is known, one per column of [`Column::all`].
    pub cells: Vec<Entry>,
}

/// The form of one BAK and week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Whose.
    pub bak: String,
    /// Their name, if known.
    pub name: Option<String>,
    /// Whether whoever gets it stands in for them.
    pub in_stead: bool,
    /// Which week.
    pub week: Week,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// How fresh the data is that it was filled from.
    pub data: Vec<Datenstand>,
    /// Monday to Friday: why no one works, if so.
    pub closed: [Option<String>; 5],
    /// The cases, in the order of their numbers.
    pub rows: Vec<Row>,
}

/// Why no one works on the days of a week, Monday to Friday.
pub fn closed_days(cal: &Calendar, week: Week) -> [Option<String>; 5] {
    [0, 1, 2, 3, 4].map(|day| cal.closed_because(week.day(day)).map(|because| because.to_string()))
}

/// The case's row on the form of a week that is made on `day`, if it stands on it: main care or the watch runs on some
/// day of the week, or it has ended and the BAK has something to do.
pub fn row(file: &CaseFile, office: &Office, week: Week, day: NaiveDate) -> Option<Row> {
    let mut findings = Vec::new();
    office.evaluate(file, day, false, &mut findings);
    let due = findings.iter().filter_map(|finding| match finding {
        Finding::Due(due) => Some(due),
        _ => None,
    });
    row_of(file, office, week, day, due)
}

/// The same, where it is known what is due.
pub fn row_of<'a>(
    file: &CaseFile,
    office: &Office,
    week: Week,
    day: NaiveDate,
    due: impl Iterator<Item = &'a Obligation>,
) -> Option<Row> {
    let case = &file.case;
    let of_bak = due.filter(|due| due.belongs_to(day).has(Role::Bak)).filter_map(|due| office.rule(&due.key.rule));
    let mut open: Vec<Open> =
        of_bak.map(|rule| Open { rule: rule.id.to_string(), title: rule.wording.title.clone() }).collect();
    open.dedup();
    let days = [0, 1, 2, 3, 4].map(|n| week.day(n));
    let standing = if days.iter().any(|d| case.in_main_care(*d)) {
        Standing::Main
    } else if days.iter().any(|d| case.watched_on(*d)) {
        Standing::Watched
    } else if case.ended_by(day).is_some() && open.iter().any(|open| TALK_OR_FAZIT.contains(&&*open.rule)) {
        Standing::Ended
    } else {
        return None;
    };
    let cells = Column::all().map(|column| match column {
        Column::Day(n, tick) => {
            let day = week.day(n);
            if office.cal.is_workday(day) { ticked(file, tick, day) } else { Entry::Closed }
        }
        Column::Note(note) => noted(file, note, standing, day),
    });
    let cells = cells.collect();
    Some(Row { fallnr: case.fallnr.clone(), bezeichnung: case.bezeichnung.clone(), standing, open, cells })
}

/// The rules for which a case that has ended still stands on the form.
const TALK_OR_FAZIT: [&str; 2] = ["rueckgabe-gespraech", "fazit"];

/// What is known of a day; a withdrawn entry is a 0, so that it can be said anew.
fn ticked(file: &CaseFile, tick: Tick, day: NaiveDate) -> Entry {
    let known = |art: Art| file.activities.iter().find(|a| a.art == art && a.day == day).map(|a| a.anzahl);
    let times = |art| known(art).map_or(Entry::Nothing, Entry::Times);
    match tick {
        Tick::Search => times(Art::Stellensuchlauf),
        Tick::Employer => times(Art::AgKontakt),
        Tick::Attempt => times(Art::Kontaktversuch),
        Tick::Client => {
            let (personal, phone) = (known(Art::KontaktPersoenlich), known(Art::KontaktTelefonisch));
            let some = |n: Option<u32>| n.is_some_and(|n| n > 0);
            match (some(personal), some(phone)) {
                (false, false) if personal.or(phone).is_some() => Entry::Times(0),
                (false, false) => Entry::Nothing,
                (personal, phone) => Entry::Contact { personal, phone },
            }
        }
    }
}

fn noted(file: &CaseFile, note: Note, standing: Standing, day: NaiveDate) -> Entry {
    let case = &file.case;
    // A watched client has a job: nobody waits for a CV. Whose case has ended needs none either.
    if note.art().is_some() && standing != Standing::Main {
        return Entry::Closed;
    }
    let date = |day: Option<NaiveDate>| day.map_or(Entry::Nothing, Entry::Day);
    match note {
        Note::CvAsked | Note::CvReminded | Note::CvReceived => {
            date(note.art().and_then(|art| file.done(art, day).next_back()).map(|a| a.day))
        }
        Note::Talk => date(case.rueckgabegespraech_am),
        Note::Fazit => date(case.fazit_am),
        Note::End => date(case.ende_am),
        Note::Reason => case.ende_grund.map_or(Entry::Nothing, Entry::Reason),
    }
}

/// `A`, `AE`: how programs name a column, from 0.
pub fn column_letters(mut at: usize) -> String {
    let mut name = String::new();
    loop {
        // 26 letters fit.
        name.insert(0, char::from(b'A' + (at % 26) as u8));
        if at < 26 {
            return name;
        }
        at = at / 26 - 1;
    }
}

/// The reasons as the form offers them.
pub const REASONS: [(&str, EndeGrund); 4] = [
    ("Vermittlung", EndeGrund::Integration),
    ("Rückgabe Frist", EndeGrund::RueckgabeFrist),
    ("Rückgabe Mitwirkung", EndeGrund::RueckgabeMitwirkung),
    ("Rückgabe sonstige", EndeGrund::RueckgabeSonstige),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_entries_have_one_text_each() {
        assert_eq!(Column::all().count(), 27);
        for column in Column::all() {
            assert_eq!(Column::of_id(&column.id()), Some(column));
        }
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let both = [(true, false), (false, true), (true, true)];
        let contacts = both.map(|(personal, phone)| Entry::Contact { personal, phone });
        let reasons = EndeGrund::ALL.iter().map(|reason| Entry::Reason(*reason));
        let plain = [Entry::Nothing, Entry::Closed, Entry::Times(0), Entry::Times(12), Entry::Day(day)];
        for entry in plain.into_iter().chain(contacts).chain(reasons) {
            assert_eq!(Entry::parse(&entry.to_string()), Some(entry));
        }
        for wrong in ["x", "tp", "-1", "4294967296", "2026-02-30", "umgezogen"] {
            assert_eq!(Entry::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_week_has_one_name() {
        assert_eq!(Week::parse("2026-W48").map(|w| w.day(4).to_string()).as_deref(), Some("2026-11-27"));
        for wrong in ["2026-W54", "2026-48", "KW 48", "2026-W7"] {
            assert_eq!(Week::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Week::of(NaiveDate::from_ymd_opt(2027, 1, 1).unwrap()).name(), "2026-W53");
    }
}
