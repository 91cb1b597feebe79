//! The rules: their parameters as data, and one file per kind that evaluates them.
//!
//! Two kinds are generic and open to a team's own rules: [`Cadence`] and [`Deadline`]. The others are named variants,
//! each with its numbers. What stands here is already checked; the reading of `rules.toml` is `config`'s.

mod cadence;
mod cv;
mod deadline;
mod draft;
mod event;
mod mag;
mod search_runs;
mod subsidies;
mod watch_end;

use std::sync::Arc;

use chrono::NaiveDate;

use super::calendar::Calendar;
use super::facts::{Art, Case, CaseFile, EndeGrund, Event, FoerderArt, TerminArt};
use super::obligation::{Column, Ended, Finding, Key, NotApplicable, Role, Roles, Silence};

pub use cadence::Cadence;
pub use cv::{Cv, CvStage};
pub use deadline::{AnchorOf, Arithmetic, Deadline, Offset, Roll, ShownUntil, Window};
pub use event::EventRule;
pub use mag::Mag;
pub use search_runs::SearchRuns;
pub use subsidies::{MissingKennung, Visit};
pub use watch_end::WatchEnd;

/// The words of a rule, as `rules.toml` has them (German).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Short name as a row shows it: „AG-Kontakt".
    pub title: String,
    /// What to do: „Kontakt mit einem Arbeitgeber für diesen Kunden".
    pub task: String,
    /// What ends it, truthfully: „Endet, sobald …".
    pub ends: String,
    /// The paragraph of the BAK-Konzept: „§7".
    pub paragraph: String,
}

/// How a rule's obligations show up for the team lead (DOMAIN.md *Privacy and co-determination*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadSees {
    /// Not at all.
    Nothing,
    /// Overdue cases by number: what cannot wait.
    Cases,
    /// Overdue ones as part of one number for the team.
    Contacts,
}

/// One rule with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id in `rules.toml`, in the ledger and in every answer.
    pub id: Arc<str>,
    /// Where its words are found: its id, or a key of the team's own where the team words it differently.
    pub words: Arc<str>,
    /// Its words.
    pub wording: Wording,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Where it stands among several tasks of a case: the smaller number leads.
    pub rank: u32,
    /// What a team's delivery must have held once before the rule speaks (RULES.md §3 *Evidence*); empty: nothing.
    pub evidence: Vec<Supply>,
    /// Whether it waits for activities, so that stale data holds its steps for ifk and tl (RULES.md §5 *Data*).
    pub waits_for_activities: bool,
    /// Whether an IFK is reminded of it weekly once it is overdue (RULES.md §5 *Reminder*).
    pub reminds: bool,
    /// What the lead sees of it.
    pub lead_sees: LeadSees,
    /// Its kind and numbers.
    pub kind: Kind,
}

/// What kind a rule is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// At least every N days.
    Cadence(Cadence),
    /// By a day.
    Deadline(Deadline),
    /// So many search runs a week.
    SearchRuns(SearchRuns),
    /// One stage of the CV chain.
    Cv(Cv),
    /// The visit before a 16e/16i subsidy ends.
    Visit(Visit),
    /// The marker after that visit.
    MissingKennung(MissingKennung),
    /// The end of the watch.
    WatchEnd(WatchEnd),
    /// The follow-up of a MAG.
    Mag(Mag),
    /// The quarterly event of a team.
    Event(EventRule),
}

/// Which cases a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Main care runs.
    MainCare,
    /// Main care has ended.
    Ended,
    /// The case is on the watch list.
    WatchList,
    /// The client is proposed and nobody has answered.
    Proposed,
    /// Every case.
    Always,
}

impl Scope {
    /// Whether the case has lost the Kennung that the scope rests on.
    fn lacks_kennung(self, case: &Case, t: NaiveDate) -> bool {
        match self {
            Self::WatchList => !case.marked_on(t),
            Self::Proposed => !case.kennung.is_some_and(super::facts::Kennung::is_proposal),
            Self::MainCare | Self::Ended | Self::Always => false,
        }
    }

