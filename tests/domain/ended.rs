//! How an obligation ended (RULES.md section 5, *Ended how*): open with these facts on this day, gone with those on that.

use chrono::NaiveDate;
use wiedervorlage::domain::calendar::Bundesland;
use wiedervorlage::domain::facts::{Event, Team};
use wiedervorlage::domain::obligation::{Ended, Finding, Key};

use crate::facts::{case, day, due, office};

/// A sentence; the facts and the day on which it is open; what else is known on the day it is gone; how it ended.
type Row = (&'static str, (&'static str, &'static str), (&'static str, &'static str), &'static str);

/// `fulfilled by ag_kontakt 06-10`, `lapsed 06-30`, `resting` …
fn words(ended: Ended) -> String {
    let short = |d: NaiveDate| d.format("%m-%d").to_string();
    match ended {
        Ended::Fulfilled(by, day) => {
            format!("fulfilled by {}{}", by.as_str(), day.map(|d| format!(" {}", short(d))).unwrap_or_default())
        }
        Ended::Lapsed(day) => format!("lapsed {}", short(day)),
        other => other.as_str().to_owned(),
    }
}

/// Facts of the second half beginning with `=` stand alone; others are added to the first.
fn check(rule: &str, rows: &[Row]) {
    let office = office();
    for (sentence, (before, open_on), (after, gone_on), how) in rows {
        let open = due(&office, &case(before), day(open_on), rule);
        assert_eq!(open.len(), 1, "{rule}: {sentence}: not open on {open_on}: {open:?}");
        let key = &open[0].key;
        let after = after.strip_prefix("= ").map_or_else(|| format!("{before} {after}"), str::to_owned);
        let (file, t) = (case(&after), day(gone_on));
        let still: Vec<_> = due(&office, &file, t, rule).into_iter().filter(|o| o.key == *key).collect();
        assert!(still.is_empty(), "{rule}: {sentence}: still open on {gone_on}: {still:?}");
        assert_eq!(words(office.ended(&file, t, key)), *how, "{rule}: {sentence}");
    }
}

#[test]
fn contacts() {
    check(
        "kundenkontakt",
        &[
            (
                "a newer contact fulfils it, by what was done and when",
                ("seit=06-01", "06-29"),
                ("kontakt_telefonisch@06-29", "06-30"),
                "fulfilled by kontakt_telefonisch 06-29",
            ),
            (
                "of several new contacts it is the first",
                ("seit=06-01", "06-29"),
                ("kontakt_persoenlich@06-30 kontakt_telefonisch@06-26", "07-01"),
                "fulfilled by kontakt_telefonisch 06-26",
            ),
            ("a rest hides it", ("seit=06-01", "06-29"), ("rest@06-30..07-10", "06-30"), "resting"),
            ("so does one without end", ("seit=06-01", "06-29"), ("rest@06-30..", "06-30"), "resting"),
            ("one announced moves it", ("seit=06-01", "06-26"), ("rest@06-29..07-10", "06-27"), "resting"),
            (
                "done before the rest is done",
                ("seit=06-01", "06-29"),
                ("kontakt_telefonisch@06-29 rest@06-30..07-10", "06-30"),
                "fulfilled by kontakt_telefonisch 06-29",
            ),
            ("the end of main care", ("seit=06-01", "06-29"), ("ende=06-30 grund=integration", "06-30"), "moot"),
            ("the watch list", ("seit=06-01", "06-29"), ("kennung=BAK16e since=06-30", "06-30"), "moot"),
            (
                "a contact on the last day is a contact",
                ("seit=06-01", "06-29"),
                ("ende=06-30 kontakt_persoenlich@06-30", "06-30"),
                "fulfilled by kontakt_persoenlich 06-30",
            ),
            (
                "the contact it counted from was taken back",
                ("seit=06-01 kontakt_telefonisch@06-10", "07-08"),
                ("kontakt_telefonisch@06-10*0", "07-09"),
                "withdrawn",
            ),
            ("the start was corrected", ("seit=06-01", "06-29"), ("= seit=06-03", "06-30"), "withdrawn"),
            (
                "the start was moved behind the contact it counted from",
                ("seit=06-01 kontakt_telefonisch@06-10", "07-08"),
                ("= seit=06-15 kontakt_telefonisch@06-10", "07-09"),
                "withdrawn",
            ),
        ],
    );
    check(
        "ag-kontakt",
        &[
            (
                "a newer employer contact",
                ("seit=06-01", "06-15"),
                ("ag_kontakt@06-15", "06-15"),
                "fulfilled by ag_kontakt 06-15",
            ),
            (
                "main care that was never begun",
                ("seit=06-01", "06-15"),
                ("= kennung=BAK since=05-01", "06-16"),
                "withdrawn",
            ),
        ],
    );
}

