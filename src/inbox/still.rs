//! Which files of the folder have been left alone long enough to be whole. Pure: what a look found, and when.
//!
//! Two looks are compared by what they saw, and the time between them is that of the one clock: the time of change that a
//! file carries comes from a Windows client whose clock may be anywhere, so it is compared with itself alone. The inode is
//! left out on purpose: network file systems make it up and may do so anew at each look, and whoever puts another file
//! into the place of one changes the server's time of change as well.

use std::collections::BTreeMap;
use std::ffi::OsString;

use chrono::{DateTime, TimeDelta, Utc};

/// Files of one delivery come one after the other: while one is still being written the others wait for it, but no longer
/// than this.
const TOGETHER: TimeDelta = TimeDelta::minutes(5);
/// A file that somebody has open in Office waits so long; then it is read as it was last saved. Office leaves its mark
/// behind when it crashes.
const OPEN_FOR: TimeDelta = TimeDelta::minutes(15);

/// What a file looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    /// Bytes.
    pub(super) size: u64,
    /// When its content changed, by whatever clock: seconds, nanoseconds.
    pub(super) modified: (i64, i64),
    /// When anything of it changed, by the clock of who keeps it.
    pub(super) changed: (i64, i64),
}

/// A file as a look found it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: OsString,
    pub(super) signature: Signature,
    /// Whether somebody has it open in Office.
    pub(super) open: bool,
}

/// Why a file waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It has changed, or has not been looked at for long enough.
    Young,
    /// Somebody has it open in Office.
    Open,
    /// It can be read, but is only half there.
    Half,
    /// Somebody keeps others from reading it.
    Locked,
    /// It cannot be read.
    Unreadable(&'static str),
}

/// A file that waits, and since when it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) name: OsString,
    pub(super) since: DateTime<Utc>,
    pub(super) why: Why,
}

#[derive(Debug, Clone)]
struct Seen {
    signature: Signature,
    /// Since when it looks so.
    since: DateTime<Utc>,
    /// Since when it lies there.
    first: DateTime<Utc>,
}

/// What earlier looks saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(BTreeMap<OsString, Seen>);

/// What a look comes to.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Whole, as far as can be seen from outside.
    pub(super) whole: Vec<(OsString, Signature)>,
    /// Not yet.
    pub(super) waiting: Vec<Waiting>,
    /// Whether the whole ones have waited for the others for long enough.
    pub(super) patient: bool,
}

impl Memory {
    /// Compares what is there now with what was there before, and remembers it.
    pub(super) fn look(&mut self, found: Vec<Found>, now: DateTime<Utc>, settle: TimeDelta) -> Verdict {
        let mut seen = BTreeMap::new();
        let mut verdict = Verdict::default();
        for Found { name, signature, open } in found {
            let before = self.0.remove(&name);
            // A clock that was set back begins anew, and does not make it wait for days.
            let first = before.as_ref().map_or(now, |seen| seen.first.min(now));
            let same = before.filter(|seen| seen.signature == signature && seen.since <= now);
            let since = same.map_or(now, |seen| seen.since);
            seen.insert(name.clone(), Seen { signature, since, first });
            let age = now - since;
            let why = match () {
                () if age < settle => Some(Why::Young),
                () if open && age < settle + OPEN_FOR => Some(Why::Open),
                () => None,
            };
            if let Some(why) = why {
                verdict.waiting.push(Waiting { name, since: first, why });
            } else {
                verdict.patient |= age >= settle + TOGETHER;
                verdict.whole.push((name, signature));
            }
        }
        self.0 = seen;
        verdict
    }

    /// Since when a file lies there.
    pub(super) fn since(&self, name: &OsString, now: DateTime<Utc>) -> DateTime<Utc> {
        self.0.get(name).map_or(now, |seen| seen.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, size: u64, modified: i64, open: bool) -> Found {
        let signature = Signature { size, modified: (modified, 0), changed: (0, 0) };
        Found { name: name.into(), signature, open }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    /// Names of what is whole, names of what waits.
    fn look(memory: &mut Memory, second: i64, files: &[Found]) -> (Vec<String>, Vec<(String, Why)>, bool) {
        let verdict = memory.look(files.to_vec(), at(second), TimeDelta::seconds(10));
        let text = |name: OsString| name.into_string().unwrap();
        let whole = verdict.whole.into_iter().map(|(name, _)| text(name)).collect();
        (whole, verdict.waiting.into_iter().map(|w| (text(w.name), w.why)).collect(), verdict.patient)
    }

    #[test]
    fn a_file_is_whole_when_it_has_not_changed_for_long_enough_by_our_clock() {
        // (what, second, size, time of change as the client says it, whole)
        let looks = [
            ("it comes", 0, 10, -900_000_000, false),
            ("it grows", 60, 20, -900_000_000, false),
            ("its time of change moves, to the future", 120, 20, 900_000_000, false),
            ("too short", 129, 20, 900_000_000, false),
            ("long enough", 130, 20, 900_000_000, true),
            ("the clock is set back", 5, 20, 900_000_000, false),
            ("and goes on", 15, 20, 900_000_000, true),
        ];
        let mut memory = Memory::default();
        for (what, second, size, modified, whole) in looks {
            let (found_whole, ..) = look(&mut memory, second, &[found("a.csv", size, modified, false)]);
            assert_eq!(!found_whole.is_empty(), whole, "{what}");
        }
        look(&mut memory, 20, &[]);
        let (whole, ..) = look(&mut memory, 30, &[found("a.csv", 20, 900_000_000, false)]);
        assert!(whole.is_empty(), "what was gone is new");
    }

    #[test]
    fn whole_files_wait_for_the_others_for_a_while() {
        let mut memory = Memory::default();
        for (second, patient) in [(0_i64, false), (60, false), (240, false), (310, true)] {
            let files = [found("a.csv", 1, 0, false), found("b.csv", second.unsigned_abs(), 0, false)];
            let (whole, waiting, is_patient) = look(&mut memory, second, &files);
            assert_eq!(is_patient, patient, "at {second}");
            assert_eq!(whole.len(), usize::from(second > 0));
            assert!(waiting.iter().any(|(name, why)| name == "b.csv" && *why == Why::Young));
        }
    }

    #[test]
    fn what_is_open_in_office_waits_and_not_for_ever() {
        let mut memory = Memory::default();
        let open = [found("liste.xlsx", 1, 0, true)];
        look(&mut memory, 0, &open);
        assert_eq!(look(&mut memory, 600, &open).1, [("liste.xlsx".to_owned(), Why::Open)]);
        assert_eq!(look(&mut memory, 15 * 60 + 10, &open).0, ["liste.xlsx"]);
        assert_eq!(look(&mut memory, 15 * 60 + 11, &[found("liste.xlsx", 1, 0, false)]).0, ["liste.xlsx"]);
    }
}