    /// Why the case is out of scope on `t`, or `None` if it is in. `grund` narrows [`Scope::Ended`]; empty: any.
    fn excludes(self, case: &Case, grund: &[EndeGrund], t: NaiveDate) -> Option<NotApplicable> {
        let applies = match self {
            Self::MainCare => case.in_main_care(t),
            Self::Ended => {
                case.ended_by(t).is_some() && (grund.is_empty() || case.ende_grund.is_some_and(|g| grund.contains(&g)))
            }
            Self::WatchList => case.watched_on(t),
            Self::Proposed => {
                case.kennung.is_some_and(super::facts::Kennung::is_proposal)
                    && case.kennung_seit.is_some_and(|since| since <= t)
                    && case.uebergabe_am.is_none()
                    && case.hauptbetreuer_seit.is_none()
                    && case.ende_am.is_none_or(|end| end > t)
            }
            Self::Always => true,
        };
        if applies {
            return None;
        }
        Some(match self {
            Self::MainCare => NotApplicable::NoMainCare,
            Self::Ended => NotApplicable::NotEnded,
            Self::WatchList => NotApplicable::NotWatched,
            Self::Proposed | Self::Always => NotApplicable::NoProposal,
        })
    }
}

/// Something a delivery can hold that ends a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// An activity.
    Activity(Art),
    /// A value of a date column.
    Column(Column),
}

/// What a team's delivery has ever held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supplied(u32);

impl Supplied {
    const fn bit(supply: Supply) -> u32 {
        match supply {
            Supply::Activity(art) => 1 << art as u32,
            Supply::Column(column) => 1 << (16 + column as u32),
        }
    }

    /// Notes that the delivery held it.
    pub fn add(&mut self, supply: Supply) {
        self.0 |= Self::bit(supply);
    }

    /// Whether it was ever held.
    pub const fn has(self, supply: Supply) -> bool {
        self.0 & Self::bit(supply) != 0
    }
}

/// When a step is due, relative to the day to act or to the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// wd(action, n); 0 is the day to act itself.
    Workdays(i32),
    /// back(action − n days).
    DaysBefore(i64),
    /// fwd(anchor + n days).
    AnchorDays(i64),
    /// wd(anchor, n).
    AnchorWorkdays(i32),
    /// back(before(anchor, n)): n months before the anchor as a last day.
    MonthsBeforeEnd(i32),
}

/// A step of a rule: its name, its day, its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlan {
    /// The step's name.
    pub name: Arc<str>,
    /// Its day.
    pub at: At,
    /// Whom it addresses.
    pub roles: Roles,
}

impl StepPlan {
    fn day(&self, cal: &Calendar, action: NaiveDate, anchor: NaiveDate) -> NaiveDate {
        use super::calendar::before;
        match self.at {
            At::Workdays(n) => cal.wd(action, n),
            At::DaysBefore(n) => cal.back(draft::plus(action, -n)),
            At::AnchorDays(n) => cal.fwd(draft::plus(anchor, n)),
            At::AnchorWorkdays(n) => cal.wd(anchor, n),
            At::MonthsBeforeEnd(n) => cal.back(before(anchor, n)),
        }
    }
}

/// An appointment that holds a rule's notices back: its kind; it counts up to wd(action, 10), or the subsidy's end.
pub type HeldBy = Option<TerminArt>;

/// What a rule sees of a case on a day.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The calendar of the case's team.
    pub cal: &'a Calendar,
    /// The day.
    pub t: NaiveDate,
    /// The case.
    pub file: &'a CaseFile,
    /// Whether to say why nothing is due, too.
    pub explain: bool,
}

/// What a rule sees of a team on a day.
#[derive(Debug, Clone, Copy)]
pub struct TeamView<'a> {
    /// The team's calendar.
    pub cal: &'a Calendar,
    /// The day.
    pub t: NaiveDate,
    /// The team's key.
    pub team: &'a str,
    /// Its first day.
    pub beginn: Option<NaiveDate>,
    /// Its events.
    pub events: &'a [Event],
    /// Whether to say why nothing is due, too.
    pub explain: bool,
}

impl Rule {
    /// Whether the team's delivery ever held what ends this rule.
    pub fn is_watched(&self, supplied: Supplied) -> bool {
        self.evidence.is_empty() || self.evidence.iter().any(|e| supplied.has(*e))
    }

    /// Whether the rule is about teams, not cases.
    pub const fn is_for_teams(&self) -> bool {
        matches!(self.kind, Kind::Event(_))
    }

    /// Whether the rule is about handing a client back by a talk (§6).
    pub fn is_return(&self) -> bool {
        let held_by = match &self.kind {
            Kind::Deadline(p) => p.held_by,
            Kind::Cv(p) => p.held_by,
            _ => None,
        };
        held_by == Some(TerminArt::Rueckgabegespraech)
    }

