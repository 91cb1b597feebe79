//! So many search runs a week (§7, §8).

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::draft::{Cycle, Draft, plus, reason, silent};
use super::{Rule, Scope, View};
use crate::domain::calendar::{monday, parse_iso_week};
use crate::domain::facts::Art;
use crate::domain::obligation::{
    Anchor, Ended, Evidence, Finding, Formula, Key, NotApplicable, Roles, Shift, Silence, State, Step,
};

/// At least so many search runs per ISO week, told on the way, on the last active day, and once when entered late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRuns {
    /// Main care or the watch list.
    pub scope: Scope,
    /// How many a week.
    pub per_week: u32,
    /// The weekday (0 Monday … 4 Friday) up to which the hint is given.
    pub hint_weekday: u32,
    /// Told while nothing is done yet: name and roles.
    pub hint: (Arc<str>, Roles),
    /// Told on the last active day.
    pub due: (Arc<str>, Roles),
    /// Told once, on the first workday of the next week, if the week was not met.
    pub late: (Arc<str>, Roles),
}

/// One week of a case: what counts and what is asked for.
struct Week {
    sunday: NaiveDate,
    /// Workdays on or after the start on which the case does not rest.
    active: Vec<NaiveDate>,
    done: u32,
    last_run: Option<NaiveDate>,
}

impl Week {
    fn required(&self, per_week: u32) -> u32 {
        per_week.min(self.active.len() as u32)
    }
}

impl SearchRuns {
    /// The first day that counts: the start, or on the watch list the marker's day, if it has one.
    fn first(&self, view: &View<'_>) -> NaiveDate {
        let case = &view.file.case;
        let since = if self.scope == Scope::WatchList { case.kennung_seit } else { case.start() };
        since.unwrap_or(NaiveDate::MIN)
    }

    fn week(&self, view: &View<'_>, first: NaiveDate, monday: NaiveDate) -> Week {
        let sunday = plus(monday, 6);
        let days = (0..7).map(|i| plus(monday, i));
        let active = days.filter(|d| *d >= first && view.cal.is_workday(*d) && !view.file.rests_on(*d)).collect();
        let runs = view.file.done(Art::Stellensuchlauf, view.t).filter(|a| monday <= a.day && a.day <= sunday);
        let (mut done, mut last_run) = (0u32, None);
        for run in runs {
            done = done.saturating_add(run.anzahl);
            last_run = Some(run.day);
        }
        Week { sunday, active, done, last_run }
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
        let first = self.first(view);
        let this = monday(view.t);
        if view.t == view.cal.fwd(this) {
            self.missed(rule, view, first, plus(this, -7), out);
        }
        let week = self.week(view, first, this);
        let required = week.required(self.per_week);
        let Some(action) = week.active.last().copied() else {
            return quiet(Silence::NotApplicable(NotApplicable::NotNeeded), out);
        };
        let complete = week.done >= required;
        out.push(Finding::Tally { rule: Arc::clone(&rule.id), complete });
        if complete {
            let by = Evidence::Activity(Art::Stellensuchlauf);
            return quiet(Silence::Done(by, week.last_run), out);
        }
        let step = |(name, roles): &(Arc<str>, Roles), day| Step { name: Arc::clone(name), day, roles: *roles };
        let early = week.active.iter().rev().find(|d| d.weekday().num_days_from_monday() <= self.hint_weekday);
        let hint = early.copied().unwrap_or(action);
        let hinted = hint < action && week.done == 0;
        if !view.explain && view.t < (if hinted { hint } else { action }) {
            return;
        }
        let mut steps = Vec::with_capacity(2);
        if hinted {
            steps.push(step(&self.hint, hint));
        }
        steps.push(step(&self.due, action));
        let mut why = reason(Anchor::Week, this, Formula::LastActiveDay, Shift::None);
        why.progress = Some((week.done, required));
        Draft::of_case(rule, view, Cycle::Week(this), week.sunday, action).finish(steps, None, why, out);
    }

    /// The week of `monday`, if it was not met: as the first workday after it tells it.
    fn missed(&self, rule: &Rule, view: &View<'_>, first: NaiveDate, monday: NaiveDate, out: &mut Vec<Finding>) {
        let week = self.week(view, first, monday);
        let required = week.required(self.per_week);
        let Some(action) = week.active.last().copied().filter(|_| week.done < required) else { return };
        let steps = vec![Step { name: Arc::clone(&self.late.0), day: view.t, roles: self.late.1 }];
        let mut why = reason(Anchor::Week, monday, Formula::LastActiveDay, Shift::None);
        why.progress = Some((week.done, required));
        let before = out.len();
        Draft::of_case(rule, view, Cycle::Week(monday), week.sunday, action).finish(steps, None, why, out);
        if let Some(Finding::Due(obligation)) = out.get_mut(before) {
            obligation.state = State::Missed;
        }
    }

    /// The weeks that the run of a skipped workday (`view.t`) would have told as missed (RULES.md §5 *Gap*).
    pub(super) fn missed_on(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let this = monday(view.t);
        let silent = self.scope.excludes(&view.file.case, &[], view.t).is_some() || view.file.rests_on(view.t);
        if !silent && view.t == view.cal.fwd(this) {
            self.missed(rule, view, self.first(view), plus(this, -7), out);
        }
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let Some(monday) = parse_iso_week(&key.cycle) else { return Ended::Withdrawn };
        let week = self.week(view, self.first(view), monday);
        let required = week.required(self.per_week);
        if required > 0 && week.done >= required {
            return Ended::Fulfilled(Evidence::Activity(Art::Stellensuchlauf), week.last_run);
        }
        if self.scope.excludes(&view.file.case, &[], view.t).is_some() {
            return Ended::Moot;
        }
        if view.file.rests_on(view.t) || week.active.is_empty() {
            return Ended::Resting;
        }
        if view.t > week.sunday {
            return Ended::Lapsed(week.sunday);
        }
        // Hinted while nothing was done; something is done now, and the last active day is still to come.
        Ended::Moot
    }
}
