//! From a rule's dates to an obligation: steps resolved, state found, the appointment looked up.
//!
//! Most rules say nothing about most cases, so nothing is allocated before a step has been reached.

use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::{Rule, StepPlan, View};
use crate::domain::calendar::{Calendar, Closed, iso_week};
use crate::domain::facts::TerminArt;
use crate::domain::obligation::{
    Anchor, Finding, Formula, Key, Obligation, Reason, Shift, Silence, State, Step, in_force,
};

/// A day so many days later (earlier, if negative); the ends of time where there is no such day.
pub(super) fn plus(d: NaiveDate, days: i64) -> NaiveDate {
    if days >= 0 {
        d.checked_add_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MAX)
    } else {
        d.checked_sub_days(Days::new(days.unsigned_abs())).unwrap_or(NaiveDate::MIN)
    }
}

/// What makes an instance distinct, not yet as text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cycle {
    Day(NaiveDate),
    /// The ISO week of that day.
    Week(NaiveDate),
    Word(&'static str),
}

impl Cycle {
    fn text(self) -> String {
        match self {
            Self::Day(d) => d.to_string(),
            Self::Week(d) => iso_week(d),
            Self::Word(w) => w.to_owned(),
        }
    }
}

/// What an obligation will be, once a step has been reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a> {
    pub(super) rule: &'a Rule,
    pub(super) cal: &'a Calendar,
    pub(super) t: NaiveDate,
    pub(super) explain: bool,
    pub(super) fallnr: Option<&'a str>,
    pub(super) subject: &'a str,
    pub(super) cycle: Cycle,
    pub(super) raw: NaiveDate,
    pub(super) action: NaiveDate,
    /// The day that steps named after the anchor count from.
    pub(super) anchor: NaiveDate,
    /// The last day on which it is shown.
    pub(super) shown_until: Option<NaiveDate>,
    /// Whether it is news and not a task.
    pub(super) info: bool,
}

impl<'a> Draft<'a> {
    /// A draft about a case.
    pub(super) fn of_case(rule: &'a Rule, view: &View<'a>, cycle: Cycle, raw: NaiveDate, action: NaiveDate) -> Self {
        let fallnr = view.file.case.fallnr.as_str();
        Self {
            rule,
            cal: view.cal,
            t: view.t,
            explain: view.explain,
            fallnr: Some(fallnr),
            subject: fallnr,
            cycle,
            raw,
            action,
            anchor: raw,
            shown_until: None,
            info: false,
        }
    }

    /// Appends the obligation if its first step has come (or lies ahead, where that is asked for).
    pub(super) fn propose(
        &self,
        plans: &[StepPlan],
        appointment: impl FnOnce() -> Option<NaiveDate>,
        reason: impl FnOnce() -> Reason,
        out: &mut Vec<Finding>,
    ) {
        let days = plans.iter().map(|p| p.day(self.cal, self.action, self.anchor));
        let due = days.clone().any(|d| d <= self.t);
        if let Some(until) = self.shown_until.filter(|until| self.t > *until) {
            return silent(self.rule, self.explain, self.subject, || Silence::Over(until), out);
        }
        if due || self.explain {
            let steps = plans.iter().zip(days).map(|(p, day)| Step { name: Arc::clone(&p.name), day, roles: p.roles });
            self.finish(steps.collect(), appointment(), reason(), out);
        }
    }

    /// Appends the obligation with steps that are already resolved. Without steps there is nothing to append.
    pub(super) fn finish(
        &self,
        steps: Vec<Step>,
        appointment: Option<NaiveDate>,
        reason: Reason,
        out: &mut Vec<Finding>,
    ) {
        let reached = in_force(&steps, self.t);
        if steps.is_empty() {
            return;
        }
        let state = match self.t {
            _ if self.info => State::Info,
            t if t < self.action => State::Upcoming,
            t if t == self.action => State::Today,
            _ => State::Overdue,
        };
        let obligation = Obligation {
            key: Key { rule: Arc::clone(&self.rule.id), subject: self.subject.to_owned(), cycle: self.cycle.text() },
            fallnr: self.fallnr.map(str::to_owned),
            raw: self.raw,
            action: self.action,
            state,
            steps,
            in_force: reached.unwrap_or(0),
            appointment,
            reason,
        };
        match reached {
            Some(_) => out.push(Finding::Due(obligation)),
            None if self.explain => out.push(Finding::Ahead(obligation)),
            None => {}
        }
    }
}

/// Appends why a rule says nothing, where that is asked for.
pub(super) fn silent(rule: &Rule, explain: bool, subject: &str, why: impl FnOnce() -> Silence, out: &mut Vec<Finding>) {
    if explain {
        out.push(Finding::Silent { rule: Arc::clone(&rule.id), subject: subject.to_owned(), why: why() });
    }
}

/// The earliest agreed appointment `p` of the case with `p <= until` and `t < wd(p, 1)` (RULES.md §3 *Appointments*).
pub(super) fn appointment(view: &View<'_>, art: TerminArt, until: NaiveDate) -> Option<NaiveDate> {
    let days = view.file.appointments.iter().filter(|a| a.art == art).filter_map(|a| a.datum);
    days.filter(|p| *p <= until && view.t < view.cal.wd(*p, 1)).min()
}

/// A reason without attempts or progress.
pub(super) fn reason(anchor: Anchor, anchor_day: NaiveDate, formula: Formula, shift: Shift) -> Reason {
    Reason { anchor, anchor_day, formula, shift, attempts: None, progress: None }
}

/// Why a date that rolled over workdays moved.
pub(super) fn rolled(cal: &Calendar, raw: NaiveDate, action: NaiveDate) -> Shift {
    let because = |closed: Option<Closed>| closed.map_or_else(String::new, |c| c.to_string()).into();
    match action.cmp(&raw) {
        std::cmp::Ordering::Less => Shift::Back(because(cal.closed_because(raw))),
        std::cmp::Ordering::Greater => Shift::Forward(because(cal.closed_because(raw))),
        std::cmp::Ordering::Equal => Shift::None,
    }
}
