//! What a rule asks for today, with the reason: the words that all of the domain speaks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::facts::{Art, words};

words! {
    /// For whom a step is. `Team` is the team mailbox as a whole, `Tl` the team lead.
    Role {
        /// The Betriebsakquisiteur of the case.
        Bak = "bak",
        /// The case worker (IFK or FM) of the case.
        Ifk = "ifk",
        /// The BAK team.
        Team = "team",
        /// The team lead.
        Tl = "tl",
    }
}

/// A set of [`Role`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Roles(u8);

impl Roles {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// The set of one role.
    pub const fn only(role: Role) -> Self {
        Self(1 << role as u8)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set names the role.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles in alphabetical order, as the oracle lists them.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |r| self.has(*r))
    }

    /// The set as a small number, for the database.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of a number that [`Roles::bits`] gave; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, |set, role| set.and(Self::only(role)))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Role::as_str)).finish()
    }
}

words! {
    /// Where an obligation stands on the day.
    State {
        /// Its day has not come.
        Upcoming = "upcoming",
        /// Its day is today.
        Today = "today",
        /// Its day is over.
        Overdue = "overdue",
        /// Nothing to do: news.
        Info = "info",
        /// A week of search runs that was not met; told once.
        Missed = "missed",
    }
}

/// One step of an obligation: on `day`, `roles` are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The step's name, as `rules.toml` has it.
    pub name: Arc<str>,
    /// The day it is reached.
    pub day: NaiveDate,
    /// Whom it addresses.
    pub roles: Roles,
}

/// What makes an obligation distinct: the ledger's key (RULES.md §5 *Firing*).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The rule's id.
    pub rule: Arc<str>,
    /// A case number, a subsidy number or a team.
    pub subject: String,
    /// What makes this instance distinct from the next.
    pub cycle: String,
}

/// The day or event an obligation counts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anchor {
    /// The start of main care, by the Hauptbetreuer date or (if there is none) the handover.
    Start {
        /// Whether it is the handover that counts.
        by_handover: bool,
    },
    /// An activity.
    Activity(Art),
    /// A date column of the case.
    Column(Column),
    /// The end of a subsidy or placement.
    SubsidyEnd,
    /// The span of a MAG; its day is the last one.
    MagSpan,
    /// An ISO week.
    Week,
    /// The last held event of a team.
    HeldEvent,
    /// The first day of a team.
    TeamBegin,
}

words! {
    /// A date column of a case (RULES.md §1, `betreuungen.csv`).
    Column {
        /// First day of the marker.
        KennungSeit = "kennung_seit",
        /// Day of the handover.
        UebergabeAm = "uebergabe_am",
        /// First day as Hauptbetreuer.
        HauptbetreuerSeit = "hauptbetreuer_seit",
        /// Last day.
        EndeAm = "ende_am",
        /// Day of the talk.
        RueckgabegespraechAm = "rueckgabegespraech_am",
        /// Day of the closing summary.
        FazitAm = "fazit_am",
    }
}

/// How the raw date follows from the anchor's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Formula {
    /// So many days later.
    Days(i64),
    /// So many workdays later.
    Workdays(i32),
    /// Last day of so many months whose first day counts (BGB §187(2), §188(2), (3)).
    PeriodFrom(i32),
    /// So many months before a last day.
    BeforeEnd(i32),
    /// So many calendar months later (BGB §188(3)).
    Months(i32),
    /// The last active workday of the week.
    LastActiveDay,
    /// The middle of a span.
    Middle,
    /// The day itself.
    Same,
}

/// Why the day to act differs from the raw date; the texts name what closed the office („Karfreitag").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shift {
    /// It does not.
    None,
    /// The raw date is no workday: moved to the nearest one before it.
    Back(Cow<'static, str>),
    /// The raw date is no workday: moved to the nearest one after it.
    Forward(Cow<'static, str>),
    /// The date fell into a rest: moved behind it.
    AfterRest(NaiveDate),
    /// A client's deadline: acted on the workday after it has run out; by law it runs out on this Werktag
    /// (SGB X §26(3)).
    AfterDeadline(NaiveDate),
    /// Moved so that it stays workable within a short span.
    WithinSpan,
}

/// What the reader is told about why this is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it counts from.
    pub anchor: Anchor,
    /// The anchor's day.
    pub anchor_day: NaiveDate,
    /// How the raw date follows from it.
    pub formula: Formula,
    /// Why the day to act differs from the raw date.
    pub shift: Shift,
    /// Attempts since the anchor (how many, the last one's day): evidence that ends nothing.
    pub attempts: Option<(u32, NaiveDate)>,
    /// What is done and what is asked for, where a number is asked for.
    pub progress: Option<(u32, u32)>,
}