#[test]
fn search_runs() {
    check(
        "stellensuchlauf",
        &[
            (
                "the week's number is reached",
                ("seit=06-01", "06-26"),
                ("stellensuchlauf@06-26*2", "06-26"),
                "fulfilled by stellensuchlauf 06-26",
            ),
            (
                "it was entered afterwards",
                ("seit=06-01", "06-26"),
                ("stellensuchlauf@06-24 stellensuchlauf@06-25", "06-29"),
                "fulfilled by stellensuchlauf 06-25",
            ),
            (
                "the first of two ends the hint, not the week",
                ("seit=06-01", "06-24"),
                ("stellensuchlauf@06-25", "06-25"),
                "moot",
            ),
            ("the week is over, and the Monday after it", ("seit=06-01", "06-26"), ("", "06-30"), "lapsed 06-28"),
            ("a rest", ("seit=06-01", "06-26"), ("rest@06-27..07-10", "06-29"), "resting"),
            (
                "a rest of the whole week, known afterwards",
                ("seit=06-01", "06-26"),
                ("rest@06-22..06-27", "06-29"),
                "resting",
            ),
            ("the end of main care", ("seit=06-01", "06-26"), ("ende=06-29 grund=rueckgabe_sonstige", "06-29"), "moot"),
        ],
    );
    check(
        "stellensuchlauf-16",
        &[
            (
                "one run is enough",
                ("kennung=Ende16 since=05-01", "06-26"),
                ("stellensuchlauf@06-22", "06-26"),
                "fulfilled by stellensuchlauf 06-22",
            ),
            ("off the watch list", ("kennung=Ende16 since=05-01", "06-26"), ("ende=06-26", "06-26"), "moot"),
        ],
    );
}

#[test]
fn returns() {
    check(
        "rueckgabe-6-monate",
        &[
            (
                "main care has ended",
                ("seit=01-05", "07-03"),
                ("ende=07-02 grund=rueckgabe_frist", "07-06"),
                "fulfilled by ende_am 07-02",
            ),
            ("the watch list", ("seit=01-05", "07-03"), ("kennung=BAK16i since=07-06", "07-06"), "moot"),
            ("the start was corrected", ("seit=01-05", "07-03"), ("= seit=03-05", "07-06"), "withdrawn"),
        ],
    );
    check(
        "rueckgabe-gespraech",
        &[
            (
                "the talk",
                ("seit=01-05 ende=07-02 grund=rueckgabe_frist", "07-03"),
                ("talk=07-06", "07-06"),
                "fulfilled by rueckgabegespraech_am 07-06",
            ),
            (
                "it was a placement after all",
                ("seit=01-05 ende=07-02 grund=rueckgabe_frist", "07-03"),
                ("= seit=01-05 ende=07-02 grund=integration", "07-06"),
                "moot",
            ),
            (
                "the end was taken back",
                ("seit=01-05 ende=07-02 grund=rueckgabe_frist", "07-03"),
                ("= seit=01-05", "07-06"),
                "withdrawn",
            ),
            (
                "the end was corrected",
                ("seit=01-05 ende=07-02 grund=rueckgabe_frist", "07-03"),
                ("= seit=01-05 ende=07-01 grund=rueckgabe_frist", "07-06"),
                "withdrawn",
            ),
        ],
    );
    check(
        "fazit",
        &[(
            "the summary",
            ("seit=01-05 ende=07-02 grund=integration", "07-03"),
            ("fazit=07-03", "07-06"),
            "fulfilled by fazit_am 07-03",
        )],
    );
    check(
        "ende-info",
        &[
            (
                "good news runs out by design",
                ("seit=01-05 ende=07-02 grund=integration", "07-03"),
                ("", "07-10"),
                "moot",
            ),
            (
                "it was a return after all",
                ("seit=01-05 ende=07-02 grund=integration", "07-03"),
                ("= seit=01-05 ende=07-02 grund=rueckgabe_frist", "07-06"),
                "moot",
            ),
        ],
    );
}

