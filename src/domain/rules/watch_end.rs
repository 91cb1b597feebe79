//! The end of the watch (§8): all 16e/16i subsidies of a watched client are over.

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, reason, silent};
use super::{Rule, Scope, StepPlan, View, cycle_day, is_16};
use crate::domain::facts::Subsidy;
use crate::domain::obligation::{
    Anchor, Column, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence,
};

/// To be decided so many workdays after the last subsidy has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEnd {
    /// So many workdays after the end.
    pub workdays: i32,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// The last end of the case's 16e and 16i subsidies.
fn last_end(view: &View<'_>) -> Option<NaiveDate> {
    view.file.subsidies.iter().filter(|s| is_16(s.art)).filter_map(Subsidy::span).map(|(_, end)| end).max()
}

impl WatchEnd {
    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let case = &view.file.case;
        let quiet = |why: NotApplicable, out: &mut Vec<Finding>| {
            silent(rule, view.explain, &case.fallnr, || Silence::NotApplicable(why), out);
        };
        if let Some(why) = Scope::WatchList.excludes(case, &[], view.t) {
            return quiet(why, out);
        }
        let Some(end) = last_end(view) else { return quiet(NotApplicable::NoSubsidy, out) };
        if end >= view.t {
            return quiet(NotApplicable::NotNeeded, out);
        }
        let action = view.cal.wd(end, self.workdays);
        Draft { anchor: end, ..Draft::of_case(rule, view, Cycle::Day(end), action, action) }.propose(
            &self.steps,
            || None,
            || reason(Anchor::SubsidyEnd, end, Formula::Workdays(self.workdays), Shift::None),
            out,
        );
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let case = &view.file.case;
        let Some(end) = cycle_day(key) else { return Ended::Withdrawn };
        match last_end(view) {
            Some(later) if later > end => Ended::Fulfilled(Evidence::LaterSubsidy, Some(later)),
            Some(same) if same == end => {
                if !case.marked_on(view.t) {
                    Ended::Fulfilled(Evidence::Kennung, case.kennung_seit)
                } else if !case.watched_on(view.t) {
                    Ended::Fulfilled(Evidence::Column(Column::EndeAm), case.ende_am)
                } else {
                    Ended::Moot
                }
            }
            _ => Ended::Withdrawn,
        }
    }
}