    /// Whether the lead would learn of single contacts or search runs by it.
    pub fn tells_lead_of_contacts(&self) -> bool {
        let roles = match &self.kind {
            Kind::Cadence(p) => p.steps.iter().fold(Roles::NONE, |set, s| set.and(s.roles)),
            Kind::SearchRuns(p) => p.hint.1.and(p.due.1).and(p.late.1),
            _ => return false,
        };
        roles.has(Role::Tl) || self.lead_sees == LeadSees::Cases
    }

    /// What the rule says about a case; appended to `out`.
    pub fn evaluate(&self, view: &View<'_>, supplied: Supplied, out: &mut Vec<Finding>) {
        if !self.enabled {
            return draft::silent(self, view.explain, &view.file.case.fallnr, || Silence::Off, out);
        }
        if !self.is_watched(supplied) {
            return draft::silent(self, view.explain, &view.file.case.fallnr, || Silence::NoEvidence, out);
        }
        match &self.kind {
            Kind::Cadence(p) => p.evaluate(self, view, out),
            Kind::Deadline(p) => p.evaluate(self, view, out),
            Kind::SearchRuns(p) => p.evaluate(self, view, out),
            Kind::Cv(p) => p.evaluate(self, view, out),
            Kind::Visit(p) => p.evaluate(self, view, out),
            Kind::MissingKennung(p) => p.evaluate(self, view, out),
            Kind::WatchEnd(p) => p.evaluate(self, view, out),
            Kind::Mag(p) => p.evaluate(self, view, out),
            Kind::Event(_) => {}
        }
    }

    /// What the rule says about a team; appended to `out`.
    pub fn evaluate_team(&self, view: &TeamView<'_>, out: &mut Vec<Finding>) {
        if let Kind::Event(p) = &self.kind {
            if self.enabled {
                p.evaluate(self, view, out);
            } else {
                draft::silent(self, view.explain, view.team, || Silence::Off, out);
            }
        }
    }

    /// The weeks that a run on a skipped workday (`view.t`) would have told as missed (RULES.md §5 *Gap*).
    pub fn missed_on(&self, view: &View<'_>, supplied: Supplied, out: &mut Vec<Finding>) {
        if let Kind::SearchRuns(p) = &self.kind
            && self.enabled
            && self.is_watched(supplied)
        {
            p.missed_on(self, view, out);
        }
    }

    /// How an obligation of this rule ended that is no longer open (RULES.md §5 *Ended how*).
    pub fn ended(&self, view: &View<'_>, supplied: Supplied, key: &Key) -> Ended {
        if !self.enabled {
            return Ended::Moot;
        }
        if !self.is_watched(supplied) {
            return Ended::Withdrawn;
        }
        match &self.kind {
            Kind::Cadence(p) => p.ended(view, key),
            Kind::Deadline(p) => p.ended(view, key),
            Kind::SearchRuns(p) => p.ended(view, key),
            Kind::Cv(p) => p.ended(view, key),
            Kind::Visit(p) => p.ended(view, key),
            Kind::MissingKennung(p) => p.ended(view, key),
            Kind::WatchEnd(p) => p.ended(view, key),
            Kind::Mag(p) => p.ended(view, key),
            Kind::Event(_) => Ended::Moot,
        }
    }

    /// How a team's obligation of this rule ended that is no longer open.
    pub fn ended_team(&self, view: &TeamView<'_>, key: &Key) -> Ended {
        match &self.kind {
            Kind::Event(p) if self.enabled => p.ended(view, key),
            _ => Ended::Moot,
        }
    }
}

/// The date of a cycle that is a day.
fn cycle_day(key: &Key) -> Option<NaiveDate> {
    key.cycle.parse().ok()
}

/// The value of a date column.
pub fn column(case: &Case, column: Column) -> Option<NaiveDate> {
    match column {
        Column::KennungSeit => case.kennung_seit,
        Column::UebergabeAm => case.uebergabe_am,
        Column::HauptbetreuerSeit => case.hauptbetreuer_seit,
        Column::EndeAm => case.ende_am,
        Column::RueckgabegespraechAm => case.rueckgabegespraech_am,
        Column::FazitAm => case.fazit_am,
    }
}

/// Whether a subsidy is one of §16e or §16i.
const fn is_16(art: FoerderArt) -> bool {
    matches!(art, FoerderArt::P16e | FoerderArt::P16i)
}