#[test]
fn proposals_and_the_main_carer() {
    check(
        "vorschlag-beantworten",
        &[
            (
                "the handover",
                ("kennung=BAK since=06-01", "06-15"),
                ("uebergabe=06-15", "06-16"),
                "fulfilled by uebergabe_am 06-15",
            ),
            (
                "a handover that is agreed on",
                ("kennung=BAK since=06-01", "06-15"),
                ("uebergabe=06-22", "06-16"),
                "fulfilled by uebergabe_am 06-22",
            ),
            (
                "it was declined",
                ("kennung=BAK since=06-01", "06-15"),
                ("ende=06-16", "06-16"),
                "fulfilled by ende_am 06-16",
            ),
            ("the IFK has taken the Kennung back", ("kennung=BAK since=06-01", "06-15"), ("= ", "06-16"), "moot"),
            (
                "the Kennung is another one",
                ("kennung=16e since=06-01", "06-15"),
                ("= kennung=BAK16e since=06-16", "06-16"),
                "moot",
            ),
            (
                "the Kennung's day was corrected",
                ("kennung=BAK since=06-01", "06-15"),
                ("= kennung=BAK since=06-03", "06-16"),
                "withdrawn",
            ),
        ],
    );
    check(
        "hauptbetreuer-eintragen",
        &[
            (
                "the date is entered",
                ("uebergabe=06-01", "06-04"),
                ("seit=06-02", "06-05"),
                "fulfilled by hauptbetreuer_seit 06-02",
            ),
            ("main care has ended without it", ("uebergabe=06-01", "06-04"), ("ende=06-05", "06-05"), "moot"),
            ("the handover was corrected", ("uebergabe=06-01", "06-04"), ("= uebergabe=06-03", "06-05"), "withdrawn"),
        ],
    );
}

#[test]
fn the_cv() {
    let asked = "seit=06-01 lebenslauf_angefordert@06-02";
    check(
        "lebenslauf-anfordern",
        &[
            (
                "it was asked for",
                ("seit=06-01", "06-04"),
                ("lebenslauf_angefordert@06-04", "06-05"),
                "fulfilled by lebenslauf_angefordert 06-04",
            ),
            (
                "it came unasked",
                ("seit=06-01", "06-04"),
                ("lebenslauf_eingegangen@06-05", "06-05"),
                "fulfilled by lebenslauf_eingegangen 06-05",
            ),
            ("the end of main care", ("seit=06-01", "06-04"), ("ende=06-05", "06-05"), "moot"),
            ("the start was corrected", ("seit=06-01", "06-04"), ("= seit=06-02", "06-05"), "withdrawn"),
        ],
    );
    check(
        "lebenslauf-erinnern",
        &[
            (
                "the client was reminded",
                (asked, "06-17"),
                ("lebenslauf_erinnert@06-17", "06-18"),
                "fulfilled by lebenslauf_erinnert 06-17",
            ),
            (
                "it came",
                (asked, "06-17"),
                ("lebenslauf_eingegangen@06-18", "06-18"),
                "fulfilled by lebenslauf_eingegangen 06-18",
            ),
            ("it was asked for once more", (asked, "06-17"), ("lebenslauf_angefordert@06-18", "06-18"), "moot"),
            ("the request was taken back", (asked, "06-17"), ("lebenslauf_angefordert@06-02*0", "06-18"), "withdrawn"),
        ],
    );
    check(
        "lebenslauf-rueckgabe",
        &[
            (
                "it came",
                ("seit=06-01 lebenslauf_angefordert@06-02 lebenslauf_erinnert@06-17", "06-25"),
                ("lebenslauf_eingegangen@06-26", "06-26"),
                "fulfilled by lebenslauf_eingegangen 06-26",
            ),
            (
                "main care has ended",
                ("seit=06-01 lebenslauf_angefordert@06-02 lebenslauf_erinnert@06-17", "06-25"),
                ("ende=06-26 grund=rueckgabe_mitwirkung", "06-26"),
                "fulfilled by ende_am 06-26",
            ),
            (
                "it was asked for once more",
                ("seit=06-01 lebenslauf_angefordert@06-02 lebenslauf_erinnert@06-17", "06-25"),
                ("lebenslauf_angefordert@06-26", "06-26"),
                "moot",
            ),
            (
                "the reminder was taken back",
                ("seit=06-01 lebenslauf_angefordert@06-02 lebenslauf_erinnert@06-17", "06-25"),
                ("lebenslauf_erinnert@06-17*0", "06-26"),
                "withdrawn",
            ),
        ],
    );
}

