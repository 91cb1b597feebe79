//! `kill -9` of the real program at random moments, then the command once more: the same end as without the kill.
//!
//! Each trial starts from what whole runs of the commands left behind, kills one command up to three times, looks at
//! what stands there, lets the command end, and compares everything: every row of every table, every mail byte for
//! byte, every file. libfaketime makes the clock stand still, so that nothing has a reason to differ, and moves it on
//! where a lease has to pass. Only torture may wait in real time: a kill needs a moment.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends here")]

#[path = "crash/yard.rs"]
mod yard;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use yard::{Command, Dice, Yard, base};

/// Kills in all, over the commands in turn.
const KILLS: usize = 200;
/// Trials at a time: they wait for the disk more than they reckon.
const SIDE_BY_SIDE: usize = 4;
/// A killed command may be killed again before it is left alone.
const KILLS_IN_A_ROW: u64 = 3;

const IN_TURN: [Command; 6] =
    [Command::FirstImport, Command::Morning, Command::Deliver, Command::Import, Command::Morning, Command::Deliver];

#[test]
fn a_command_that_was_killed_ends_as_if_it_had_not_been() {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(yard::any_seed);
    eprintln!("CRASH_SEED={seed}");
    let durations = Mutex::new(base().durations.clone());
    let (killed, trials) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tally = Mutex::new(BTreeMap::<(Command, Left), usize>::new());
    let work = || {
        while killed.load(Ordering::SeqCst) < KILLS {
            let number = trials.fetch_add(1, Ordering::SeqCst);
            assert!(number < 4 * KILLS, "far too many commands end before they can be killed");
            let command = IN_TURN[number % IN_TURN.len()];
            let dice = Dice::new(seed.wrapping_add(number as u64));
            for left in trial(command, dice, &durations, &format!("{command:?}, trial {number} of CRASH_SEED={seed}")) {
                killed.fetch_add(1, Ordering::SeqCst);
                *tally.lock().unwrap().entry((command, left)).or_default() += 1;
            }
        }
    };
    std::thread::scope(|scope| (0..SIDE_BY_SIDE).for_each(|_| drop(scope.spawn(work))));
    let (killed, trials) = (killed.into_inner(), trials.into_inner());
    eprintln!("{killed} kills in {trials} trials; what they left: {:?}", tally.into_inner().unwrap());
    assert!(killed >= KILLS);
}

#[test]
fn a_second_morning_says_that_it_is_done_and_changes_nothing() {
    let yard = Yard::from(Some(&base().morning));
    let said = yard.say(&["morning", "--on", "2026-11-23"], "2026-11-23 06:40:00");
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("schon erledigt"), "{}", said.out);
    assert_eq!(yard.facts(), base().morning.facts);
}

#[test]
fn a_day_before_the_last_run_is_refused() {
    let yard = Yard::from(Some(&base().morning));
    for day in ["2026-11-20", "2026-11-19"] {
        let said = yard.say(&["morning", "--on", day], "2026-11-23 06:40:00");
        assert_eq!((said.code, said.out.contains("nicht nachgeholt")), (Some(2), true), "{}", said.out);
    }
    assert_eq!(yard.facts(), base().morning.facts);
}

/// What a killed command left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// What was there before.
    Nothing,
    /// Some of the mails; only a delivery may.
    Part,
    /// What it leaves when it ends by itself.
    All,
}

/// Kills, looks, lets it end, compares. What each kill left behind; none if the command ended first.
fn trial(command: Command, mut dice: Dice, durations: &Mutex<BTreeMap<Command, Duration>>, name: &str) -> Vec<Left> {
    let (before, after) = (command.before(), command.after());
    let yard = Yard::from(before);
    let mut minute = command.minute();
    let mut left = Vec::new();
    for _ in 0..=dice.below(KILLS_IN_A_ROW) {
        let whole = durations.lock().unwrap_or_else(PoisonError::into_inner)[&command];
        if !yard.kill(command, minute, whole.mul_f64(dice.fraction())) {
            break;
        }
        left.push(look(command, &yard, name));
        if command == Command::Deliver {
            if left.len() == 1 && dice.below(3) == 0 {
                // What the dead one held, nobody else takes while its lease runs.
                let held = yard.number("select count(*) from outbox where state = 'sending'");
                let said = yard.run(command, minute);
                assert_eq!(said.code, Some(i32::from(held > 0)), "{name}: {}", said.out);
                assert_eq!(yard.number("select count(*) from outbox where state = 'sending'"), held, "{name}");
            }
            minute += 1;
        }
    }
    if left.is_empty() {
        return left;
    }
    let said = yard.run(command, minute);
    assert_eq!(said.code, Some(command.code()), "{name}: {}", said.out);
    if left.last() == Some(&Left::Nothing) {
        let mut durations = durations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = durations.entry(command).or_default();
        *known = known.mul_f64(0.7) + said.took.mul_f64(0.3);
    }
    yard::assert_same(&yard.facts(), &after.facts, name);
    yard::assert_same_files(&yard.mails(), &after.mails, name);
    yard::assert_same_files(&yard.lists(), &after.lists, name);
    let again = yard.number("select coalesce(sum(attempts - 1), 0) from outbox where state = 'sent'");
    // Of each session the mail that was on its way, and the one that waited behind it and had not been touched.
    let most = 2 * left.len() as i64;
    assert!(again <= most, "{name}: {again} mails were taken again after {} kills", left.len());
    left
}

/// A killed command left all or nothing; a delivery left whole mails, and each that it calls sent.
fn look(command: Command, yard: &Yard, name: &str) -> Left {
    assert_eq!(yard.temporary(), 0, "{name}: temporary files outlived the process");
    let facts = yard.facts();
    let (before, after) = (command.before(), command.after());
    if command == Command::Deliver {
        let mails = yard.mails();
        let whole: Vec<_> = mails.iter().filter(|(name, _)| !name.starts_with('.')).collect();
        for (file, bytes) in &whole {
            assert!(after.mails.get(*file) == Some(*bytes), "{name}: {file} is not whole");
        }
        let sent = yard.number("select count(*) from outbox where state = 'sent'");
        assert!((sent..=sent + 1).contains(&(whole.len() as i64)), "{name}: {} files, {sent} sent", whole.len());
        return match whole.len() {
            0 => Left::Nothing,
            n if n == after.mails.len() => Left::All,
            _ => Left::Part,
        };
    }
    if facts == after.facts {
        return Left::All;
    }
    match before {
        Some(before) => yard::assert_same(&facts, &before.facts, name),
        // Not even all tables need be there, but nothing is in them.
        None => assert!(facts.iter().all(|(table, rows)| table == "installation" || rows.is_empty()), "{name}"),
    }
    Left::Nothing
}
