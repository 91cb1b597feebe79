//! By a day: an offset from a date or an activity, ended by a date or an activity.

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, appointment, plus, reason, rolled, silent};
use super::{HeldBy, Rule, Scope, StepPlan, View, column, cycle_day};
use crate::domain::calendar::{add_months, before, end_begin};
use crate::domain::facts::{Art, EndeGrund, FoerderArt};
use crate::domain::obligation::{
    Anchor, Column, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence,
};

/// What a deadline counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorOf {
    /// The start of main care.
    Start,
    /// A date column; a date after today has not happened yet.
    Column(Column),
    /// The last activity of a kind.
    LastActivity(Art),
}

/// How months are counted (RULES.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// The last day of a period whose first day is the anchor: end_begin.
    PeriodFrom,
    /// So many months before the anchor as a last day: before.
    BeforeEnd,
    /// The same day of a later month: add_months.
    Calendar,
}

/// How far the deadline is from its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// Calendar days.
    Days(i64),
    /// Workdays.
    Workdays(i32),
    /// Months.
    Months(i32, Arithmetic),
}

/// How a raw date that is no workday becomes a day to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roll {
    /// To the workday before: what we must do at the latest.
    Back,
    /// To the workday after.
    Forward,
}

/// From when an activity ends the obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// From the anchor's day on.
    SinceAnchor,
    /// Not earlier than so many days before the raw date.
    DaysBeforeDue(i64),
}

/// The last day on which the obligation is shown; then it has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownUntil {
    /// So many workdays after the anchor.
    AnchorWorkdays(i32),
    /// The last end of the case's subsidies of a kind that reaches the anchor, if there is one.
    SubsidyEnd(FoerderArt),
}

/// One deadline per anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// Which cases.
    pub scope: Scope,
    /// Narrows [`Scope::Ended`]; empty: any reason.
    pub grund: Vec<EndeGrund>,
    /// What it counts from.
    pub anchor: AnchorOf,
    /// How far.
    pub offset: Offset,
    /// Where a date that is no workday goes.
    pub roll: Roll,
    /// Any of these columns, dated by today, ends it.
    pub met_by_columns: Vec<Column>,
    /// Any of these activities inside the window ends it.
    pub met_by_arten: Vec<Art>,
    /// The window.
    pub window: Window,
    /// When it runs out.
    pub shown_until: Option<ShownUntil>,
    /// News, nothing to do.
    pub info: bool,
    /// Silent while the case rests.
    pub silent_in_rest: bool,
    /// The appointment that holds notices back, up to wd(action, 10).
    pub held_by: HeldBy,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// Workdays past the day to act up to which an appointment holds notices back (RULES.md §3 *Appointments*).
pub(super) const HELD_WORKDAYS: i32 = 10;

impl Deadline {
    const fn counts_back(&self) -> bool {
        matches!(self.offset, Offset::Months(_, Arithmetic::BeforeEnd))
    }

    fn anchor_day(&self, view: &View<'_>) -> Option<NaiveDate> {
        match self.anchor {
            AnchorOf::Start => view.file.case.start(),
            // What counts backwards from an end must know it before it comes.
            AnchorOf::Column(c) if self.counts_back() => column(&view.file.case, c),
            AnchorOf::Column(c) => column(&view.file.case, c).filter(|d| *d <= view.t),
            AnchorOf::LastActivity(art) => view.file.done(art, view.t).next_back().map(|a| a.day),
        }
    }

    fn raw(&self, view: &View<'_>, anchor: NaiveDate) -> NaiveDate {
        match self.offset {
            Offset::Days(n) => plus(anchor, n),
            Offset::Workdays(n) => view.cal.wd(anchor, n),
            Offset::Months(n, Arithmetic::PeriodFrom) => end_begin(anchor, n),
            Offset::Months(n, Arithmetic::BeforeEnd) => before(anchor, n),
            Offset::Months(n, Arithmetic::Calendar) => add_months(anchor, n),
        }
    }

    const fn formula(&self) -> Formula {
        match self.offset {
            Offset::Days(0) => Formula::Same,
            Offset::Days(n) => Formula::Days(n),
            Offset::Workdays(n) => Formula::Workdays(n),
            Offset::Months(n, Arithmetic::PeriodFrom) => Formula::PeriodFrom(n),
            Offset::Months(n, Arithmetic::BeforeEnd) => Formula::BeforeEnd(n),
            Offset::Months(n, Arithmetic::Calendar) => Formula::Months(n),
        }
    }

