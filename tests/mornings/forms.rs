//! The Wochenliste by mail: to whom, when, and whose cases it holds.

use super::*;

/// The lists that go out on a day: to whom, and what is on them.
fn forms(digests: &[Digest]) -> Vec<String> {
    let mails = digests.iter().filter(|d| d.kind == Kind::Wochenliste);
    mails.map(|d| format!("{} {}", d.to.split('@').next().unwrap_or_default(), says(Some(d)).join(", "))).collect()
}

fn watched(bak: &str, fallnr: &str) -> String {
    format!("{fallnr};C. D.;{bak};IFK0;T0;;BAK16e;01.02.2026;;;;;;\n")
}

#[tokio::test]
async fn each_bak_gets_their_own_cases_once_a_week() {
    let house = House::new().await;
    let cases = [
        case("17", "05.01.2026", "", ""),
        case_of("BAK1", "IFK0", "18", "05.01.2026", "", ""),
        watched("BAK1", "19"),
        // Ended, begins later, of nobody who has an address.
        case("20", "05.01.2026", "31.03.2026", "integration"),
        case("21", "05.10.2026", "", ""),
        case_of("BAK9", "IFK0", "22", "05.01.2026", "", ""),
    ];
    house.begin("06-01", &cases, "").await;
    let both = ["adler BAK0 2026-W23: 17", "buche BAK1 2026-W23: 18 19"];
    assert_eq!(forms(&house.morning("06-01").await), both);
    assert_eq!(forms(&house.morning("06-02").await), NOTHING);
    // The service was down on Monday; Wednesday makes up for it.
    assert_eq!(forms(&house.morning("06-10").await), ["adler BAK0 2026-W24: 17", "buche BAK1 2026-W24: 18 19"]);
    assert_eq!(forms(&house.morning("06-11").await), NOTHING);
}

#[tokio::test]
async fn a_deputy_gets_the_list_of_who_is_absent_beside_their_own() {
    let house = House::new().await;
    let cases = [case("17", "05.01.2026", "", ""), case_of("BAK1", "IFK0", "18", "05.01.2026", "", "")];
    house.begin("06-01", &cases, "").await;
    let away = |who: &str| format!("{AWAY}{who}");
    house.deliver("06-01", &[("abwesenheiten.csv", away("BAK0;01.06.2026;05.06.2026\n"))]).await;
    let digests = house.morning("06-01").await;
    assert_eq!(forms(&digests), ["buche BAK1 2026-W23: 18, in stead of BAK0 2026-W23: 17"]);
    // With nobody left, it goes where the BAK's own mail would go.
    let both = "BAK0;08.06.2026;12.06.2026\nBAK1;08.06.2026;12.06.2026\n";
    house.deliver("06-08", &[("abwesenheiten.csv", away(both))]).await;
    let expected = ["team in stead of BAK0 2026-W24: 17, in stead of BAK1 2026-W24: 18"];
    assert_eq!(forms(&house.morning("06-08").await), expected);
}

#[tokio::test]
async fn its_weekday_is_set_and_it_may_be_off() {
    let cases = [case("17", "05.01.2026", "", "")];
    let house = House::with("[mail]\nwochenliste = \"freitag\"\npersonal = false\n").await;
    house.begin("06-01", &cases, "").await;
    assert_eq!(forms(&house.morning("06-03").await), NOTHING);
    assert_eq!(forms(&house.morning("06-05").await), ["adler BAK0 2026-W23: 17"]);
    let house = house.changed("[mail]\nwochenliste = \"aus\"\n").await;
    assert_eq!(forms(&house.morning("06-12").await), NOTHING);
    let wrong = house.folder.path().join("falsch.toml");
    std::fs::write(&wrong, "[mail]\nwochenliste = \"sonntag\"\n").unwrap();
    let error = Settings::load(Some(&wrong)).unwrap_err().to_string();
    assert!(error.contains("mail.wochenliste") && error.contains("montag"), "{error}");
}
