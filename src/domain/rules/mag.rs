//! The follow-up of a MAG with the employer and with the client (§7).

use chrono::NaiveDate;

use super::draft::{Cycle, Draft, plus, reason, silent};
use super::{Rule, StepPlan, View};
use crate::domain::calendar::Calendar;
use crate::domain::facts::{Art, FoerderArt, Subsidy};
use crate::domain::obligation::{Anchor, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence};

/// A follow-up in the middle of a longer MAG and one before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mag {
    /// The activity that meets it.
    pub art: Art,
    /// A MAG of so many days or more (both ends counted) has a follow-up in the middle.
    pub middle_from_days: i64,
    /// The last follow-up is due so many workdays before the end.
    pub workdays_before_end: i32,
    /// A follow-up up to so many workdays before that day counts for the end.
    pub window_workdays: i32,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// One follow-up of a MAG.
#[derive(Debug, Clone, Copy)]
struct FollowUp {
    cycle: &'static str,
    /// The window in which a follow-up counts; its last day is the last one shown.
    from: NaiveDate,
    to: NaiveDate,
    raw: NaiveDate,
    action: NaiveDate,
}

impl Mag {
    fn follow_ups(&self, cal: &Calendar, begin: NaiveDate, end: NaiveDate) -> impl Iterator<Item = FollowUp> {
        let days = (end - begin).num_days();
        let mid = plus(begin, days / 2);
        let last = cal.wd(end, -self.workdays_before_end).max(cal.fwd(begin));
        let middle = cal.back(mid).max(cal.fwd(begin));
        let halves = days + 1 >= self.middle_from_days && middle < last;
        let opens = begin.max(cal.wd(last, -self.window_workdays));
        let opens = if halves { opens.max(plus(middle, 1)) } else { opens };
        let first =
            halves.then_some(FollowUp { cycle: "mitte", from: begin, to: plus(last, -1), raw: mid, action: middle });
        let second = FollowUp { cycle: "ende", from: opens, to: end, raw: end, action: last };
        first.into_iter().chain(std::iter::once(second))
    }

    fn met(&self, view: &View<'_>, f: &FollowUp) -> Option<NaiveDate> {
        view.file.done(self.art, view.t).map(|a| a.day).find(|d| f.from <= *d && *d <= f.to)
    }

    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let all = view.file.subsidies.iter().filter(|s: &&Subsidy| s.art == FoerderArt::Mag);
        for mag in all {
            let quiet = |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &mag.foerdernr, || why, out);
            let Some((begin, end)) = mag.span().filter(|(begin, _)| *begin <= view.t) else {
                quiet(Silence::NotApplicable(NotApplicable::NoSubsidy), out);
                continue;
            };
            for f in self.follow_ups(view.cal, begin, end) {
                if let Some(day) = self.met(view, &f) {
                    quiet(Silence::Done(Evidence::Activity(self.art), Some(day)), out);
                    continue;
                }
                let draft = Draft {
                    subject: &mag.foerdernr,
                    anchor: begin,
                    shown_until: Some(f.to),
                    ..Draft::of_case(rule, view, Cycle::Word(f.cycle), f.raw, f.action)
                };
                let formula =
                    if f.cycle == "mitte" { Formula::Middle } else { Formula::Workdays(-self.workdays_before_end) };
                let shift = if f.raw == f.action { Shift::None } else { Shift::WithinSpan };
                draft.propose(&self.steps, || None, || reason(Anchor::MagSpan, end, formula, shift), out);
            }
        }
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let mag = view.file.subsidies.iter().find(|s| s.art == FoerderArt::Mag && s.foerdernr == key.subject);
        let Some((begin, end)) = mag.and_then(Subsidy::span).filter(|(begin, _)| *begin <= view.t) else {
            return Ended::Withdrawn;
        };
        let Some(f) = self.follow_ups(view.cal, begin, end).find(|f| f.cycle == key.cycle) else {
            return Ended::Withdrawn;
        };
        if let Some(day) = self.met(view, &f) {
            return Ended::Fulfilled(Evidence::Activity(self.art), Some(day));
        }
        if view.t > f.to { Ended::Lapsed(f.to) } else { Ended::Moot }
    }
}
