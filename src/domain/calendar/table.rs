//! A calendar worked out beforehand for a century, so that a question about one of its days is a look and not a search.
//! Whatever lies outside it says so, and the calendar counts.

use chrono::{Datelike, NaiveDate};

use super::{Calendar, weekend};

/// The years that every calendar tabulates. Other years get the same answers, more slowly.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Every day of [`YEARS`].
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The first day, in days of the Common Era.
    origin: i32,
    /// Per day: what it is, and how many workdays of the table there are up to and including it.
    days: Vec<(u8, u16)>,
    /// The workdays in order.
    workdays: Vec<NaiveDate>,
}

impl Table {
    pub(super) fn of(calendar: &Calendar) -> Self {
        let Some(first) = NaiveDate::from_ymd_opt(*YEARS.start(), 1, 1) else { return Self::default() };
        let dates = || first.iter_days().take_while(|d| YEARS.contains(&d.year()));
        let days = dates().map(|d| (weekend(d), 0)).collect();
        let mut table = Self { origin: first.num_days_from_ce(), days, workdays: Vec::new() };
        for (d, why) in YEARS.flat_map(|year| calendar.closed_in(year)) {
            if let Some(index) = table.index(d) {
                table.days[index].0 |= why;
            }
        }
        let mut until = 0;
        for ((what, workdays_until), d) in table.days.iter_mut().zip(dates()) {
            if *what == 0 {
                until += 1;
                table.workdays.push(d);
            }
            *workdays_until = until;
        }
        table
    }

    fn index(&self, d: NaiveDate) -> Option<usize> {
        let index = usize::try_from(d.num_days_from_ce() - self.origin).ok()?;
        (index < self.days.len()).then_some(index)
    }

    pub(super) fn day(&self, d: NaiveDate) -> Option<u8> {
        self.index(d).map(|index| self.days[index].0)
    }

    pub(super) fn workdays_until(&self, d: NaiveDate) -> Option<u16> {
        self.index(d).map(|index| self.days[index].1)
    }

    /// The `n`-th workday after or before `d`, if both lie in the table; `n` is not 0.
    pub(super) fn wd(&self, d: NaiveDate, n: i32) -> Option<NaiveDate> {
        let (what, until) = self.days[self.index(d)?];
        let steps = n.unsigned_abs() as usize;
        let index = if n > 0 {
            usize::from(until).checked_add(steps - 1)?
        } else {
            usize::from(until - u16::from(what == 0)).checked_sub(steps)?
        };
        self.workdays.get(index).copied()
    }
}
