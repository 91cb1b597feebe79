//! Wrong input that is nearly right: a valid sample, changed in a few places. Noise alone seldom gets past a first line.
//!
//! [`Corpus::hold`] tries a check on many such inputs. As a test it lets proptest choose, which shrinks what it finds;
//! with `FUZZ_CASES` (and `FUZZ_SEED`, `FUZZ_SECONDS`) it takes as many as asked from a generator that costs next to
//! nothing, and says how far it got. Either way an input is at most 64 KiB, so that what takes more than linear time
//! or memory shows: the test says so when the process has grown by more than 64 MiB.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// No input is longer.
const MOST: usize = 64 << 10;
/// What a check may need beyond what the process had before (KiB).
const MEMORY: u64 = 64 << 10;

/// Set in a process that holds one test alone.
const ALONE: &str = "FUZZ_ALONE";

/// One change: what is done, where, how much, and with what.
pub(crate) type Edit = (u8, u32, u32, u32);

/// Valid inputs, and the words that mean something in them.
pub(crate) struct Corpus<'a> {
    /// What is changed.
    pub(crate) samples: &'a [&'a [u8]],
    /// What is put in.
    pub(crate) tokens: &'a [&'a [u8]],
}

impl Corpus<'_> {
    /// The sample of this number with these changes.
    pub(crate) fn input(&self, sample: u32, edits: &[Edit]) -> Vec<u8> {
        let of = |all: &[&[u8]], n: u32| all.get(n as usize % all.len().max(1)).copied().unwrap_or_default().to_vec();
        let mut bytes = of(self.samples, sample);
        for (what, at, length, with) in edits {
            let at = *at as usize % (bytes.len() + 1);
            // Short pieces matter more often than long ones.
            let limit = if with % 4 == 0 { bytes.len() } else { 16 };
            let end = (at + *length as usize % (limit + 1)).min(bytes.len());
            match what % 10 {
                0 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = *with as u8),
                1 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << (with % 8)),
                2 => drop(bytes.drain(at..end)),
                3 => bytes.truncate(at),
                4 => drop(bytes.splice(at..at, of(self.tokens, *with))),
                5 => drop(bytes.splice(at..end, of(self.tokens, *with))),
                6 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
                7 => {
                    let other = of(self.samples, *with);
                    let from = *length as usize % (other.len() + 1);
                    bytes.splice(at.., other[from..].iter().copied());
                }
                8 => {
                    let piece = bytes[at..end].to_vec();
                    let times = (*length as usize % 1_000).min(MOST / piece.len().max(1));
                    bytes.splice(at..at, piece.repeat(times));
                }
                _ => {
                    let token = of(self.tokens, *with);
                    let times = (*length as usize % 4_000).min(MOST / token.len().max(1));
                    bytes.splice(at..at, token.repeat(times));
                }
            }
            bytes.truncate(MOST);
        }
        bytes
    }

    /// Whether `check` ends well on all inputs: as many as `cases`, or as the environment asks for.
    pub(crate) fn hold(&self, name: &str, cases: u32, check: impl Fn(&[u8])) {
        // Memory is the process's, and other tests share this one: the same test again, alone.
        let test = std::thread::current().name().unwrap_or("main").to_owned();
        if test != "main" && std::env::var_os(ALONE).is_none() {
            let own = std::env::current_exe().unwrap();
            let status = Command::new(own).args([&*test, "--exact", "--nocapture"]).env(ALONE, "1").status().unwrap();
            assert!(status.success(), "{name}: {status}");
            return;
        }
        let before = kib("VmRSS");
        let asked = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
        match asked("FUZZ_CASES") {
            None => self.shrinking(cases, &check),
            Some(cases) => {
                let seconds = asked("FUZZ_SECONDS").unwrap_or(u64::MAX / 2);
                self.many(name, cases, asked("FUZZ_SEED").unwrap_or(1), Duration::from_secs(seconds), &check);
            }
        }
        let grown = kib("VmHWM").saturating_sub(before);
        assert!(grown <= MEMORY, "{name}: the process grew by {grown} KiB");
    }

    fn shrinking(&self, cases: u32, check: &impl Fn(&[u8])) {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let edits = prop::collection::vec(any::<Edit>(), 0..12);
        let noise = prop::collection::vec(any::<u8>(), 0..200);
        let input = prop_oneof![
            9 => (any::<u32>(), edits).prop_map(|(sample, edits)| self.input(sample, &edits)),
            1 => noise,
        ];
        let ran = TestRunner::new(config).run(&input.prop_map(Shown), |Shown(bytes)| {
            check(&bytes);
            Ok(())
        });
        ran.unwrap_or_else(|e| panic!("{e}"));
    }

    fn many(&self, name: &str, cases: u64, seed: u64, limit: Duration, check: &impl Fn(&[u8])) {
        let start = Instant::now();
        let (mut slowest, mut done) = (Duration::ZERO, 0);
        while done < cases && start.elapsed() < limit {
            let input = self.drawn(seed.wrapping_add(done));
            let one = Instant::now();
            let ended = catch_unwind(AssertUnwindSafe(|| check(&input)));
            assert!(ended.is_ok(), "{name}: FUZZ_SEED={}, input {}", seed.wrapping_add(done), input.escape_ascii());
            slowest = slowest.max(one.elapsed());
            done += 1;
        }
        println!("{name}: {done} inputs in {:?}, the slowest {slowest:?}", start.elapsed());
    }

    fn drawn(&self, seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut draw = || {
            // SplitMix64: neighbouring seeds have nothing in common.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 16) as u32
        };
        if draw() % 10 == 0 {
            return (0..draw() % 200).map(|_| draw() as u8).collect();
        }
        let sample = draw();
        // What makes an input long is asked for less often here: millions are to be tried.
        let mut edit = || {
            let (what, rare) = (draw() as u8, draw() % 16 == 0);
            (if what % 10 >= 8 && !rare { what % 8 } else { what }, draw(), draw(), draw())
        };
        let edits: Vec<_> = (0..seed % 8).map(|_| edit()).collect();
        self.input(sample, &edits)
    }
}

/// Bytes that are shown as the text they nearly are.
struct Shown(Vec<u8>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// A line of this process's status, in KiB.
fn kib(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
