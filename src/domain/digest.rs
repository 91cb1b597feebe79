//! Notices gathered into one mail per recipient, still without words.
//!
//! What stands here is complete and ordered; `mail` turns it into German. A digest holds case numbers and initials of
//! the recipient's own cases only.

pub mod gather;
pub mod lines;
pub mod week;

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::facts::{TerminArt, words};
use super::obligation::{Reason, Role, State};
use super::run::Freshness;
use super::wochenliste::Form;

words! {
    /// The kinds of mail (RULES.md §5), in the order in which a morning writes them.
    Kind {
        /// All that is open for a team, to the team mailbox.
        Tagesuebersicht = "tagesuebersicht",
        /// A BAK's own part of it.
        Persoenlich = "persoenlich",
        /// To a case worker, about their own cases.
        Mitteilung = "mitteilung",
        /// To the team lead: what cannot wait.
        Eskalation = "eskalation",
        /// To the team lead, once a week.
        Wochenbericht = "wochenbericht",
        /// To a BAK, once a week: the form of their cases, to be filled in.
        Wochenliste = "wochenliste",
        /// To the administrator: what kept the service from doing its work.
        Admin = "admin",
        /// To whoever puts lists into the watched folder: what became of them.
        Eingang = "eingang",
    }
}

/// Whether an item is news to this recipient today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum News {
    /// A step of it fires today.
    New,
    /// It fires because the case has a new BAK or IFK („übernommen").
    TakenOver,
    /// It was told before.
    Known,
}

/// One obligation as one recipient sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The rule's id.
    pub rule: Arc<str>,
    /// Where its words are: [`crate::domain::rules::Rule::words`].
    pub words: Arc<str>,
    /// A case number, a subsidy number or a team.
    pub subject: String,
    /// What makes this instance distinct.
    pub cycle: String,
    /// The case; empty for a team's obligation.
    pub fallnr: String,
    /// The client's initials, if the list has any.
    pub bezeichnung: String,
    /// The day by the letter of the rule.
    pub raw: NaiveDate,
    /// The day to act.
    pub action: NaiveDate,
    /// Where it stands.
    pub state: State,
    /// Name of the step in force.
    pub step: String,
    /// Whether it is news.
    pub news: News,
    /// Workdays since the day to act (negative: until then).
    pub workdays: i64,
    /// The agreed appointment that holds notices back.
    pub appointment: Option<NaiveDate>,
    /// Why it is due.
    pub reason: Reason,
    /// Where it is about a return: what of it is recorded.
    pub handback: Option<Handback>,
}

/// What of a return is recorded by the day of the mail: the boxes that are ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handback {
    /// The talk (`rueckgabegespraech_am`).
    pub talk: bool,
    /// The closing summary (`fazit_am`).
    pub fazit: bool,
    /// The end of main care (`ende_am`).
    pub ended: bool,
}

/// A mail before it has words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Which kind.
    pub kind: Kind,
    /// The office it comes from; empty is the one office.
    pub office: String,
    /// The day it is for.
    pub day: NaiveDate,
    /// The one recipient's address.
    pub to: String,
    /// How fresh the data of the teams in it is.
    pub data: Vec<Datenstand>,
    /// What it says.
    pub content: Content,
}

/// How fresh a team's data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datenstand {
    /// The team's key.
    pub key: String,
    /// The team's name.
    pub team: String,
    /// Its last import or record, and how long ago that is on the day of the mail.
    pub fresh: Freshness,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A tagesuebersicht or persoenlich: the day of one or more teams (only the recipient's own part, if persoenlich).
    Day(Vec<TeamDay>),
    /// A mitteilung: one part per case worker (more than one where the reader stands in for a colleague).
    Notice(Vec<NoticePart>),
    /// An eskalation, per team.
    Escalation(Vec<TeamEscalation>),
    /// A wochenbericht, per team.
    Week(Vec<TeamWeek>),
    /// A wochenliste: the forms of one BAK or more (where the reader stands in for a colleague).
    Forms(Vec<Form>),
    /// Problems for the administrator, as finished German sentences without anybody's data beyond case numbers.
    Admin(Vec<String>),
    /// To the administrator as well, in such sentences: there was no morning.
    Missed(Vec<String>),
    /// What became of files that were put into the watched folder.
    Receipt(Receipt),
}

/// What became of files that were put into the watched folder: counts, names of files, lines and columns, no values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Files that were taken over, wholly or but for some rows.
    pub taken: u64,
    /// Files of which nothing was.
    pub rejected: u64,
    /// Rows that were refused, of the files that were taken over.
    pub rows: u64,
    /// What is to be said, as finished German sentences.
    pub sentences: Vec<String>,
}

