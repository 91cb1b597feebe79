//! Which days are worked on, and what follows for dates.
//!
//! A *Werktag* is Monday to Friday and no public holiday of the Land; a *workday* is a Werktag that is not dienstfrei.
//! Deadlines that the law shifts roll over Werktage (SGB X §26(3)); everything the office does, it does on workdays.
//! A [`Calendar`] knows one place: a Land, its regional holidays, the days an office is closed by its own decision. It
//! does not know what day it is. `feiertage` holds the holiday law, `fristen` the arithmetic of months and weeks.
//!
//! Nothing here fails: a day that no date can hold becomes [`NaiveDate::MIN`] or [`NaiveDate::MAX`].

mod feiertage;
mod fristen;

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};

use feiertage::Feiertage;
pub use feiertage::{Bundesland, Regional, UnknownBundesland, UnknownRegional};
pub use fristen::{add_months, before, end_begin, iso_week, monday, parse_iso_week};

/// The years that every calendar tabulates. Other years get the same answers, more slowly.
const TABLED_YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

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

/// Every day of [`TABLED_YEARS`], so that no question about one of them needs a search.
#[derive(Debug, Default)]
struct Table {
    /// The first day, in days of the Common Era.
    origin: i32,
    /// Per day: what it is, and how many workdays of the table there are up to and including it.
    days: Vec<(u8, u16)>,
    /// The workdays in order.
    workdays: Vec<NaiveDate>,
}

