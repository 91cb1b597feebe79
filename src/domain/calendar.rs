//! Which days are worked on, and what follows for dates.
//!
//! A *Werktag* is Monday to Friday and no public holiday of the Land; a *workday* is a Werktag that is not dienstfrei.
//! Deadlines that the law shifts roll over Werktage (SGB X §26(3)); everything the office does, it does on workdays.
//! A [`Calendar`] knows one place: a Land, its regional holidays, the days an office is closed by its own decision. It
//! does not know what day it is. `feiertage` holds the holiday law, `fristen` the arithmetic of months and weeks, `table`
//! the answers for the years that are asked about.
//!
//! Nothing here fails: a day that no date can hold becomes [`NaiveDate::MIN`] or [`NaiveDate::MAX`].

mod feiertage;
mod fristen;
mod table;

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};

use feiertage::Feiertage;
pub use feiertage::{Bundesland, Regional, UnknownBundesland, UnknownRegional};
pub use fristen::{add_months, before, end_begin, iso_week, monday, parse_iso_week};
use table::Table;

// What a day is, as bits. A workday is none of these.
const WEEKEND: u8 = 1;
const FEIERTAG: u8 = 2;
const DIENSTFREI: u8 = 4;

/// The days on which an office is closed by its own decision, besides weekends and public holidays.
///
/// They matter to the office alone: the law does not shift a deadline because of them. A date that does not exist
/// (30 February; 29 February in most years) has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dienstfrei {
    /// Every year: month (1 to 12) and day.
    pub yearly: Vec<(u32, u32)>,
    /// Once: a works outing, a bridging day.
    pub single: Vec<NaiveDate>,
}

impl Default for Dienstfrei {
    /// 24 and 31 December.
    fn default() -> Self {
        Self { yearly: vec![(12, 24), (12, 31)], single: Vec::new() }
    }
}

/// Why a day is no workday. `Display` is the German word for it: `Samstag`, `Karfreitag`, `dienstfrei`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closed {
    /// A Saturday.
    Samstag,
    /// A Sunday.
    Sonntag,
    /// A public holiday, with its name.
    Feiertag(&'static str),
    /// Closed by decision of the office.
    Dienstfrei,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Samstag => "Samstag",
            Self::Sonntag => "Sonntag",
            Self::Feiertag(name) => name,
            Self::Dienstfrei => "dienstfrei",
        })
    }
}

/// The days of one place. Built in well under a millisecond, some 270 KB: share it between those of one place.
#[derive(Debug)]
pub struct Calendar {
    land: Bundesland,
    feiertage: Feiertage,
    yearly: Vec<(u32, u32)>,
    /// Sorted.
    single: Vec<NaiveDate>,
    table: Table,
}

impl Calendar {
    /// The calendar of a place. Regional holidays that the Land [does not know](Regional::allowed_in) have no effect.
    pub fn new(land: Bundesland, regional: &[Regional], dienstfrei: &Dienstfrei) -> Self {
        let mut single = dienstfrei.single.clone();
        single.sort_unstable();
        let mut calendar = Self {
            land,
            feiertage: Feiertage::new(land, regional),
            yearly: dienstfrei.yearly.clone(),
            single,
            table: Table::default(),
        };
        calendar.table = Table::of(&calendar);
        calendar
    }

    /// The Land whose holidays these are.
    pub fn land(&self) -> Bundesland {
        self.land
    }

