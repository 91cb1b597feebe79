//! The memory of what was said: one entry per obligation, and what a run makes of it (RULES.md §5).

use chrono::NaiveDate;

use super::obligation::{Ended, Key, Role, Roles};

/// Per role, the day of the last step that counts as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks([Option<NaiveDate>; 4]);

impl Marks {
    /// The day of the last step sent to the role.
    pub const fn of(&self, role: Role) -> Option<NaiveDate> {
        self.0[role as usize]
    }

    /// Marks the steps up to `day` as sent to the role.
    pub fn set(&mut self, role: Role, day: Option<NaiveDate>) {
        self.0[role as usize] = day;
    }
}

/// What is remembered of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The case it belongs to; empty for a team's obligation.
    pub fallnr: String,
    /// The team it belonged to at the last run.
    pub team: String,
    /// Rule, subject and cycle.
    pub key: Key,
    /// The day by the letter of the rule, as of the last run.
    pub raw: NaiveDate,
    /// The day to act, as of the last run.
    pub action: NaiveDate,
    /// The next step's day, so that a later morning can read only what has come.
    pub next_step: Option<NaiveDate>,
    /// Name of the step in force at the last run.
    pub step: String,
    /// What was sent, per role.
    pub sent: Marks,
    /// The roles of the last firing.
    pub addressed: Roles,
    /// The BAK at the last run (RULES.md §5 *Reassignment*).
    pub bak: Option<String>,
    /// The IFK at the last run.
    pub ifk: Option<String>,
    /// The day of the run that first saw it.
    pub opened: NaiveDate,
    /// The day of the run that no longer saw it, and why; none while it is open.
    pub ended: Option<(NaiveDate, Ended)>,
    /// The roles that have yet to be told that it lapsed.
    pub untold: Roles,
}
