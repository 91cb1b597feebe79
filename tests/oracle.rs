//! The rules and the capacity are those of tests/oracle/oracle.py, on every delivery and every day.
//!
//! `cargo test --test oracle` takes 40 seeds. A larger run:
//! `WIEDERVORLAGE_ORACLE_SEEDS=0..210 cargo test --test oracle evaluate` (24 pairs of delivery and day to a seed).
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;

use chrono::{Datelike, NaiveDate, Weekday};
use plain::{Delivery, Dice, House, day, difference, objects, oracle_folder, plus, python, seeds, sorted};
use wiedervorlage::domain::calendar::{Bundesland, Calendar, Dienstfrei, before, end_begin};

/// Seeds of the run that always happens.
const SEEDS: std::ops::Range<u64> = 0..40;
const VARIABLE: &str = "WIEDERVORLAGE_ORACLE_SEEDS";

/// A day of 2025 to 2028.
fn some_day(dice: &mut Dice) -> NaiveDate {
    plus(day("2025-01-01"), dice.between(0, 1460))
}

fn delivery(seed: u64, odd: bool) -> Delivery {
    let mut dice = Dice::new(seed * 2 + u64::from(odd));
    let cases = match seed % 8 {
        0 => 1,
        1 => 400,
        2 => dice.between(2, 9),
        _ => dice.between(10, 150),
    };
    Delivery {
        odd,
        encoding: ["utf-8", "utf-8-sig", "cp1252"][(seed % 3) as usize],
        ..Delivery::new(seed, cases.unsigned_abs(), some_day(&mut dice))
    }
}

/// Twelve days that matter to a delivery: around its day, weeks before and after, and the year's special days.
fn days(delivery: &Delivery) -> Vec<NaiveDate> {
    let on = delivery.on;
    let dice = &mut Dice::new(delivery.seed + 77);
    let next = |from: NaiveDate, weekday: Weekday| from.iter_days().find(|d| d.weekday() == weekday).unwrap();
    let of_year = |month, day| NaiveDate::from_ymd_opt(on.year(), month, day).unwrap();
    // Summer time begins and ends on the last Sunday of a month of 31 days.
    let turn = next(of_year(dice.one_of(&[3, 10]), 25), Weekday::Sun);
    let year_end = plus(of_year(12, 24), dice.between(0, 14));
    let text = std::fs::read_to_string(oracle_folder().join("feiertage_bw_2020_2040.csv")).unwrap();
    let holidays = text.lines().filter(|l| l.starts_with(&on.year().to_string()));
    let holidays: Vec<NaiveDate> = holidays.map(|l| day(&l[..10])).collect();
    let holiday = plus(dice.one_of(&holidays), dice.between(0, 1));
    vec![
        on,
        plus(on, 1),
        plus(on, -dice.between(1, 9)),
        plus(on, dice.between(2, 14)),
        next(on, dice.one_of(&[Weekday::Sat, Weekday::Sun])),
        next(on, Weekday::Mon),
        plus(on, -dice.between(15, 90)),
        plus(on, dice.between(15, 60)),
        plus(on, dice.between(61, 250)),
        turn,
        year_end,
        holiday,
    ]
}

/// That `evaluate` and `capacity` of the house say what the oracle says about the deliveries on these days.
fn compare(house: &House, deliveries: &[&std::path::Path], days: &[NaiveDate], replay: &str) {
    let mut arguments: Vec<String> = Vec::new();
    for delivery in deliveries {
        arguments.extend(["--delivery".to_owned(), delivery.display().to_string()]);
    }
    arguments.extend(days.iter().map(NaiveDate::to_string));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let plain = objects(&python("many.py", &arguments));
    assert_eq!(plain.len(), days.len());
    for (day, plain) in days.iter().map(NaiveDate::to_string).zip(plain) {
        assert_eq!(plain["on"], day.as_str());
        for command in ["evaluate", "capacity"] {
            let ours = sorted(&objects(&house.says(&[command, "--on", &day, "--format", "jsonl"])));
            let plain = sorted(plain[command].as_array().unwrap());
            assert!(ours == plain, "{command} --on {day} differs\n{}  of: {replay}", difference(&ours, &plain));
        }
    }
}

