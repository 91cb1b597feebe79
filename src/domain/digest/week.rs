//! What a team's weekly report counts while its cases pass by, and what so many clients mean in entries.
//!
//! All numbers are the team's or a BAK's load (BAK-Konzept §5); nothing here says how anybody works.

use chrono::{Days, NaiveDate};

use crate::domain::calendar::{end_begin, monday};
use crate::domain::facts::{Case, EndeGrund};
use crate::domain::rules::{Kind, Rule, Scope};

/// Weeks ahead for which returns are expected: the one under way and those after it.
pub const WEEKS_AHEAD: usize = 8;

/// The figures of one team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeekCount {
    /// Main care running.
    pub open: u32,
    /// Of these, without a BAK.
    pub unassigned: u32,
    /// Overdue contacts.
    pub contacts_overdue: u32,
    /// The team's BAK, in order.
    pub baks: Vec<String>,
    /// Whoever else a running case names, in order.
    pub others: Vec<String>,
    /// Cases whose six months end in this week and in those after it, by the letter.
    pub returns: [u32; WEEKS_AHEAD],
    /// Cases that came into main care in the week before.
    pub begun: u32,
    /// Cases whose main care ended in the week before.
    pub ended: u32,
    /// Of these, with a placement.
    pub placed: u32,
}

impl WeekCount {
    /// Counts a case of the team on the day of the report.
    pub fn add(&mut self, case: &Case, t: NaiveDate) {
        let this_week = monday(t);
        let last_week = this_week.checked_sub_days(Days::new(7)).unwrap_or(NaiveDate::MIN);
        let in_last_week = |day: NaiveDate| last_week <= day && day < this_week;
        self.begun += u32::from(case.start().is_some_and(in_last_week));
        if case.ended_by(t).is_some_and(in_last_week) {
            self.ended += 1;
            self.placed += u32::from(case.ende_grund == Some(EndeGrund::Integration));
        }
        if !case.in_main_care(t) {
            return;
        }
        self.open += 1;
        match &case.bak {
            Some(bak) if self.baks.binary_search(bak).is_ok() => {}
            Some(bak) => {
                if let Err(place) = self.others.binary_search(bak) {
                    self.others.insert(place, bak.clone());
                }
            }
            None => self.unassigned += 1,
        }
        let end = case.start().map(|start| end_begin(start, 6)).filter(|end| *end >= this_week);
        let weeks = end.and_then(|end| usize::try_from((end - this_week).num_weeks()).ok());
        if let Some(count) = weeks.and_then(|week| self.returns.get_mut(week)) {
            *count += 1;
        }
    }

    /// Everybody whose load the report states, in order.
    pub fn everybody(&self) -> impl Iterator<Item = &String> {
        let mut all: Vec<&String> = self.baks.iter().chain(&self.others).collect();
        all.sort_unstable();
        all.into_iter()
    }

    /// The Mondays of the weeks of [`returns`](Self::returns), with their numbers.
    pub fn returns_by_week(&self, t: NaiveDate) -> Vec<(NaiveDate, u32)> {
        let weeks = (0_u64..).zip(self.returns);
        weeks.map(|(n, count)| (monday(t).checked_add_days(Days::new(7 * n)).unwrap_or(t), count)).collect()
    }
}

/// How many entries a week the rules ask for so many clients in main care: contacts and search runs. BAK-Konzept §7 asks
/// for 2 search runs a week, an employer contact in two weeks, a client contact in four: 110 for 40 clients.
pub fn entries_a_week(rules: &[Rule], clients: u32) -> u32 {
    // In 28 days, in hundredths, as a rule may count in any number of days.
    let of_one: i64 = rules
        .iter()
        .filter(|rule| rule.enabled)
        .map(|rule| match &rule.kind {
            Kind::SearchRuns(runs) if runs.scope == Scope::MainCare => i64::from(runs.per_week) * 400,
            Kind::Cadence(cadence) if cadence.scope == Scope::MainCare => 2_800 / cadence.days.max(1),
            _ => 0,
        })
        .sum();
    u32::try_from((i64::from(clients) * of_one + 200) / 400).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Kennung;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn case(start: &str, end: Option<(&str, EndeGrund)>) -> Case {
        Case {
            fallnr: "1".to_owned(),
            bezeichnung: String::new(),
            bak: Some("BAK1".to_owned()),
            ifk: None,
            team: "T1".to_owned(),
            region: String::new(),
            kennung: None,
            kennung_seit: None,
            uebergabe_am: None,
            hauptbetreuer_seit: Some(day(start)),
            ende_am: end.map(|(end, _)| day(end)),
            ende_grund: end.map(|(_, why)| why),
            rueckgabegespraech_am: None,
            fazit_am: None,
        }
    }

    #[test]
    fn what_came_and_went_is_that_of_the_last_week_whole() {
        // A Wednesday: the report may be written on any day.
        let t = day("2026-11-25");
        for (start, end, expected) in [
            ("2026-11-15", None, (0, 0, 0)),
            ("2026-11-16", None, (1, 0, 0)),
            ("2026-11-22", None, (1, 0, 0)),
            ("2026-11-23", None, (0, 0, 0)),
            ("2026-06-01", Some(("2026-11-15", EndeGrund::Integration)), (0, 0, 0)),
            ("2026-06-01", Some(("2026-11-16", EndeGrund::Integration)), (0, 1, 1)),
            ("2026-06-01", Some(("2026-11-22", EndeGrund::RueckgabeFrist)), (0, 1, 0)),
            ("2026-06-01", Some(("2026-11-23", EndeGrund::Integration)), (0, 0, 0)),
            ("2026-11-16", Some(("2026-11-20", EndeGrund::RueckgabeSonstige)), (1, 1, 0)),
        ] {
            let mut count = WeekCount::default();
            count.add(&case(start, end), t);
            assert_eq!((count.begun, count.ended, count.placed), expected, "{start} {end:?}");
        }
    }

    #[test]
    fn returns_stand_in_the_week_in_which_six_months_end() {
        let t = day("2026-11-25");
        for (start, week) in [
            // By the letter on Sunday of the week before, on this week's Monday, its Sunday, the next Monday.
            ("2026-05-23", None),
            ("2026-05-24", Some(0)),
            ("2026-05-30", Some(0)),
            ("2026-05-31", Some(1)),
            ("2026-07-18", Some(7)),
            ("2026-07-19", None),
        ] {
            let mut count = WeekCount::default();
            count.add(&case(start, None), t);
            let found = count.returns.iter().position(|n| *n > 0);
            assert_eq!(found, week, "{start}");
        }
        let mut count = WeekCount::default();
        count.add(&Case { kennung: Some(Kennung::Bak16e), kennung_seit: Some(t), ..case("2026-06-01", None) }, t);
        assert_eq!(count, WeekCount::default(), "whoever is watched is not in main care");
        assert_eq!(count.returns_by_week(t)[..2], [(day("2026-11-23"), 0), (day("2026-11-30"), 0)]);
    }
}
