//! A rule of a team's own needs no Rust: config/beispiel-nachbetreuung.toml, day by day.

use std::path::Path;

use wiedervorlage::config::rulebook;
use wiedervorlage::domain::evaluate::Office;
use wiedervorlage::domain::obligation::Obligation;

use crate::facts::{case, day, due, office_of};

fn office() -> Office {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/beispiel-nachbetreuung.toml");
    office_of(rulebook::load(&[&file], false).unwrap())
}

/// The days from spring to the spring after, on which something changes: `06-16 upcoming hinweis`, `07-02 -`.
fn changes(office: &Office, words: &str) -> Vec<String> {
    let file = case(words);
    let (mut last, mut changes) = ("-".to_owned(), Vec::new());
    for t in day("03-01").iter_days().take_while(|t| *t <= day("2027-06-30")) {
        let open: Vec<Obligation> = due(office, &file, t, "nachbetreuung");
        assert!(open.len() <= 1, "{open:?}");
        let now = open.first().map_or_else(|| "-".to_owned(), |o| format!("{} {}", o.state, o.step().name));
        if now != last {
            changes.push(format!("{} {now}", t.format("%m-%d")));
        }
        last = now;
    }
    changes
}

#[test]
fn three_months_after_a_placement_a_client_is_asked_how_it_goes() {
    let office = office();
    let placed = "seit=2025-11-03 ende=03-31 grund=integration";
    for (sentence, more, expected) in [
        (
            "nothing is done: announced two weeks before, due after three months, over after ninety workdays",
            "",
            &["06-16 upcoming hinweis", "06-30 today faellig", "07-01 overdue faellig", "08-13 -"][..],
        ),
        (
            "a contact ends it",
            "kontakt_telefonisch@07-02",
            &["06-16 upcoming hinweis", "06-30 today faellig", "07-01 overdue faellig", "07-02 -"],
        ),
        ("a contact fourteen days before is one", "kontakt_persoenlich@06-16", &[]),
        (
            "a contact fifteen days before is none",
            "kontakt_persoenlich@06-15",
            &["06-16 upcoming hinweis", "06-30 today faellig", "07-01 overdue faellig", "08-13 -"],
        ),
        (
            "a letter is none",
            "kontakt_schriftlich@06-30",
            &["06-16 upcoming hinweis", "06-30 today faellig", "07-01 overdue faellig", "08-13 -"],
        ),
        (
            "one that was withdrawn is none",
            "kontakt_telefonisch@06-29*0",
            &["06-16 upcoming hinweis", "06-30 today faellig", "07-01 overdue faellig", "08-13 -"],
        ),
        ("between announcement and due day", "kontakt_telefonisch@06-22", &["06-16 upcoming hinweis", "06-22 -"]),
        (
            "the watch list changes nothing",
            "kennung=BAK16e since=04-15 kontakt_telefonisch@06-17",
            &["06-16 upcoming hinweis", "06-17 -"],
        ),
    ] {
        assert_eq!(changes(&office, &format!("{placed} {more}")), expected, "{sentence}");
    }
    for (sentence, words, expected) in [
        (
            "three months that end on a Saturday are acted on by the Friday",
            "seit=03-02 ende=05-15 grund=integration",
            &["07-31 upcoming hinweis", "08-14 today faellig", "08-15 overdue faellig", "09-23 -"][..],
        ),
        (
            "three months that end on a day that is not end on the month's last",
            "seit=03-02 ende=11-30 grund=integration",
            &["02-12 upcoming hinweis", "02-26 today faellig", "02-27 overdue faellig", "04-15 -"],
        ),
        ("a return is no placement", "seit=03-02 ende=03-31 grund=rueckgabe_sonstige", &[]),
        ("an end without a reason is none", "seit=03-02 ende=03-31", &[]),
        ("who is still in main care is not asked", "seit=03-02", &[]),
    ] {
        assert_eq!(changes(&office, words), expected, "{sentence}");
    }
}

#[test]
fn it_says_why_and_leaves_the_default_rules_alone() {
    let office = office();
    let file = case("seit=2025-11-03 ende=03-31 grund=integration");
    let o = &due(&office, &file, day("07-01"), "nachbetreuung")[0];
    assert_eq!((&*o.key.subject, &*o.key.cycle), ("17", "2026-03-31"));
    assert_eq!((o.raw, o.action, o.reason.anchor_day), (day("06-30"), day("06-30"), day("03-31")));
    assert_eq!(office.rules.len(), rulebook::default_rules().unwrap().len() + 1);
    assert_eq!(office.rule("nachbetreuung").unwrap().wording.title, "Nachbetreuung");
}

#[test]
fn it_ends_as_the_default_rules_do() {
    use wiedervorlage::domain::facts::Art;
    use wiedervorlage::domain::obligation::{Ended, Evidence};
    let office = office();
    let placed = "seit=2025-11-03 ende=03-31 grund=integration";
    let key = due(&office, &case(placed), day("07-01"), "nachbetreuung")[0].key.clone();
    let contact = Evidence::Activity(Art::KontaktTelefonisch);
    for (words, t, how) in [
        (format!("{placed} kontakt_telefonisch@07-02"), "07-02", Ended::Fulfilled(contact, Some(day("07-02")))),
        (placed.to_owned(), "08-13", Ended::Lapsed(day("08-12"))),
        ("seit=2025-11-03 ende=03-31 grund=rueckgabe_frist".to_owned(), "07-02", Ended::Moot),
        ("seit=2025-11-03".to_owned(), "07-02", Ended::Withdrawn),
    ] {
        assert_eq!(office.ended(&case(&words), day(t), &key), how, "{words}");
    }
}
