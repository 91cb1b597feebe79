use wiedervorlage::domain::facts::Art;

use super::house::{House, day};

/// How often it was done for the case on the day, as the rules see it.
async fn count(house: &House, fallnr: &str, art: Art, on: &str) -> u32 {
    let file = house.db.snapshot().await.unwrap().case(fallnr).await.unwrap().unwrap();
    file.done(art, day(on)).filter(|a| a.day == day(on)).map(|a| a.anzahl).sum()
}

#[tokio::test]
async fn what_is_recorded_is_there_and_said() {
    let house = House::new().await;
    let said = house.asked(&["record", "ag-kontakt", "0000017", "0000020", "--on", "24.11.2025"]).said();
    assert_eq!(said, "AG-Kontakt am Mo., 24.11.2025 für 2 Fälle eingetragen.\n");
    assert_eq!(count(&house, "0000017", Art::AgKontakt, "2025-11-24").await, 1);
    let said = house.asked(&["record", "ag_kontakt", "0000017", "0000018", "--on", "24.11.2025"]).said();
    assert_eq!(said, "AG-Kontakt am Mo., 24.11.2025 für 1 Fall eingetragen (1 war schon so eingetragen).\n");
    let said = house.asked(&["record", "stellensuchlauf", "0000017", "--on", "2025-11-24", "--count", "2"]).said();
    assert_eq!(said, "Stellensuchlauf (2-mal) am Mo., 24.11.2025 für 1 Fall eingetragen.\n");
    assert_eq!(count(&house, "0000017", Art::Stellensuchlauf, "2025-11-24").await, 2);
}

#[tokio::test]
async fn unknown_numbers_are_listed_and_the_others_recorded() {
    let house = House::new().await;
    let answer = house.asked(&["record", "ag_kontakt", "17", "0000017", "--on", "2025-11-24"]);
    assert_eq!(answer.code(), 1);
    assert_eq!(answer.out(), "AG-Kontakt am Mo., 24.11.2025 für 1 Fall eingetragen.\n");
    assert!(answer.err().starts_with("Als Fall nicht bekannt und daher übergangen: 17."), "{}", answer.err());
}

#[tokio::test]
async fn all_of_a_bak_are_those_that_run_on_the_day() {
    let house = House::new().await;
    // 0000018 has no BAK and counts by its region; 0000019 has ended.
    let words = ["record", "stellensuchlauf", "--all-of", "must", "--on", "2025-11-24"];
    assert_eq!(house.asked(&words).said(), "Stellensuchlauf am Mo., 24.11.2025 für 3 Fälle eingetragen.\n");
    assert_eq!(count(&house, "0000018", Art::Stellensuchlauf, "2025-11-24").await, 1);
    assert_eq!(count(&house, "0000019", Art::Stellensuchlauf, "2025-11-24").await, 0);
    let before = ["record", "stellensuchlauf", "--all-of", "must", "--on", "2025-08-04", "--except", "0000017"];
    assert_eq!(house.asked(&before).said(), "Stellensuchlauf am Mo., 04.08.2025 für 1 Fall eingetragen.\n");
    assert_eq!(count(&house, "0000019", Art::Stellensuchlauf, "2025-08-04").await, 1);
}

#[tokio::test]
async fn a_mistyped_exception_or_bak_records_nothing() {
    let house = House::new().await;
    for (words, said) in [
        (["--all-of", "must", "--except", "17"].as_slice(), "Nicht unter den Fällen von must: 17."),
        (&["--all-of", "mist"], "Ein BAK mit dem Kürzel mist ist nicht bekannt. Bekannt sind: abel, must."),
        (&["--all-of", "abel"], "Am Mo., 24.11.2025 hat abel keinen Fall in Hauptbetreuung"),
    ] {
        let answer = house.asked(&[&["record", "ag_kontakt", "--on", "2025-11-24"], words].concat());
        assert_eq!((answer.code(), answer.out()), (2, String::new()));
        assert!(answer.err().contains(said), "{}", answer.err());
    }
    assert_eq!(count(&house, "0000017", Art::AgKontakt, "2025-11-24").await, 0);
}

#[tokio::test]
async fn a_withdrawal_takes_back_what_is_there_and_nothing_else() {
    let house = House::new().await;
    let words = ["record", "--withdraw", "ag_kontakt", "0000017", "0000018", "--on", "27.10.2025"];
    let answer = house.asked(&words);
    assert_eq!(answer.code(), 1);
    assert!(answer.out().starts_with("AG-Kontakt am Mo., 27.10.2025 für 1 Fall zurückgenommen."), "{}", answer.out());
    assert_eq!(answer.err(), "Am Mo., 27.10.2025 nicht eingetragen und daher nicht zurückgenommen: 0000018.\n");
    assert_eq!(count(&house, "0000017", Art::AgKontakt, "2025-10-27").await, 0);
    let again = house.asked(&words[..4].iter().chain(&words[5..]).copied().collect::<Vec<_>>());
    assert_eq!((again.code(), again.out()), (1, String::new()));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let house = House::new().await;
    for (words, said) in [
        (["ag_kontakt", "0000017", "--on", "01.01.2099"].as_slice(), "liegt in der Zukunft"),
        (&["kaffee", "0000017"], "kontakt_persoenlich, kontakt_telefonisch"),
        (&["ag_kontakt", "0000017", "--count", "0"], "zurücknehmen geht mit --withdraw"),
        (&["ag_kontakt", "0000017", "--count", "100"], "von 1 bis 99"),
        (&["ag_kontakt"], "FALLNR"),
        (&["ag_kontakt", "0000017", "--all-of", "must"], "--all-of"),
        (&["--withdraw", "ag_kontakt", "0000017"], "--on"),
        (&["--withdraw", "ag_kontakt", "--all-of", "must", "--on", "2025-11-24"], "--withdraw"),
        (&["--withdraw", "ag_kontakt", "0000017", "--on", "2025-11-24", "--count", "2"], "--count"),
        (&["ag_kontakt", "0000017", "--except", "0000018"], "--except"),
    ] {
        let answer = house.asked(&[&["record"], words].concat());
        assert_eq!((answer.code(), answer.out()), (2, String::new()), "{words:?}");
        assert!(answer.err().contains(said), "{words:?}\n{}", answer.err());
    }
}
