//! The memory of what was said: one entry per obligation, and what a run makes of it (RULES.md §5).
//!
//! Per role the entry remembers the day of the last step that counts as sent. That one rule gives firing once, to every
//! role of the steps passed over; an appointment, stale data or nobody to be reached merely leave a role's mark where it
//! is, and the step fires on the first run after.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::obligation::{Ended, Key, Obligation, Role, Roles, State};

/// Per role, the day of the last step that counts as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The roles of the last firing: those to be told if it lapses.
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

/// What a run knows about the obligations of one case (or team) besides the facts.
#[derive(Debug, Clone, Copy)]
pub struct RunOf<'a> {
    /// The day of the run.
    pub t: NaiveDate,
    /// The team.
    pub team: &'a str,
    /// The case's BAK.
    pub bak: Option<&'a str>,
    /// The case's IFK.
    pub ifk: Option<&'a str>,
    /// The roles to which nothing can go: no colleague and no mailbox (RULES.md §5 *Who*), or the case is gone from a
    /// complete list and asked about.
    pub unreachable: Roles,
}

/// What a run makes of one obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The entry as it is to be remembered.
    pub entry: Entry,
    /// Whether it differs from what was remembered.
    pub changed: bool,
    /// The roles to which it fires today.
    pub fires: Roles,
    /// Of these, the roles to which it fires only because somebody took the case over.
    pub taken_over: Roles,
}

/// An appointment or stale data hold what goes to these; the BAK goes on being told.
pub const HELD: Roles = Roles::only(Role::Ifk).and(Roles::only(Role::Tl));

/// The roles whose steps are kept for later: by an agreed appointment, or by stale data (`stale`: the team's data is
/// stale and the rule waits for activities).
pub fn held_back(o: &Obligation, stale: bool) -> Roles {
    if o.appointment.is_some() || stale { HELD } else { Roles::NONE }
}

/// Settles an open obligation against what is remembered of it.
///
/// `start`: the first run of the team or of the rule, so that steps of earlier days count as sent.
/// `stale`: the team's data is stale and the rule waits for activities.
pub fn settle(known: Option<Entry>, o: &Obligation, run: &RunOf<'_>, start: bool, stale: bool) -> Settled {
    let belongs = o.belongs_to(run.t);
    let was_open = known.as_ref().is_some_and(|e| e.ended.is_none());
    let before = known.clone();
    let mut entry = known.unwrap_or_else(|| Entry {
        fallnr: o.fallnr.clone().unwrap_or_default(),
        team: run.team.to_owned(),
        key: o.key.clone(),
        raw: o.raw,
        action: o.action,
        next_step: None,
        step: String::new(),
        sent: Marks::default(),
        addressed: Roles::NONE,
        bak: run.bak.map(str::to_owned),
        ifk: run.ifk.map(str::to_owned),
        opened: run.t,
        ended: None,
        untold: Roles::NONE,
    });
    // A rule that is switched on again may know the obligation from before: the time in between counts as told, too.
    if start && !was_open {
        let earlier = o.steps.iter().filter(|s| s.day < run.t);
        for role in Role::ALL {
            let sent = earlier.clone().filter(|s| s.roles.has(*role)).map(|s| s.day).max();
            entry.sent.set(*role, entry.sent.of(*role).max(sent));
        }
        entry.addressed = earlier.fold(Roles::NONE, |set, s| set.and(s.roles));
    }
    // What nobody can be told waits for the run on which somebody can.
    let held = held_back(o, stale).and(run.unreachable);

    let mut fires = Roles::NONE;
    for role in belongs.without(held).iter() {
        let unsent = o.reached(run.t).any(|s| s.roles.has(role) && entry.sent.of(role).is_none_or(|sent| s.day > sent));
        if unsent {
            fires = fires.and(Roles::only(role));
            entry.sent.set(role, Some(o.step().day));
        }
    }
    let mut taken_over = Roles::NONE;
    for (role, holder, now) in [(Role::Bak, &mut entry.bak, run.bak), (Role::Ifk, &mut entry.ifk, run.ifk)] {
        if holder.as_deref() == now || (was_open && belongs.has(role) && held.has(role)) {
            continue;
        }
        if was_open && belongs.has(role) && !fires.has(role) && now.is_some() {
            taken_over = taken_over.and(Roles::only(role));
        }
        *holder = now.map(str::to_owned);
    }
    fires = fires.and(taken_over);
    if o.state == State::Missed {
        // It says itself that time ran out: when it is gone there is nothing to add.
        entry.addressed = Roles::NONE;
    } else if !fires.is_empty() {
        // Those who were told the same step on an earlier run are still among the last addressed.
        let same_step = entry.step == *o.step().name;
        entry.addressed = if same_step { entry.addressed.and(fires) } else { fires };
    }
    run.team.clone_into(&mut entry.team);
    (entry.raw, entry.action) = (o.raw, o.action);
    entry.next_step = o.next_step_day(run.t);
    o.step().name.as_ref().clone_into(&mut entry.step);
    (entry.ended, entry.untold) = (None, Roles::NONE);
    let changed = before.as_ref() != Some(&entry);
    Settled { entry, changed, fires, taken_over }
}

/// Closes an entry that the run no longer sees. What lapsed is yet to be told to those last addressed.
pub fn close(mut entry: Entry, t: NaiveDate, how: Ended) -> Entry {
    entry.untold = if matches!(how, Ended::Lapsed(_)) { entry.addressed } else { Roles::NONE };
    entry.ended = Some((t, how));
    entry.next_step = None;
    entry
}

#[cfg(test)]
mod tests;
