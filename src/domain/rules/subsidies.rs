//! §16e and §16i (§8): the visit before the subsidy ends, and the marker after the visit.

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, appointment, reason, rolled, silent};
use super::{HeldBy, Rule, StepPlan, View, cycle_day, is_16};
use crate::domain::calendar::before;
use crate::domain::facts::{Art, Subsidy};
use crate::domain::obligation::{Anchor, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence};

/// A visit at the workplace so many months before the subsidy ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The visit is due so many months before the end.
    pub months: i32,
    /// A visit from so many months before the end on counts.
    pub window_months: i32,
    /// The appointment that holds notices back, up to the subsidy's end.
    pub held_by: HeldBy,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// The marker that is due once the visit has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingKennung {
    /// So many workdays after the visit.
    pub workdays: i32,
    /// A visit from so many months before the end on counts.
    pub window_months: i32,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// The first visit from `months` before the end to the end, by `t`.
fn visit(view: &View<'_>, end: NaiveDate, months: i32) -> Option<NaiveDate> {
    let from = before(end, months);
    view.file.done(Art::Aussendienst, view.t).map(|a| a.day).find(|d| from <= *d && *d <= end)
}

/// The begun 16e and 16i subsidies of the case, with their last days; why not, for the others that are 16e or 16i.
fn running<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Subsidy, Result<NaiveDate, NotApplicable>)> {
    let t = view.t;
    view.file.subsidies.iter().filter(|s| is_16(s.art)).map(move |s| {
        let end = match s.span() {
            Some((begin, end)) if begin <= t => Ok(end),
            _ => Err(NotApplicable::NoSubsidy),
        };
        (s, end.and_then(|end| if s.potenzial == Some(false) { Err(NotApplicable::NoPotential) } else { Ok(end) }))
    })
}

/// The subsidy of an obligation's key, and whether it still ends on the day of `cycle`.
fn subsidy<'a>(view: &View<'a>, key: &Key) -> Option<(&'a Subsidy, NaiveDate)> {
    let subsidy = view.file.subsidies.iter().find(|s| s.foerdernr == key.subject && is_16(s.art))?;
    Some((subsidy, subsidy.span().filter(|(begin, _)| *begin <= view.t)?.1))
}

impl Visit {
    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        for (subsidy, end) in running(view) {
            let quiet =
                |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &subsidy.foerdernr, || why, out);
            let end = match end {
                Ok(end) => end,
                Err(why) => {
                    quiet(Silence::NotApplicable(why), out);
                    continue;
                }
            };
            if let Some(day) = visit(view, end, self.window_months) {
                quiet(Silence::Done(Evidence::Activity(Art::Aussendienst), Some(day)), out);
                continue;
            }
            let raw = before(end, self.months);
            let action = view.cal.back(raw);
            let draft = Draft {
                subject: &subsidy.foerdernr,
                anchor: end,
                shown_until: Some(end),
                ..Draft::of_case(rule, view, Cycle::Day(end), raw, action)
            };
            draft.propose(
                &self.steps,
                || self.held_by.and_then(|art| appointment(view, art, end)),
                || {
                    let shift = rolled(view.cal, raw, action);
                    reason(Anchor::SubsidyEnd, end, Formula::BeforeEnd(self.months), shift)
                },
                out,
            );
        }
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let Some((subsidy, end)) = subsidy(view, key).filter(|(_, end)| cycle_day(key) == Some(*end)) else {
            return Ended::Withdrawn;
        };
        if let Some(day) = visit(view, end, self.window_months) {
            return Ended::Fulfilled(Evidence::Activity(Art::Aussendienst), Some(day));
        }
        if subsidy.potenzial == Some(false) {
            return Ended::Moot;
        }
        if view.t > end { Ended::Lapsed(end) } else { Ended::Moot }
    }
}

impl MissingKennung {
    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        for (subsidy, end) in running(view) {
            let quiet =
                |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &subsidy.foerdernr, || why, out);
            let visited = end.map(|end| (end, visit(view, end, self.window_months)));
            let (end, day) = match visited {
                Ok((end, Some(day))) => (end, day),
                Ok((_, None)) => {
                    quiet(Silence::NotApplicable(NotApplicable::NothingRecorded), out);
                    continue;
                }
                Err(why) => {
                    quiet(Silence::NotApplicable(why), out);
                    continue;
                }
            };
            if view.file.case.marked_on(view.t) {
                quiet(Silence::Done(Evidence::Kennung, view.file.case.kennung_seit), out);
                continue;
            }
            let action = view.cal.wd(day, self.workdays);
            let draft = Draft {
                subject: &subsidy.foerdernr,
                anchor: day,
                shown_until: Some(end),
                ..Draft::of_case(rule, view, Cycle::Day(day), action, action)
            };
            let why =
                || reason(Anchor::Activity(Art::Aussendienst), day, Formula::Workdays(self.workdays), Shift::None);
            draft.propose(&self.steps, || None, why, out);
        }
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let Some((subsidy, end)) = subsidy(view, key) else { return Ended::Withdrawn };
        if visit(view, end, self.window_months).is_none_or(|day| cycle_day(key) != Some(day)) {
            return Ended::Withdrawn;
        }
        if view.file.case.marked_on(view.t) {
            return Ended::Fulfilled(Evidence::Kennung, view.file.case.kennung_seit);
        }
        if subsidy.potenzial == Some(false) {
            return Ended::Moot;
        }
        if view.t > end { Ended::Lapsed(end) } else { Ended::Moot }
    }
}
