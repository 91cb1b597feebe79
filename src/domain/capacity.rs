//! Main care per BAK (RULES.md §4).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::calendar::end_begin;
use super::facts::{Case, Colleague, Rolle};

/// Cases end "soon" within so many days.
const SOON_DAYS: u64 = 28;

/// Clients per BAK (BAK-Konzept §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// To begin with.
    pub start: u32,
    /// At most.
    pub limit: u32,
}

impl Default for Places {
    fn default() -> Self {
        Self { start: 20, limit: 50 }
    }
}

/// The size that main care has grown past: the largest of `sizes` that it had not passed before and has now.
pub fn grown_past(before: u32, now: u32, sizes: &[u32]) -> Option<u32> {
    sizes.iter().copied().filter(|size| before <= *size && *size < now).max()
}

/// One BAK's main care on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Running on the day.
    pub open: u32,
    /// Of these, six months over within 28 days.
    pub ends_within_28_days: u32,
}

/// The main care of all BAKs, added up case by case.
#[derive(Debug, Clone, Default)]
pub struct Capacity {
    per_bak: BTreeMap<String, Load>,
}

/// The last day by the letter of a case's six months, if main care runs on `t` and it comes within 28 days.
pub fn ends_soon(case: &Case, t: NaiveDate) -> Option<NaiveDate> {
    let soon = t.checked_add_days(chrono::Days::new(SOON_DAYS)).unwrap_or(NaiveDate::MAX);
    let start = case.start().filter(|_| case.in_main_care(t))?;
    Some(end_begin(start, 6)).filter(|end| *end <= soon)
}

impl Capacity {
    /// Gives a colleague who is BAK a row, if only of zeros.
    pub fn colleague(&mut self, c: &Colleague) {
        if c.rolle == Rolle::Bak {
            self.per_bak.entry(c.kuerzel.clone()).or_default();
        }
    }

    /// Counts a case; one without a BAK is counted for nobody.
    pub fn add(&mut self, case: &Case, t: NaiveDate) {
        let Some(bak) = case.bak.as_ref().filter(|_| case.in_main_care(t)) else { return };
        if !self.per_bak.contains_key(bak) {
            self.per_bak.insert(bak.clone(), Load::default());
        }
        if let Some(load) = self.per_bak.get_mut(bak) {
            load.open += 1;
            load.ends_within_28_days += u32::from(ends_soon(case, t).is_some());
        }
    }

    /// The rows in order of kuerzel.
    pub fn rows(&self) -> impl Iterator<Item = (&str, Load)> {
        self.per_bak.iter().map(|(bak, load)| (bak.as_str(), *load))
    }

    /// One BAK's row.
    pub fn load(&self, bak: &str) -> Load {
        self.per_bak.get(bak).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::grown_past;

    #[test]
    fn growing_past_a_size_is_told_when_it_happens_and_not_again() {
        for (before, now, sizes, expected) in [
            (40, 40, &[40, 50][..], None),
            (40, 41, &[40, 50], Some(40)),
            (41, 42, &[40, 50], None),
            (49, 50, &[40, 50], None),
            (50, 51, &[40, 50], Some(50)),
            (39, 51, &[40, 50], Some(50)),
            (51, 40, &[40, 50], None),
            (0, 60, &[50], Some(50)),
            (0, 60, &[], None),
        ] {
            assert_eq!(grown_past(before, now, sizes), expected, "{before} → {now}");
        }
    }
}