impl Table {
    fn of(calendar: &Calendar) -> Self {
        let Some(first) = NaiveDate::from_ymd_opt(*TABLED_YEARS.start(), 1, 1) else { return Self::default() };
        let dates = || first.iter_days().take_while(|d| TABLED_YEARS.contains(&d.year()));
        let days = dates().map(|d| (weekend(d), 0)).collect();
        let mut table = Self { origin: first.num_days_from_ce(), days, workdays: Vec::new() };
        for (d, why) in TABLED_YEARS.flat_map(|year| calendar.closed_in(year)) {
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

    fn day(&self, d: NaiveDate) -> Option<u8> {
        self.index(d).map(|index| self.days[index].0)
    }

    fn workdays_until(&self, d: NaiveDate) -> Option<u16> {
        self.index(d).map(|index| self.days[index].1)
    }

    /// The `n`-th workday after or before `d`, if both lie in the table; `n` is not 0.
    fn wd(&self, d: NaiveDate, n: i32) -> Option<NaiveDate> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn day(iso: &str) -> NaiveDate {
        iso.parse().unwrap()
    }

    fn heilbronn() -> Calendar {
        Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default())
    }

    /// Calendars that differ in all they can: Land, regional holidays, dienstfrei days that meet holidays and weekends.
    fn places() -> [Calendar; 4] {
        let odd = Dienstfrei {
            yearly: vec![(12, 24), (12, 31), (12, 25), (12, 24), (2, 29), (2, 30), (13, 1), (0, 0)],
            single: vec![day("2026-05-15"), day("1989-11-09"), day("2026-05-14"), day("2101-02-01"), day("2026-05-15")],
        };
        [
            heilbronn(),
            Calendar::new(Bundesland::By, &[Regional::MariaeHimmelfahrt, Regional::Friedensfest], &odd),
            Calendar::new(Bundesland::Sn, &[Regional::Fronleichnam], &odd),
            Calendar::new(Bundesland::Be, &[], &Dienstfrei { yearly: Vec::new(), single: Vec::new() }),
        ]
    }

    /// Numbers without pattern, the same in every run.
    fn numbers() -> impl Iterator<Item = i32> {
        let step =
            |seed: &u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        std::iter::successors(Some(7), step).map(|seed| (seed >> 33) as i32)
    }

    /// The definition of [`Calendar::wd`], day by day and without the table.
    fn plain_wd(calendar: &Calendar, mut d: NaiveDate, n: i32) -> NaiveDate {
        let mut left = n.abs();
        while left > 0 {
            d = if n > 0 { d.succ_opt().unwrap() } else { d.pred_opt().unwrap() };
            left -= i32::from(calendar.day_by_law(d) == 0);
        }
        d
    }

    fn plain_between(calendar: &Calendar, a: NaiveDate, b: NaiveDate) -> i64 {
        let count = |a: NaiveDate, b: NaiveDate| {
            a.iter_days().skip(1).take_while(|d| *d <= b).filter(|d| calendar.day_by_law(*d) == 0).count() as i64
        };
        if a <= b { count(a, b) } else { -count(b, a) }
    }

    /// Three weeks around both ends of the table.
    fn edges() -> impl Iterator<Item = NaiveDate> {
        ["1989-12-20", "2100-12-20"].into_iter().flat_map(|start| day(start).iter_days().take(24))
    }

    #[test]
    fn what_the_office_must_do_rolls_back_and_what_it_waits_for_rolls_forward() {
        let calendar = heilbronn();
        for (d, back, fwd, werktag) in [
            ("2026-11-23", "2026-11-23", "2026-11-23", "2026-11-23"), // a Monday
            ("2026-11-28", "2026-11-27", "2026-11-30", "2026-11-30"), // a Saturday
            ("2026-04-03", "2026-04-02", "2026-04-07", "2026-04-07"), // Karfreitag to Ostermontag
            ("2026-12-24", "2026-12-23", "2026-12-28", "2026-12-24"), // dienstfrei does not move the law
            ("2026-12-25", "2026-12-23", "2026-12-28", "2026-12-28"),
            ("2026-12-31", "2026-12-30", "2027-01-04", "2026-12-31"),
        ] {
            assert_eq!(calendar.back(day(d)), day(back), "back from {d}");
            assert_eq!(calendar.fwd(day(d)), day(fwd), "forward from {d}");
            assert_eq!(calendar.fwd_werktag(day(d)), day(werktag), "forward over Werktage from {d}");
        }
    }

    #[test]
    fn workdays_are_counted_without_the_day_itself() {
        let calendar = heilbronn();
        for (d, n, expected) in [
            ("2026-11-23", 0, "2026-11-23"),
            ("2026-11-28", 0, "2026-11-28"), // not even from a Saturday
            ("2026-11-23", 1, "2026-11-24"),
            ("2026-11-23", -1, "2026-11-20"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-11-28", -1, "2026-11-27"),
            ("2026-12-23", 1, "2026-12-28"),
            ("2026-12-30", 3, "2027-01-07"), // over Heilige Drei Könige
            ("2027-01-07", -3, "2026-12-30"),
        ] {
            assert_eq!(calendar.wd(day(d), n), day(expected), "{d} {n:+}");
        }
        assert_eq!(calendar.workdays_between(day("2026-11-20"), day("2026-11-23")), 1);
        assert_eq!(calendar.workdays_between(day("2026-11-23"), day("2026-11-20")), -1);
        assert_eq!(calendar.workdays_between(day("2026-11-20"), day("2026-11-22")), 0);
        assert_eq!(calendar.workdays_between(day("2026-11-23"), day("2026-11-23")), 0);
        assert_eq!(calendar.workdays_between(day("2026-12-31"), day("2027-12-31")), 251);
    }

    #[test]
    fn a_closed_day_says_why() {
        let calendar = heilbronn();
        for (d, why, word) in [
            ("2026-11-28", Closed::Samstag, "Samstag"),
            ("2026-11-29", Closed::Sonntag, "Sonntag"),
            ("2026-04-03", Closed::Feiertag("Karfreitag"), "Karfreitag"),
            ("2026-10-03", Closed::Feiertag("Tag der Deutschen Einheit"), "Tag der Deutschen Einheit"), // a Saturday
            ("2026-12-24", Closed::Dienstfrei, "dienstfrei"),
            ("2028-12-24", Closed::Sonntag, "Sonntag"),
        ] {
            assert_eq!(calendar.closed_because(day(d)), Some(why), "{d}");
            assert_eq!(why.to_string(), word);
        }
        assert_eq!(calendar.closed_because(day("2026-11-23")), None);
        assert!(calendar.is_dienstfrei(day("2028-12-24")));
        assert_eq!(calendar.land(), Bundesland::Bw);
    }

    #[test]
    fn single_closed_days_close_one_day_only() {
        let [_, augsburg, ..] = places();
        assert_eq!(augsburg.closed_because(day("2026-05-15")), Some(Closed::Dienstfrei));
        assert_eq!(augsburg.closed_because(day("2026-05-14")), Some(Closed::Feiertag("Christi Himmelfahrt")));
        assert_eq!(augsburg.closed_because(day("2025-05-15")), None);
        assert_eq!(augsburg.closed_because(day("2101-02-01")), Some(Closed::Dienstfrei));
        assert_eq!(augsburg.closed_because(day("2028-02-29")), Some(Closed::Dienstfrei));
    }

    #[test]
    fn every_tabled_day_is_what_the_law_says() {
        for calendar in places() {
            for d in day("1989-01-01").iter_days().take_while(|d| d.year() <= 2101) {
                assert_eq!(calendar.day(d), calendar.day_by_law(d), "{} {d}", calendar.land.code());
                assert_eq!(calendar.is_workday(d), calendar.closed_because(d).is_none(), "{d}");
                assert_eq!(calendar.is_workday(d), calendar.is_werktag(d) && !calendar.is_dienstfrei(d), "{d}");
            }
        }
    }

    #[test]
    fn the_table_answers_as_counting_does_at_its_edges() {
        for calendar in places() {
            for d in edges() {
                for n in -20..=20 {
                    let expected = plain_wd(&calendar, d, n);
                    assert_eq!(calendar.wd(d, n), expected, "{d} {n:+}");
                    assert_eq!(calendar.wd_by_counting(d, n), expected, "{d} {n:+}");
                }
                for other in edges().filter(|other| (*other - d).num_days().abs() < 50) {
                    let expected = plain_between(&calendar, d, other);
                    assert_eq!(calendar.workdays_between(d, other), expected, "{d} {other}");
                }
                let nearest = |step: i32| if calendar.day_by_law(d) == 0 { d } else { plain_wd(&calendar, d, step) };
                assert_eq!((calendar.back(d), calendar.fwd(d)), (nearest(-1), nearest(1)), "{d}");
            }
        }
    }

    #[test]
    fn the_table_answers_as_counting_does_on_any_day() {
        let mut numbers = numbers();
        let mut next = |limit: i32| numbers.next().map_or(0, |n| n.rem_euclid(limit));
        for calendar in places() {
            for _ in 0..1_000 {
                let d = NaiveDate::from_yo_opt(1960 + next(170), 1 + next(365) as u32).unwrap();
                let n = next(121) - 60;
                assert_eq!(calendar.wd(d, n), plain_wd(&calendar, d, n), "{d} {n:+}");
                let other = add_months(d, next(49) - 24);
                assert_eq!(calendar.workdays_between(d, other), plain_between(&calendar, d, other), "{d} {other}");
            }
        }
    }

    #[test]
    fn whole_years_are_counted_as_their_days() {
        for calendar in places() {
            for year in (1880..2210).chain([NaiveDate::MIN.year(), -1, 0, 9999, NaiveDate::MAX.year()]) {
                let days = (1..=366).filter_map(|day| NaiveDate::from_yo_opt(year, day));
                let expected = days.filter(|d| calendar.day_by_law(*d) == 0).count();
                assert_eq!(calendar.workdays_of_year(year) as usize, expected, "{year}");
            }
            for (from, n) in
                [("1987-07-15", 31_000), ("2101-03-01", -28_500), ("2026-11-23", 20_000), ("9999-12-31", -5_000)]
            {
                assert_eq!(calendar.wd(day(from), n), plain_wd(&calendar, day(from), n), "{from} {n:+}");
            }
            let (a, b) = (day("1988-02-29"), day("2103-05-05"));
            assert_eq!(calendar.workdays_between(a, b), plain_between(&calendar, a, b));
            assert_eq!(calendar.workdays_between(b, a), plain_between(&calendar, b, a));
        }
    }

    #[test]
    fn no_date_is_too_far() {
        let calendar = heilbronn();
        let far = ["0001-01-01", "1582-10-15", "9999-12-31"].map(day);
        for d in far.into_iter().chain([NaiveDate::MIN, NaiveDate::MAX]) {
            assert_eq!(calendar.day(d), calendar.day_by_law(d));
            let (back, fwd) = (calendar.back(d), calendar.fwd(d));
            assert!(back <= d && d <= calendar.fwd_werktag(d) && calendar.fwd_werktag(d) <= fwd, "{d}");
            assert_eq!(calendar.is_workday(d), calendar.closed_because(d).is_none(), "{d}");
        }
        assert_eq!(calendar.back(day("9999-12-31")), day("9999-12-30"));
        assert_eq!(calendar.back(NaiveDate::MIN), NaiveDate::MIN);
        assert_eq!(calendar.fwd(NaiveDate::MAX), NaiveDate::MAX);
        assert_eq!(calendar.wd(NaiveDate::MAX, i32::MAX), NaiveDate::MAX);
        assert_eq!(calendar.wd(NaiveDate::MIN, i32::MIN), NaiveDate::MIN);
        assert_eq!(calendar.wd(day("+262140-06-01"), i32::MAX), NaiveDate::MAX);
        assert_eq!(calendar.wd(day("-262140-06-01"), i32::MIN), NaiveDate::MIN);
        let (a, b) = (day("-262143-01-01"), day("-262000-12-31"));
        assert_eq!(calendar.workdays_between(b, a), -calendar.workdays_between(a, b));
    }

    #[test]
    fn an_office_that_is_always_closed_does_not_search_forever() {
        let yearly = (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day))).collect();
        let closed = Calendar::new(Bundesland::Th, &[], &Dienstfrei { yearly, single: Vec::new() });
        assert_eq!(closed.fwd(day("+262130-01-01")), NaiveDate::MAX);
        assert_eq!(closed.back(day("-262130-01-01")), NaiveDate::MIN);
        assert_eq!(closed.workdays_between(day("2000-01-01"), day("2090-01-01")), 0);
    }
}