/// A colleague as a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The kuerzel; none is „ohne Zuordnung".
    pub kuerzel: Option<String>,
    /// The name, if the colleague is known.
    pub name: Option<String>,
    /// Whether the reader gets this in the colleague's stead („in Vertretung für").
    pub in_stead: bool,
}

/// One team's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamDay {
    /// The team's name.
    pub team: String,
    /// What the team as a whole has to do.
    pub team_items: Vec<Item>,
    /// Per BAK, in order of kuerzel, „ohne Zuordnung" last.
    pub baks: Vec<BakDay>,
    /// Where the words are of rules that nobody is watching, for want of evidence; on the first run of a week only.
    pub unwatched: Vec<Arc<str>>,
    /// Running cases that are gone from a list that is complete: ended, and why?
    pub vanished: Vec<String>,
}

/// One BAK's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BakDay {
    /// Whose.
    pub who: Holder,
    /// Today's appointments.
    pub appointments: Vec<AppointmentLine>,
    /// Heute und neu überfällig: what fires today, is due today, or has been open for up to ten workdays.
    pub now: Vec<CaseRow>,
    /// Diese Woche and ahead: what is not yet due.
    pub ahead: Vec<CaseRow>,
    /// Länger offen: more than ten workdays over, nothing firing today and nothing to come; shown as numbers.
    pub long: Vec<CaseRow>,
    /// The search runs of this week.
    pub search: Option<SearchWeek>,
    /// Weeks that were not met, to be entered later.
    pub missed: Vec<MissedWeek>,
    /// How many obligations were fulfilled since the last run („erledigt").
    pub done: u32,
    /// What ran out undone, told once.
    pub lapsed: Vec<Lapsed>,
}

impl BakDay {
    /// Whether it holds an obligation, and is not only counts and appointments.
    pub fn has_items(&self) -> bool {
        let rows = [&self.now, &self.ahead, &self.long].iter().any(|rows| !rows.is_empty());
        rows || !self.missed.is_empty() || self.search.as_ref().is_some_and(|s| !s.open.is_empty())
    }
}

/// All that is open for one case (but search runs), the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub fallnr: String,
    /// The client's initials.
    pub bezeichnung: String,
    /// Never empty.
    pub items: Vec<Item>,
}

/// An appointment of today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppointmentLine {
    /// When.
    pub uhrzeit: Option<NaiveTime>,
    /// The case.
    pub fallnr: String,
    /// The client's initials.
    pub bezeichnung: String,
    /// What for.
    pub art: TerminArt,
    /// Where.
    pub ort: String,
}

/// The search runs of the current week of one BAK's clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWeek {
    /// `2026-W48`.
    pub week: String,
    /// Clients for whom the number is reached.
    pub complete: u32,
    /// Those still open and already shown (the items carry `reason.progress`).
    pub open: Vec<Item>,
    /// Clients with an obligation this week in all (complete, shown, and not yet shown).
    pub of: u32,
}

/// A past week in which search runs are missing; perhaps made and not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedWeek {
    /// `2026-W47`.
    pub week: String,
    /// One per case.
    pub items: Vec<Item>,
}

/// Something that ran out undone („abgelaufen, nicht erledigt").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapsed {
    /// The rule's id.
    pub rule: Arc<str>,
    /// Where its words are.
    pub words: Arc<str>,
    /// A case number, a subsidy number or a team.
    pub subject: String,
    /// The case; empty for a team's.
    pub fallnr: String,
    /// Which instance.
    pub cycle: String,
    /// The day it was to be done.
    pub action: NaiveDate,
}

/// One case worker's part of a mitteilung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticePart {
    /// Whose cases; `kuerzel` none: cases whose list names no known IFK.
    pub who: Holder,
    /// „Stand zum Start": the first notice of all.
    pub start: bool,
    /// Sent as a weekly reminder only: nothing fires.
    pub reminder: bool,
    /// All that belongs to them; new ones first, then by day to act.
    pub items: Vec<Item>,
    /// What ran out undone.
    pub lapsed: Vec<Lapsed>,
}

/// What cannot wait, of one team: case numbers, no names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamEscalation {
    /// The team's name.
    pub team: String,
    /// The lead for whom the reader stands in.
    pub in_stead_for: Option<Holder>,
    /// What fires.
    pub items: Vec<Item>,
    /// What ran out undone.
    pub lapsed: Vec<Lapsed>,
    /// Whose main care has grown past what was agreed, or past what there is at most.
    pub grown: Vec<Grown>,
}

/// A BAK's main care has grown past a size since the last run (BAK-Konzept §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grown {
    /// Whose.
    pub kuerzel: String,
    /// The name, if the colleague is known.
    pub name: Option<String>,
    /// Main care running.
    pub open: u32,
    /// The size.
    pub size: u32,
    /// Whether it is the one that the team has agreed on, below what there is at most.
    pub agreed: bool,
}