    /// What has ended an instance with this anchor, if anything has by today.
    fn met(&self, view: &View<'_>, anchor: NaiveDate) -> Option<(Evidence, NaiveDate)> {
        let by_column = self
            .met_by_columns
            .iter()
            .find_map(|c| column(&view.file.case, *c).filter(|d| *d <= view.t).map(|d| (Evidence::Column(*c), d)));
        by_column.or_else(|| {
            let from = match self.window {
                Window::SinceAnchor => anchor,
                Window::DaysBeforeDue(n) => plus(self.raw(view, anchor), -n),
            };
            let done = self.met_by_arten.iter().flat_map(|art| view.file.done(*art, view.t));
            done.filter(|a| a.day >= from).map(|a| (Evidence::Activity(a.art), a.day)).min_by_key(|(_, d)| *d)
        })
    }

    fn shown_until(&self, view: &View<'_>, anchor: NaiveDate) -> Option<NaiveDate> {
        match self.shown_until? {
            ShownUntil::AnchorWorkdays(n) => Some(view.cal.wd(anchor, n)),
            ShownUntil::SubsidyEnd(art) => {
                let subsidies = view.file.subsidies.iter().filter(|s| s.art == art);
                subsidies.filter_map(|s| s.ende).filter(|end| *end >= anchor).max()
            }
        }
    }

    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let case = &view.file.case;
        let quiet = |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &case.fallnr, || why, out);
        if let Some(why) = self.scope.excludes(case, &self.grund, view.t) {
            return quiet(Silence::NotApplicable(why), out);
        }
        if let Some(rest) = view.file.rests.iter().find(|r| self.silent_in_rest && r.covers(view.t)) {
            return quiet(Silence::Resting(rest.bis), out);
        }
        let Some(anchor) = self.anchor_day(view) else {
            return quiet(Silence::NotApplicable(NotApplicable::NothingRecorded), out);
        };
        if let Some((by, day)) = self.met(view, anchor) {
            return quiet(Silence::Done(by, Some(day)), out);
        }
        let raw = self.raw(view, anchor);
        let action = match self.roll {
            Roll::Back => view.cal.back(raw),
            Roll::Forward => view.cal.fwd(raw),
        };
        let draft = Draft {
            anchor,
            shown_until: self.shown_until(view, anchor),
            info: self.info,
            ..Draft::of_case(rule, view, Cycle::Day(anchor), raw, action)
        };
        draft.propose(
            &self.steps,
            || self.held_by.and_then(|art| appointment(view, art, view.cal.wd(action, HELD_WORKDAYS))),
            || {
                let from = match self.anchor {
                    AnchorOf::Start => Anchor::Start { by_handover: case.hauptbetreuer_seit.is_none() },
                    AnchorOf::Column(c) => Anchor::Column(c),
                    AnchorOf::LastActivity(art) => Anchor::Activity(art),
                };
                let shift = if raw == action { Shift::None } else { rolled(view.cal, raw, action) };
                reason(from, anchor, self.formula(), shift)
            },
            out,
        );
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let Some(anchor) = cycle_day(key) else { return Ended::Withdrawn };
        if let Some((by, day)) = self.met(view, anchor) {
            return Ended::Fulfilled(by, Some(day));
        }
        // A column that is dated later keeps the obligation open, unless its mere presence ends the scope.
        let promised = self.met_by_columns.iter().find_map(|c| column(&view.file.case, *c).map(|d| (*c, d)));
        if let Some((c, day)) = promised.filter(|_| self.scope == Scope::Proposed) {
            return Ended::Fulfilled(Evidence::Column(c), Some(day));
        }
        if self.scope.lacks_kennung(&view.file.case, view.t) {
            return Ended::Moot;
        }
        let stands = match self.anchor {
            AnchorOf::LastActivity(art) => view.file.done(art, view.t).any(|a| a.day == anchor),
            _ => self.anchor_day(view) == Some(anchor),
        };
        if !stands {
            return Ended::Withdrawn;
        }
        if self.scope.excludes(&view.file.case, &self.grund, view.t).is_some() {
            return Ended::Moot;
        }
        if let Some(until) = self.shown_until(view, anchor).filter(|until| view.t > *until) {
            return if self.info { Ended::Moot } else { Ended::Lapsed(until) };
        }
        if self.silent_in_rest && view.file.rests_on(view.t) { Ended::Resting } else { Ended::Moot }
    }
}
