//! At least every so many days: client and employer contacts (§7), and a team's own rhythms.

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, plus, reason, rolled, silent};
use super::{Rule, Scope, StepPlan, View, cycle_day};
use crate::domain::facts::Art;
use crate::domain::obligation::{Anchor, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence};

/// At least one activity of `arten` every `days` days, counted from the last one, or from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    /// Which cases.
    pub scope: Scope,
    /// Any of these counts.
    pub arten: Vec<Art>,
    /// At the latest after so many days.
    pub days: i64,
    /// Evidence of trying, told but ending nothing.
    pub attempts: Option<Art>,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

impl Cadence {
    fn start(&self, view: &View<'_>) -> Option<NaiveDate> {
        match self.scope {
            Scope::WatchList => view.file.case.kennung_seit,
            _ => view.file.case.start(),
        }
    }

    fn done<'a>(&'a self, view: &View<'a>) -> impl Iterator<Item = (NaiveDate, Art)> + 'a {
        let (file, t) = (view.file, view.t);
        self.arten.iter().flat_map(move |art| file.done(*art, t).map(|a| (a.day, a.art)))
    }

    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let case = &view.file.case;
        let quiet = |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &case.fallnr, || why, out);
        if let Some(why) = self.scope.excludes(case, &[], view.t) {
            return quiet(Silence::NotApplicable(why), out);
        }
        if let Some(rest) = view.file.rests.iter().find(|r| r.covers(view.t)) {
            return quiet(Silence::Resting(rest.bis), out);
        }
        let start = self.start(view);
        let last = self.done(view).filter(|(d, _)| start.is_none_or(|start| *d >= start)).max_by_key(|(d, _)| *d);
        // A marker without a day has always been there: then only an activity gives something to count from.
        let Some(anchor) = last.map(|(d, _)| d).or(start) else {
            return quiet(Silence::NotApplicable(NotApplicable::NothingRecorded), out);
        };
        let mut raw = plus(anchor, self.days);
        let mut action = view.cal.back(raw);
        let mut after_rest = None;
        // A date that falls into a rest moves behind it, and is asked again: rests may follow one another.
        loop {
            let mut hits = view.file.rests.iter().filter(|r| r.covers(action) || r.covers(raw)).peekable();
            if hits.peek().is_none() {
                break;
            }
            let Some(end) = hits.map(|r| r.bis).collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max())
            else {
                return quiet(Silence::Resting(None), out);
            };
            if end == NaiveDate::MAX {
                return quiet(Silence::Resting(None), out);
            }
            raw = raw.max(plus(end, 1));
            action = view.cal.fwd(raw);
            after_rest = Some(end);
        }
        Draft { anchor, ..Draft::of_case(rule, view, Cycle::Day(anchor), raw, action) }.propose(
            &self.steps,
            || None,
            || {
                let from = last.map_or(Anchor::Start { by_handover: case.hauptbetreuer_seit.is_none() }, |(_, art)| {
                    Anchor::Activity(art)
                });
                let shift = after_rest.map_or_else(|| rolled(view.cal, raw, action), Shift::AfterRest);
                let mut why = reason(from, anchor, Formula::Days(self.days), shift);
                why.attempts = self.attempts.and_then(|art| {
                    let mut tried = view.file.done(art, view.t).filter(|a| a.day >= anchor);
                    let count = tried.clone().map(|a| a.anzahl).sum();
                    tried.next_back().map(|a| (count, a.day))
                });
                why
            },
            out,
        );
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let Some(anchor) = cycle_day(key) else { return Ended::Withdrawn };
        let start = self.start(view);
        let counts = |d: NaiveDate| start.is_none_or(|start| d >= start);
        if let Some((day, art)) = self.done(view).filter(|(d, _)| *d > anchor && counts(*d)).min_by_key(|(d, _)| *d) {
            return Ended::Fulfilled(Evidence::Activity(art), Some(day));
        }
        if self.scope.lacks_kennung(&view.file.case, view.t) {
            return Ended::Moot;
        }
        let stands = start == Some(anchor) || (counts(anchor) && self.done(view).any(|(d, _)| d == anchor));
        if !stands {
            return Ended::Withdrawn;
        }
        if self.scope.excludes(&view.file.case, &[], view.t).is_some() {
            return Ended::Moot;
        }
        // What it counts from is still there, and nothing newer: a rest may have hidden it, or the rule has other numbers.
        let raw = plus(anchor, self.days);
        let rests = [view.t, raw, view.cal.back(raw)].iter().any(|d| view.file.rests_on(*d));
        if rests { Ended::Resting } else { Ended::Moot }
    }
}