/// A team's week for its lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamWeek {
    /// The team's name.
    pub team: String,
    /// The lead for whom the reader stands in.
    pub in_stead_for: Option<Holder>,
    /// `2026-W48`.
    pub week: String,
    /// Places to begin with and at most, per BAK (BAK-Konzept §5: 20 and 50).
    pub places: (u32, u32),
    /// Places per BAK that the team has agreed on.
    pub agreed: Option<u32>,
    /// Load per BAK, in order of kuerzel.
    pub load: Vec<Load>,
    /// Running cases without a BAK: counted for nobody.
    pub unassigned: u32,
    /// Running cases of the team in all, and a week ago if that is known.
    pub open: (u32, Option<u32>),
    /// Entries a week that the rules ask for this load.
    pub entries: u32,
    /// Cases that came into main care in the week before, that left it, and of these with a placement.
    pub flow: (u32, u32, u32),
    /// Cases whose six months end in this week and the next ones: the week's Monday, how many.
    pub returns: Vec<(NaiveDate, u32)>,
    /// What the team as a whole has to do: the quarterly event.
    pub team_items: Vec<Item>,
    /// Cases whose six months end within 28 days: last day by the letter, case number.
    pub ending: Vec<(NaiveDate, String)>,
    /// Overdue cases of the three things that cannot wait (return, 16e/16i visit, EGZ at risk).
    pub overdue: Vec<Item>,
    /// What ran out undone and was not told in an eskalation.
    pub lapsed: Vec<Lapsed>,
    /// Overdue contacts (client and employer) of the team as one number; none while its data is stale, as nobody knows
    /// which of them were made since.
    pub contacts_overdue: Option<u32>,
    /// Where the words are of rules that nobody is watching, for want of evidence.
    pub unwatched: Vec<Arc<str>>,
}

/// One BAK's main care (RULES.md §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Whose.
    pub kuerzel: String,
    /// The name, if the colleague is known.
    pub name: Option<String>,
    /// Main care running.
    pub open: u32,
    /// A week ago, if that is known.
    pub before: Option<u32>,
    /// Of these, six months over within 28 days.
    pub ends_within_28_days: u32,
    /// Places left of those agreed, or else of those there are at most; none if they are all taken.
    pub room: Option<u32>,
    /// Whether what is agreed, or else the limit, is passed.
    pub over: bool,
}

impl Digest {
    /// Every obligation that the mail holds, with the role it is told to.
    pub fn items(&self) -> Vec<(Role, &Item)> {
        match &self.content {
            Content::Day(teams) => {
                let of_team = teams.iter().flat_map(|t| &t.team_items).map(|i| (Role::Team, i));
                let baks = teams.iter().flat_map(|t| &t.baks).flat_map(|bak| {
                    let rows = bak.now.iter().chain(&bak.ahead).chain(&bak.long).flat_map(|row| &row.items);
                    let search = bak.search.iter().flat_map(|s| &s.open);
                    rows.chain(search).chain(bak.missed.iter().flat_map(|m| &m.items)).map(|i| (Role::Bak, i))
                });
                of_team.chain(baks).collect()
            }
            Content::Notice(parts) => parts.iter().flat_map(|p| &p.items).map(|i| (Role::Ifk, i)).collect(),
            Content::Escalation(teams) => teams.iter().flat_map(|t| &t.items).map(|i| (Role::Tl, i)).collect(),
            Content::Week(_) | Content::Forms(_) | Content::Admin(_) | Content::Missed(_) | Content::Receipt(_) => {
                Vec::new()
            }
        }
    }

    /// Whether it says something that no later mail says again: a missed week, something that ran out. Such a mail is
    /// not replaced by the next one.
    pub fn tells_once(&self) -> bool {
        match &self.content {
            Content::Day(teams) => {
                teams.iter().flat_map(|t| &t.baks).any(|bak| !bak.missed.is_empty() || !bak.lapsed.is_empty())
            }
            _ => true,
        }
    }

    /// What ran out and the mail tells to a case worker or lead (what is a BAK's is told on the day it ended).
    pub fn lapses(&self) -> Vec<(Role, &Lapsed)> {
        match &self.content {
            Content::Notice(parts) => parts.iter().flat_map(|p| &p.lapsed).map(|l| (Role::Ifk, l)).collect(),
            Content::Escalation(teams) => teams.iter().flat_map(|t| &t.lapsed).map(|l| (Role::Tl, l)).collect(),
            Content::Week(teams) => teams.iter().flat_map(|t| &t.lapsed).map(|l| (Role::Tl, l)).collect(),
            Content::Day(_) | Content::Forms(_) | Content::Admin(_) | Content::Missed(_) | Content::Receipt(_) => {
                Vec::new()
            }
        }
    }
}
