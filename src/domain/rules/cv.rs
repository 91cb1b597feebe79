//! The CV chain (§6): ask, remind, hand back.

use chrono::NaiveDate;

use super::deadline::HELD_WORKDAYS;
use super::draft::{Cycle, Draft, appointment, plus, reason, silent};
use super::{HeldBy, Rule, Scope, StepPlan, View, cycle_day};
use crate::domain::facts::Art;
use crate::domain::obligation::{
    Anchor, Column, Ended, Evidence, Finding, Formula, Key, NotApplicable, Shift, Silence,
};

/// Which stage of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CvStage {
    /// Nobody has asked for the CV yet: so many workdays from the start.
    Ask(i32),
    /// It was asked for and has not come: so many days for the client.
    Remind(i64),
    /// The reminder has run out: so many days for the client, then the way back is open.
    GiveBack(i64),
}

/// One stage of the CV chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cv {
    /// Which one, with its deadline.
    pub stage: CvStage,
    /// The appointment that holds notices back.
    pub held_by: HeldBy,
    /// Its steps.
    pub steps: Vec<StepPlan>,
}

/// Where the chain stands.
struct Chain {
    start: NaiveDate,
    /// The last request since min(start, handover).
    asked: Option<NaiveDate>,
    /// The last reminder since that request.
    reminded: Option<NaiveDate>,
    received: Option<NaiveDate>,
}

fn chain(view: &View<'_>) -> Option<Chain> {
    let case = &view.file.case;
    let start = case.start()?;
    let first = case.uebergabe_am.map_or(start, |handover| handover.min(start));
    let last = |art, from| view.file.done(art, view.t).next_back().map(|a| a.day).filter(|d| *d >= from);
    let asked = last(Art::LebenslaufAngefordert, first);
    let reminded = asked.and_then(|asked| last(Art::LebenslaufErinnert, asked));
    let received = view.file.done(Art::LebenslaufEingegangen, view.t).next().map(|a| a.day);
    Some(Chain { start, asked, reminded, received })
}

impl Cv {
    pub(super) fn evaluate(&self, rule: &Rule, view: &View<'_>, out: &mut Vec<Finding>) {
        let case = &view.file.case;
        let quiet = |why: Silence, out: &mut Vec<Finding>| silent(rule, view.explain, &case.fallnr, || why, out);
        let other = Silence::NotApplicable(NotApplicable::OtherStep);
        if let Some(why) = Scope::MainCare.excludes(case, &[], view.t) {
            return quiet(Silence::NotApplicable(why), out);
        }
        let Some(chain) = chain(view) else { return quiet(other, out) };
        if let Some(day) = chain.received {
            return quiet(Silence::Done(Evidence::Activity(Art::LebenslaufEingegangen), Some(day)), out);
        }
        // A deadline set for a client rolls forward over Werktage (SGB X §26(3)); we act on the workday after it.
        let behind = |raw| view.cal.wd(view.cal.fwd_werktag(raw), 1);
        let (anchor, from, raw, action, formula, shift) = match (self.stage, chain.asked, chain.reminded) {
            (CvStage::Ask(n), None, _) => {
                let from = Anchor::Start { by_handover: case.hauptbetreuer_seit.is_none() };
                let due = view.cal.wd(chain.start, n);
                (chain.start, from, due, due, Formula::Workdays(n), Shift::None)
            }
            (CvStage::Remind(n), Some(asked), None) => {
                let raw = plus(asked, n);
                let from = Anchor::Activity(Art::LebenslaufAngefordert);
                (asked, from, raw, behind(raw), Formula::Days(n), Shift::AfterDeadline(view.cal.fwd_werktag(raw)))
            }
            (CvStage::GiveBack(n), Some(_), Some(reminded)) => {
                let raw = plus(reminded, n);
                let from = Anchor::Activity(Art::LebenslaufErinnert);
                (reminded, from, raw, behind(raw), Formula::Days(n), Shift::AfterDeadline(view.cal.fwd_werktag(raw)))
            }
            _ => return quiet(other, out),
        };
        Draft { anchor, ..Draft::of_case(rule, view, Cycle::Day(anchor), raw, action) }.propose(
            &self.steps,
            || self.held_by.and_then(|art| appointment(view, art, view.cal.wd(action, HELD_WORKDAYS))),
            || reason(from, anchor, formula, shift),
            out,
        );
    }

    pub(super) fn ended(&self, view: &View<'_>, key: &Key) -> Ended {
        let (Some(anchor), Some(chain)) = (cycle_day(key), chain(view)) else { return Ended::Withdrawn };
        let by = |art: Art, day| Ended::Fulfilled(Evidence::Activity(art), Some(day));
        if let Some(day) = chain.received {
            return by(Art::LebenslaufEingegangen, day);
        }
        let first = |art, from| view.file.done(art, view.t).map(|a| a.day).find(|d| *d >= from);
        let (stands, done) = match self.stage {
            CvStage::Ask(_) => (chain.start == anchor, chain.asked.map(|d| (Art::LebenslaufAngefordert, d))),
            CvStage::Remind(_) => (
                view.file.done(Art::LebenslaufAngefordert, view.t).any(|a| a.day == anchor),
                first(Art::LebenslaufErinnert, anchor).map(|d| (Art::LebenslaufErinnert, d)),
            ),
            CvStage::GiveBack(_) => (view.file.done(Art::LebenslaufErinnert, view.t).any(|a| a.day == anchor), None),
        };
        if let Some((art, day)) = done {
            return by(art, day);
        }
        if let (CvStage::GiveBack(_), Some(end)) = (self.stage, view.file.case.ended_by(view.t)) {
            return Ended::Fulfilled(Evidence::Column(Column::EndeAm), Some(end));
        }
        if stands { Ended::Moot } else { Ended::Withdrawn }
    }
}