    /// The German name of the public holiday on `d`, also when it falls on a weekend.
    pub fn holiday(&self, d: NaiveDate) -> Option<&'static str> {
        if self.day(d) & FEIERTAG == 0 { None } else { self.feiertage.name(d) }
    }

    /// Whether `d` is Monday to Friday and no public holiday: a day over which the law does not shift (SGB X §26(3)).
    pub fn is_werktag(&self, d: NaiveDate) -> bool {
        self.day(d) & (WEEKEND | FEIERTAG) == 0
    }

    /// Whether the office works on `d`: a Werktag that is not dienstfrei.
    pub fn is_workday(&self, d: NaiveDate) -> bool {
        self.day(d) == 0
    }

    /// Whether `d` is one of the office's own closed days, on whatever day of the week.
    pub fn is_dienstfrei(&self, d: NaiveDate) -> bool {
        self.day(d) & DIENSTFREI != 0
    }

    /// Why `d` is no workday; none if it is one. The holiday goes before the weekend, the weekend before dienstfrei.
    pub fn closed_because(&self, d: NaiveDate) -> Option<Closed> {
        if let Some(name) = self.holiday(d) {
            return Some(Closed::Feiertag(name));
        }
        match d.weekday() {
            Weekday::Sat => Some(Closed::Samstag),
            Weekday::Sun => Some(Closed::Sonntag),
            _ => self.is_dienstfrei(d).then_some(Closed::Dienstfrei),
        }
    }

    /// The nearest workday on or before `d`: for what the office must have done at the latest.
    pub fn back(&self, d: NaiveDate) -> NaiveDate {
        if self.is_workday(d) { d } else { self.wd(d, -1) }
    }

    /// The nearest workday on or after `d`.
    pub fn fwd(&self, d: NaiveDate) -> NaiveDate {
        if self.is_workday(d) { d } else { self.wd(d, 1) }
    }

    /// The nearest Werktag on or after `d`: the end of a deadline set for a client (SGB X §26(3)).
    pub fn fwd_werktag(&self, mut d: NaiveDate) -> NaiveDate {
        while !self.is_werktag(d) {
            let Some(next) = d.succ_opt() else { break };
            d = next;
        }
        d
    }

    /// The `n`-th workday after `d`, or before it if `n` is negative; `d` itself is not counted, `wd(d, 0)` is `d`.
    pub fn wd(&self, d: NaiveDate, n: i32) -> NaiveDate {
        if n == 0 { d } else { self.table.wd(d, n).unwrap_or_else(|| self.wd_by_counting(d, n)) }
    }

    /// The number of workdays after `a` up to and including `b`; negative, those in `(b, a]`, if `b` is before `a`.
    pub fn workdays_between(&self, a: NaiveDate, b: NaiveDate) -> i64 {
        match (self.table.workdays_until(a), self.table.workdays_until(b)) {
            (Some(until_a), Some(until_b)) => i64::from(until_b) - i64::from(until_a),
            _ if a <= b => self.workdays_by_counting(a, b),
            _ => -self.workdays_by_counting(b, a),
        }
    }

    /// What `d` is, as bits.
    fn day(&self, d: NaiveDate) -> u8 {
        self.table.day(d).unwrap_or_else(|| self.day_by_law(d))
    }

    fn day_by_law(&self, d: NaiveDate) -> u8 {
        let feiertag = if self.feiertage.name(d).is_none() { 0 } else { FEIERTAG };
        let own = self.yearly.contains(&(d.month(), d.day())) || self.single.binary_search(&d).is_ok();
        weekend(d) | feiertag | if own { DIENSTFREI } else { 0 }
    }

    /// [`wd`](Self::wd) without the table: day by day, and over whole years at once, because dates come from files
    /// and a mistyped year must not hold up a morning.
    fn wd_by_counting(&self, d: NaiveDate, n: i32) -> NaiveDate {
        let (mut day, mut left) = (d, n.unsigned_abs());
        while left > 0 {
            let Some(next) = (if n > 0 { day.succ_opt() } else { day.pred_opt() }) else { return day };
            let (first, last) = year_of(next);
            let (near, far) = if n > 0 { (first, last) } else { (last, first) };
            if next == near {
                let whole = self.workdays_of_year(next.year());
                if whole < left {
                    (day, left) = (far, left - whole);
                    continue;
                }
            }
            (day, left) = (next, left - u32::from(self.is_workday(next)));
        }
        day
    }

    /// The workdays in `(a, b]` without the table, whole years at once.
    fn workdays_by_counting(&self, a: NaiveDate, b: NaiveDate) -> i64 {
        let (mut day, mut count) = (a, 0);
        while day < b {
            let Some(next) = day.succ_opt() else { break };
            let (first, last) = year_of(next);
            if next == first && last <= b {
                (day, count) = (last, count + i64::from(self.workdays_of_year(next.year())));
            } else {
                (day, count) = (next, count + i64::from(self.is_workday(next)));
            }
        }
        count
    }

    fn workdays_of_year(&self, year: i32) -> u32 {
        let is_weekday = |d: &NaiveDate| weekend(*d) == 0;
        // 52 whole weeks, and the one or two days that follow them.
        let rest = [365, 366].into_iter().filter_map(|day| NaiveDate::from_yo_opt(year, day)).filter(is_weekday);
        let mut closed: Vec<NaiveDate> = self.closed_in(year).map(|(d, _)| d).filter(is_weekday).collect();
        closed.sort_unstable();
        closed.dedup();
        (52 * 5 + rest.count()).saturating_sub(closed.len()) as u32
    }

    /// The days of a year that are closed for another reason than the weekend; a day may come twice.
    fn closed_in(&self, year: i32) -> impl Iterator<Item = (NaiveDate, u8)> {
        let first = self.single.partition_point(|d| d.year() < year);
        let single = self.single[first..].iter().copied().take_while(move |d| d.year() == year);
        let yearly = self.yearly.iter().filter_map(move |(month, day)| NaiveDate::from_ymd_opt(year, *month, *day));
        self.feiertage.of_year(year).map(|(d, _)| (d, FEIERTAG)).chain(single.chain(yearly).map(|d| (d, DIENSTFREI)))
    }
}

fn weekend(d: NaiveDate) -> u8 {
    if d.weekday().num_days_from_monday() < 5 { 0 } else { WEEKEND }
}

/// First and last day of the year of `d`.
fn year_of(d: NaiveDate) -> (NaiveDate, NaiveDate) {
    let day = |month, day| NaiveDate::from_ymd_opt(d.year(), month, day).unwrap_or(d);
    (day(1, 1), day(12, 31))
}

#[cfg(test)]
mod tests;