/// Something to be done (or known), open on the day it was evaluated for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// What makes it distinct.
    pub key: Key,
    /// The case it belongs to; none for a team's.
    pub fallnr: Option<String>,
    /// The day by the letter of the rule.
    pub raw: NaiveDate,
    /// The day to act.
    pub action: NaiveDate,
    /// Where it stands.
    pub state: State,
    /// All its steps in the order of the rule; at least one is reached unless it only lies ahead.
    pub steps: Vec<Step>,
    /// Index of the step in force: the latest reached, of several on one day the last listed.
    pub in_force: usize,
    /// The agreed appointment that holds notices back (RULES.md §3 *Appointments*).
    pub appointment: Option<NaiveDate>,
    /// Why.
    pub reason: Reason,
}

impl Obligation {
    /// The step in force.
    pub fn step(&self) -> &Step {
        &self.steps[self.in_force]
    }

    /// The steps reached by `t`.
    pub fn reached(&self, t: NaiveDate) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |s| s.day <= t)
    }

    /// The roles it belongs to: those of all its reached steps (RULES.md §5).
    pub fn belongs_to(&self, t: NaiveDate) -> Roles {
        self.reached(t).fold(Roles::NONE, |set, s| set.and(s.roles))
    }

    /// Whether some step's day is `t`.
    pub fn fires_on(&self, t: NaiveDate) -> bool {
        self.steps.iter().any(|s| s.day == t)
    }

    /// The day of the next step after `t`.
    pub fn next_step_day(&self, t: NaiveDate) -> Option<NaiveDate> {
        self.steps.iter().map(|s| s.day).filter(|d| *d > t).min()
    }
}

/// Index of the step in force on `t` among `steps`: the latest reached, on equal days the last listed.
pub fn in_force(steps: &[Step], t: NaiveDate) -> Option<usize> {
    steps.iter().enumerate().filter(|(_, s)| s.day <= t).max_by_key(|(i, s)| (s.day, *i)).map(|(i, _)| i)
}

/// Why a rule asks for nothing of a subject today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// Switched off for the team.
    Off,
    /// The team's delivery never held what ends this rule (RULES.md §3 *Evidence*).
    NoEvidence,
    /// The case rests, until the given day or without end.
    Resting(Option<NaiveDate>),
    /// The case is not in the state the rule is about.
    NotApplicable(NotApplicable),
    /// What the rule asks for is done: by what, and on which day.
    Done(Evidence, Option<NaiveDate>),
    /// Time ran out on the given day.
    Over(NaiveDate),
    /// An agreed event or plan covers it.
    Planned(NaiveDate),
}

words! {
    /// The state a case is not in.
    NotApplicable {
        /// Main care does not run.
        NoMainCare = "no_main_care",
        /// Main care has not ended (or not for the reasons the rule is about).
        NotEnded = "not_ended",
        /// No proposal waits for an answer.
        NoProposal = "no_proposal",
        /// The case is not on the watch list.
        NotWatched = "not_watched",
        /// Nothing of that kind was recorded.
        NothingRecorded = "nothing_recorded",
        /// No subsidy of that kind runs.
        NoSubsidy = "no_subsidy",
        /// The first labour market is out of reach.
        NoPotential = "no_potential",
        /// Handled by another rule of the same chain.
        OtherStep = "other_step",
        /// Not needed for this span.
        NotNeeded = "not_needed",
    }
}

/// What ended an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// An activity.
    Activity(Art),
    /// A date column of the case.
    Column(Column),
    /// The marker of the case.
    Kennung,
    /// A later subsidy.
    LaterSubsidy,
    /// A held event.
    Event,
}

impl Evidence {
    /// The activity's or column's name, or the other word, as the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activity(art) => art.as_str(),
            Self::Column(column) => column.as_str(),
            Self::Kennung => "kennung",
            Self::LaterSubsidy => "foerderung",
            Self::Event => "veranstaltung",
        }
    }
}

/// How an obligation ended (RULES.md §5 *Ended how*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// What it asked for was recorded: by what, dated when.
    Fulfilled(Evidence, Option<NaiveDate>),
    /// Time ran out undone; the last day it was shown.
    Lapsed(NaiveDate),
    /// The case rests.
    Resting,
    /// Case, Kennung or rule no longer applies.
    Moot,
    /// The record it rested on was taken back or corrected.
    Withdrawn,
}

impl Ended {
    /// The word the database keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fulfilled(..) => "fulfilled",
            Self::Lapsed(_) => "lapsed",
            Self::Resting => "resting",
            Self::Moot => "moot",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a rule says about one subject on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Shown today.
    Due(Obligation),
    /// Its first step lies ahead; only asked for by `explain`.
    Ahead(Obligation),
    /// A case counts for the week's search runs: whether their number is reached.
    Tally {
        /// The rule's id.
        rule: Arc<str>,
        /// Whether the number is reached.
        complete: bool,
    },
    /// Nothing, and why; only asked for by `explain`.
    Silent {
        /// The rule's id.
        rule: Arc<str>,
        /// A case number, a subsidy number or a team.
        subject: String,
        /// Why.
        why: Silence,
    },
}