#[test]
fn subsidies() {
    let f = "F1:16e@2025-01-01..12-31";
    check(
        "besuch-16",
        &[
            ("the visit", (f, "09-30"), ("aussendienst@09-30", "10-01"), "fulfilled by aussendienst 09-30"),
            ("no potential", (f, "09-30"), ("= F1:16e@2025-01-01..12-31!", "10-01"), "moot"),
            ("the subsidy has ended unvisited", (f, "09-30"), ("", "2027-01-04"), "lapsed 12-31"),
            ("the end was corrected", (f, "09-30"), ("= F1:16e@2025-01-01..11-30", "10-01"), "withdrawn"),
            ("the subsidy was taken back", (f, "09-30"), ("= ", "10-01"), "withdrawn"),
            (
                "a visit that is entered after the end",
                (f, "09-30"),
                ("aussendienst@12-30", "2027-01-04"),
                "fulfilled by aussendienst 12-30",
            ),
        ],
    );
    let visited = "F1:16e@2025-01-01..12-31 aussendienst@09-30";
    check(
        "kennung-16",
        &[
            ("the Kennung", (visited, "10-14"), ("kennung=BAK16e since=10-14", "10-15"), "fulfilled by kennung 10-14"),
            ("no potential", (visited, "10-14"), ("= F1:16e@2025-01-01..12-31! aussendienst@09-30", "10-15"), "moot"),
            ("the subsidy has ended without it", (visited, "10-14"), ("", "2027-01-04"), "lapsed 12-31"),
            ("the visit was taken back", (visited, "10-14"), ("aussendienst@09-30*0", "10-15"), "withdrawn"),
        ],
    );
    let watched = "kennung=BAK16e since=2025-03-01 F1:16e@2025-01-01..06-30";
    check(
        "beobachtung-beenden",
        &[
            ("the end", (watched, "07-01"), ("ende=07-02", "07-02"), "fulfilled by ende_am 07-02"),
            (
                "the Kennung is gone",
                (watched, "07-01"),
                ("= F1:16e@2025-01-01..06-30", "07-02"),
                "fulfilled by kennung",
            ),
            ("a later subsidy", (watched, "07-01"), ("F2:16i@07-01..12-31", "07-02"), "fulfilled by foerderung 12-31"),
            (
                "the subsidy was taken back",
                (watched, "07-01"),
                ("= kennung=BAK16e since=2025-03-01", "07-02"),
                "withdrawn",
            ),
        ],
    );
}