/// Half of the seeds, so that the parts run side by side.
fn evaluate_and_capacity(part: u64, odd: bool) {
    for seed in seeds(VARIABLE, SEEDS).filter(|seed| (seed + seed / 8) % 2 == part) {
        let delivery = delivery(seed, odd);
        let house = House::new();
        let folder = house.generate("delivery", &delivery);
        house.import(&folder);
        compare(&house, &[&folder], &days(&delivery), &delivery.to_string());
    }
}

#[test]
fn evaluate_and_capacity_are_the_oracles_on_plain_deliveries() {
    evaluate_and_capacity(0, false);
}

#[test]
fn evaluate_and_capacity_are_the_oracles_on_more_plain_deliveries() {
    evaluate_and_capacity(1, false);
}

#[test]
fn evaluate_and_capacity_are_the_oracles_on_odd_deliveries() {
    evaluate_and_capacity(0, true);
}

#[test]
fn evaluate_and_capacity_are_the_oracles_on_more_odd_deliveries() {
    evaluate_and_capacity(1, true);
}

#[test]
fn what_is_bent_towards_the_rare_is_the_oracles_too() {
    for seed in 500..506 {
        let bent = vec!["unknown", "regions", "appointments", "lively"];
        let delivery = Delivery { bent, ..delivery(seed, seed % 2 == 0) };
        let house = House::new();
        let folder = house.generate("delivery", &delivery);
        house.import(&folder);
        compare(&house, &[&folder], &days(&delivery), &delivery.to_string());
    }
}

/// Two deliveries in a row give what the oracle gives for both together: rows with a key add up, a file without key
/// replaces its forerunner, and what belongs to a case that comes later attaches to it.
#[test]
fn two_deliveries_in_a_row_are_the_oracles_for_both_together() {
    for seed in 0..9 {
        let dice = &mut Dice::new(seed + 4_000);
        let on = some_day(dice);
        let first = Delivery { odd: seed % 2 == 0, ..Delivery::new(seed, dice.between(20, 120).unsigned_abs(), on) };
        // The second one has more cases or fewer, and the keys of the first one with other rows.
        let later = plus(on, dice.between(0, 30));
        let second = Delivery {
            odd: seed % 3 > 0,
            encoding: dice.one_of(&["utf-8", "cp1252"]),
            ..Delivery::new(seed + 10_000, dice.between(20, 120).unsigned_abs(), later)
        };
        let house = House::new();
        let (a, b) = (house.generate("first", &first), house.generate("second", &second));
        match seed % 3 {
            // Everything else comes before the cases that it belongs to.
            1 => std::fs::remove_file(a.join("betreuungen.csv")).unwrap(),
            // A file that is not delivered again stands as it was, also one without key.
            2 => {
                for name in ["pausen.csv", "termine.csv", "foerderungen.csv"] {
                    std::fs::remove_file(b.join(name)).unwrap();
                }
            }
            _ => {}
        }
        house.import(&a);
        house.import(&b);
        compare(&house, &[&a, &b], &days(&second)[..6], &format!("{first}, then {second} (case {})", seed % 3));
    }
}

#[test]
fn dates_are_counted_as_the_oracle_counts_them() {
    let cal = Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default());
    let (from, to) = ("2021-01-01", "2039-12-31");
    let plain = python("oracle.py", &["--fristen", from, to]);
    let mut lines = plain.lines();
    let head = "day;workday;back;forward;plus_6_months_last_day;plus_6_months_action;three_months_before;\
                three_months_before_action";
    assert_eq!(lines.next(), Some(head));
    for d in day(from).iter_days().take_while(|d| *d <= day(to)) {
        let (end, before) = (end_begin(d, 6), before(d, 3));
        let (back, fwd, open) = (cal.back(d), cal.fwd(d), u8::from(cal.is_workday(d)));
        let ours = format!("{d};{open};{back};{fwd};{end};{};{before};{}", cal.back(end), cal.back(before));
        assert_eq!(lines.next(), Some(&*ours));
    }
    assert_eq!(lines.next(), None);
}

/// The rules that the product is measured by are those that were agreed on.
#[test]
fn the_oracle_here_is_the_one_that_was_agreed_on() {
    let agreed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    if !agreed.is_dir() {
        eprintln!("not compared: {} is not here", agreed.display());
        return;
    }
    for name in ["oracle.py", "generate.py", "RULES.md", "feiertage_bw_2020_2040.csv"] {
        let read = |folder: &std::path::Path| std::fs::read(folder.join(name)).unwrap();
        assert!(read(&agreed) == read(&oracle_folder()), "tests/oracle/{name} differs from {}", agreed.display());
    }
}
