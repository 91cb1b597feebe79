//! An event of the team every so many months (§7).

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, reason, rolled, silent};
use super::{Rule, StepPlan, TeamView, cycle_day};
use crate::domain::calendar::add_months;
use crate::domain::obligation::{Anchor, Ended, Evidence, Finding, Formula, Key, NotApplicable, Silence};

/// An event so many months after the last one (or after the team's first day).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    /// So many months.
    pub months: i32,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// The last held event, else the team's first day; and which of the two it is.
fn last(view: &TeamView<'_>) -> Option<(NaiveDate, Anchor)> {
    let held = view.events.iter().filter(|e| e.durchgefuehrt && e.datum <= view.t).map(|e| e.datum).max();
    held.map(|d| (d, Anchor::HeldEvent))
        .or_else(|| view.beginn.filter(|d| *d <= view.t).map(|d| (d, Anchor::TeamBegin)))
}

/// The next event that is to come by `raw`: dated after today, or today and not yet held.
fn planned(view: &TeamView<'_>, raw: NaiveDate) -> Option<NaiveDate> {
    let to_come = |d: NaiveDate, held: bool| view.t <= d && d <= raw && (d > view.t || !held);
    view.events.iter().filter(|e| to_come(e.datum, e.durchgefuehrt)).map(|e| e.datum).min()
}

impl EventRule {
    pub(super) fn evaluate(&self, rule: &Rule, view: &TeamView<'_>, out: &mut Vec<Finding>) {
        let quiet = |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, view.team, || why, out);
        let Some((anchor, from)) = last(view) else {
            return quiet(Silence::NotApplicable(NotApplicable::NothingRecorded), out);
        };
        let raw = add_months(anchor, self.months);
        if let Some(day) = planned(view, raw) {
            return quiet(Silence::Planned(day), out);
        }
        let action = view.cal.back(raw);
        let draft = Draft {
            rule,
            cal: view.cal,
            t: view.t,
            explain: view.explain,
            fallnr: None,
            subject: view.team,
            cycle: Cycle::Day(anchor),
            raw,
            action,
            anchor,
            shown_until: None,
            info: false,
        };
        let why = || reason(from, anchor, Formula::Months(self.months), rolled(view.cal, raw, action));
        draft.propose(&self.steps, || None, why, out);
    }

    pub(super) fn ended(&self, view: &TeamView<'_>, key: &Key) -> Ended {
        let Some(anchor) = cycle_day(key) else { return Ended::Withdrawn };
        match last(view) {
            Some((day, Anchor::HeldEvent)) if day > anchor => Ended::Fulfilled(Evidence::Event, Some(day)),
            Some((day, _)) if day == anchor => Ended::Moot,
            _ => Ended::Withdrawn,
        }
    }
}