#[test]
fn placements_and_employers() {
    let mag = "M1:MAG@06-01..06-12";
    check(
        "mag-nachhaltung-ag",
        &[
            (
                "the follow-up",
                (mag, "06-09"),
                ("mag_nachhaltung_ag@06-09", "06-10"),
                "fulfilled by mag_nachhaltung_ag 06-09",
            ),
            ("the MAG is over", (mag, "06-09"), ("", "06-15"), "lapsed 06-12"),
            ("the MAG was taken back", (mag, "06-09"), ("= ", "06-10"), "withdrawn"),
            (
                "the MAG has become so short that it has no middle",
                ("M1:MAG@06-01..06-26", "06-12"),
                ("= M1:MAG@06-01..06-19", "06-15"),
                "withdrawn",
            ),
        ],
    );
    check(
        "mag-nachhaltung-kunde",
        &[("a middle passed over undone", ("M1:MAG@06-01..06-26", "06-12"), ("", "06-23"), "lapsed 06-22")],
    );
    let risk = "G1:EGZ@01-01..06-30 egz_risiko@06-22";
    check(
        "egz-intervention",
        &[
            (
                "the intervention",
                (risk, "06-22"),
                ("egz_intervention@06-23", "06-23"),
                "fulfilled by egz_intervention 06-23",
            ),
            ("the subsidy has ended", (risk, "06-22"), ("", "07-01"), "lapsed 06-30"),
            ("the risk was taken back", (risk, "06-22"), ("egz_risiko@06-22*0", "06-23"), "withdrawn"),
            ("the risk was reported again", (risk, "06-22"), ("egz_risiko@06-23", "06-23"), "moot"),
        ],
    );
    check(
        "ag-alternative",
        &[(
            "the alternative",
            ("ag_unzufrieden@06-22", "06-22"),
            ("ag_alternative@06-22", "06-22"),
            "fulfilled by ag_alternative 06-22",
        )],
    );
}

/// A sentence, the team's first day, its events before and after (day, held), how it ended.
type EventRow<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, bool)], &'a [(&'a str, bool)], &'a str);

#[test]
fn events_of_a_team() {
    let office = office();
    let team = |beginn: Option<&str>| Team {
        team: "T0".into(),
        name: "Team 0".into(),
        postfach: None,
        bundesland: Bundesland::Bw,
        leitung: None,
        dienststelle: String::new(),
        beginn: beginn.map(day),
    };
    let events = |list: &[(&str, bool)]| {
        list.iter().map(|(d, held)| Event { datum: day(d), durchgefuehrt: *held }).collect::<Vec<_>>()
    };
    let open = |team: &Team, list: &[(&str, bool)], t: &str| {
        let mut found = Vec::new();
        office.evaluate_team(&team.team, team.beginn, &events(list), day(t), false, &mut found);
        found.into_iter().find_map(|f| if let Finding::Due(o) = f { Some(o.key) } else { None })
    };
    let rows: [EventRow<'_>; 5] = [
        (
            "a later one was held",
            None,
            &[("03-10", true)],
            &[("03-10", true), ("06-09", true)],
            "fulfilled by veranstaltung 06-09",
        ),
        ("the first one was held", Some("03-10"), &[], &[("06-09", true)], "fulfilled by veranstaltung 06-09"),
        ("one is planned in time", None, &[("03-10", true)], &[("03-10", true), ("06-10", false)], "moot"),
        ("the last one was taken back", None, &[("03-10", true)], &[], "withdrawn"),
        ("the last one was earlier", None, &[("03-10", true)], &[("02-10", true)], "withdrawn"),
    ];
    for (sentence, beginn, before, after, how) in rows {
        let team = team(beginn);
        let key: Key = open(&team, before, "06-09").expect(sentence);
        assert_ne!(open(&team, after, "06-09").as_ref(), Some(&key), "{sentence}");
        assert_eq!(
            words(office.ended_team(&team.team, team.beginn, &events(after), day("06-09"), &key)),
            how,
            "{sentence}"
        );
    }
}

#[test]
fn a_rule_that_is_no_more_ends_what_it_asked_for() {
    let mut office = office();
    let file = case("seit=06-01");
    let key = due(&office, &file, day("06-29"), "kundenkontakt")[0].key.clone();
    let mut without = office.clone();
    without.rules = without.rules.iter().filter(|r| *r.id != *key.rule).cloned().collect();
    assert_eq!(words(without.ended(&file, day("06-30"), &key)), "moot", "the rule was taken out of the file");
    let mut off = office.clone();
    off.rules = off
        .rules
        .iter()
        .cloned()
        .map(|mut r| {
            r.enabled = false;
            r
        })
        .collect();
    assert_eq!(words(off.ended(&file, day("06-30"), &key)), "moot", "the rule was switched off");
    office.supplied = wiedervorlage::domain::rules::Supplied::default();
    assert_eq!(words(office.ended(&file, day("06-30"), &key)), "withdrawn", "all evidence was taken back");
}
