use wiedervorlage::domain::facts::Art;

use super::house::{House, day, morning_of};

/// Two weeks of mornings, with a contact entered on the way.
async fn lived() -> House {
    let house = House::new().await;
    for day in ["2025-11-11", "2025-11-12", "2025-11-13"] {
        house.morning_sent(day).await;
    }
    let (cases, now) = (["0000017".to_owned()], morning_of("2025-11-14"));
    house.db.record(Art::AgKontakt, &cases, day("2025-11-13"), 1, now, "root").await.unwrap();
    // What is entered by hand is the newest there is; the list of a later day comes after it.
    house.delivered().await;
    for day in ["2025-11-14", "2025-11-17", "2025-11-18", "2025-11-24"] {
        house.morning_sent(day).await;
    }
    house
}

#[tokio::test]
async fn a_case_is_explained_rule_by_rule() {
    let house = lived().await;
    insta::assert_snapshot!(house.asked(&["explain", "0000017", "--on", "24.11.2025"]).said());
}

#[tokio::test]
async fn a_resting_case_says_that_it_rests_and_since_when() {
    let house = lived().await;
    let said = house.asked(&["explain", "0000020", "--on", "2025-11-24"]).said();
    assert!(said.contains("Ruhezeit    ruht seit Mo., 03.11.2025, ohne bekanntes Ende"), "{said}");
    assert!(
        said.contains("· Kundenkontakt; AG-Kontakt; Stellensuchlauf – Der Fall ruht ohne bekanntes Ende; so lange")
    );
    // In October the rest had not begun.
    let before = house.asked(&["explain", "0000020", "--on", "2025-10-20"]).said();
    assert!(before.contains("• AG-Kontakt – heute fällig"), "{before}");
    assert!(before.contains("Gesagt    noch nichts; der nächste Lauf nimmt es auf"), "{before}");
}

#[tokio::test]
async fn a_watched_case_shows_its_subsidy_and_who_looks_after_it() {
    let house = lived().await;
    let said = house.asked(&["explain", "0000018", "--on", "2025-11-24"]).said();
    for expected in [
        "must, Mia Muster, nach der Region zugeordnet",
        "BAK16e seit Mo., 01.09.2025",
        "auf der Beobachtungsliste",
        "F1: §\u{a0}16e, Do., 01.02.2024 bis Sa., 31.01.2026",
        "• Besuch vor Förderende, Förderung F1 – seit 16 Arbeitstagen offen",
        "3 Monate vor dem Ende der Förderung am Sa., 31.01.2026",
        "– Keine Hauptbetreuung: Der Fall steht mit der Kennung BAK16e auf der Beobachtungsliste",
        "· Beobachtung beenden – Die Förderung läuft noch.",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

#[tokio::test]
async fn what_ended_the_care_silences_its_rules() {
    let house = lived().await;
    let said = house.asked(&["explain", "0000019", "--on", "2025-11-24"]).said();
    assert!(said.contains("Die Hauptbetreuung ist seit Fr., 31.10.2025 beendet"), "{said}");
    assert!(
        said.contains("· In Arbeit vermittelt – War zur Kenntnis und wurde bis Fr., 07.11.2025 gezeigt."),
        "{said}"
    );
    assert!(said.contains("· Fazit – Kein Nachweis: In den Daten des Teams kam fazit_am noch nie vor"), "{said}");
}

#[tokio::test]
async fn what_came_later_is_not_in_the_answer_of_a_day() {
    let house = lived().await;
    let said = house.asked(&["explain", "0000017", "--on", "2025-11-12"]).said();
    assert!(said.contains("• AG-Kontakt – seit 2 Arbeitstagen offen"), "{said}");
    assert!(!said.contains("Vorbei"), "{said}");
    assert!(!said.contains("13.11.2025: "), "{said}");
}

#[tokio::test]
async fn what_the_next_run_will_say_and_what_keeps_it_from_more_is_told() {
    let house = lived().await;
    // A week without a run, and without an import: what would go to the case worker waits.
    let said = house.asked(&["explain", "0000017", "--on", "2025-12-02"]).said();
    assert!(said.contains("Nächstes  Der nächste Lauf meldet „Information“ an BAK\n"), "{said}");
    assert!(said.contains("Hinweis   Der Datenstand ist veraltet; bis er frisch ist, geht an IFK und Teamleitung"));
    // The agreed day is over: now the case worker is told of the return.
    assert!(said.contains("Nächstes  Der nächste Lauf meldet „Erinnerung“ an BAK und IFK\n"), "{said}");
}

#[tokio::test]
async fn an_unknown_case_is_said_to_be_unknown() {
    let answer = House::new().await.asked(&["explain", "17"]);
    assert_eq!((answer.code(), answer.out()), (2, String::new()));
    assert!(answer.err().starts_with("Fehler: Der Fall 17 ist nicht bekannt. Bitte die Nummer mit führenden Nullen"));
}
