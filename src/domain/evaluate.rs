//! (rules, facts, calendar, day) → what is due, each with its reason.

use std::sync::Arc;

use chrono::NaiveDate;

use super::calendar::Calendar;
use super::facts::{CaseFile, Event};
use super::obligation::{Ended, Finding, Key};
use super::rules::{Rule, Supplied, TeamView, View};

/// What a team's cases are judged by.
#[derive(Debug, Clone)]
pub struct Office {
    /// The team's rules.
    pub rules: Arc<[Rule]>,
    /// The team's calendar.
    pub cal: Arc<Calendar>,
    /// What the team's delivery has ever held.
    pub supplied: Supplied,
}

impl Office {
    /// The rule of that id, if the team has it.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.binary_search_by(|r| (*r.id).cmp(id)).ok().map(|i| &self.rules[i])
    }

    /// What the rules say about a case on `t`; with `explain` also what lies ahead, and why the others are silent.
    pub fn evaluate(&self, file: &CaseFile, t: NaiveDate, explain: bool, out: &mut Vec<Finding>) {
        let view = View { cal: &self.cal, t, file, explain };
        for rule in self.rules.iter() {
            rule.evaluate(&view, self.supplied, out);
        }
    }

    /// The weeks that a run on the skipped workday `day` would have told as missed (RULES.md §5 *Gap*).
    pub fn missed_on(&self, file: &CaseFile, day: NaiveDate, out: &mut Vec<Finding>) {
        let view = View { cal: &self.cal, t: day, file, explain: false };
        for rule in self.rules.iter() {
            rule.missed_on(&view, self.supplied, out);
        }
    }

    /// What the rules say about a team on `t`.
    pub fn evaluate_team(
        &self,
        team: &str,
        beginn: Option<NaiveDate>,
        events: &[Event],
        t: NaiveDate,
        explain: bool,
        out: &mut Vec<Finding>,
    ) {
        let view = TeamView { cal: &self.cal, t, team, beginn, events, explain };
        for rule in self.rules.iter() {
            rule.evaluate_team(&view, out);
        }
    }

    /// How a case's obligation ended that is no longer open.
    pub fn ended(&self, file: &CaseFile, t: NaiveDate, key: &Key) -> Ended {
        let view = View { cal: &self.cal, t, file, explain: false };
        self.rule(&key.rule).map_or(Ended::Moot, |rule| rule.ended(&view, self.supplied, key))
    }

    /// How a team's obligation ended that is no longer open.
    pub fn ended_team(
        &self,
        team: &str,
        beginn: Option<NaiveDate>,
        events: &[Event],
        t: NaiveDate,
        key: &Key,
    ) -> Ended {
        let view = TeamView { cal: &self.cal, t, team, beginn, events, explain: false };
        self.rule(&key.rule).map_or(Ended::Moot, |rule| rule.ended_team(&view, key))
    }

    /// The rules that are on and about cases or teams, but that nobody is watching, for want of evidence.
    pub fn unwatched(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|r| r.enabled && !r.is_watched(self.supplied))
    }
}
