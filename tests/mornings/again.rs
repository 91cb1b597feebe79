//! What comes back is not new: subsidies under another case number, rules that were off, evidence that was gone.

use super::*;

/// Lines about a thing.
fn about(lines: &[String], subject: &str) -> Vec<String> {
    lines.iter().filter(|l| l.starts_with(&format!("{subject} "))).cloned().collect()
}

#[tokio::test]
async fn a_subsidy_whose_case_number_is_corrected_goes_on_where_it_was() {
    let house = House::with("[office]\nstale_after = 0\n").await;
    // It ends on 31.12.: announced on 31.08., the visit is due on 30.09. and planned on 09.09.
    let subsidy =
        |fallnr: &str| [("foerderungen.csv", format!("{SUBSIDIES}F1;{fallnr};16e;;01.01.2025;31.12.2026;\n"))];
    let watched = |bak, ifk, fallnr| case_of(bak, ifk, fallnr, "02.03.2026", "30.06.2026", "rueckgabe_sonstige");
    let cases = [watched("BAK0", "IFK0", "17"), watched("BAK1", "IFK1", "18"), watched("BAK0", "IFK0", "19")];
    house.begin("08-28", &cases, "").await;
    house.deliver("08-28", &subsidy("17")).await;
    house.morning("08-28").await;
    let told = |digests: &[Digest], kind, to| about(&says(mail(digests, kind, to)), "F1");
    let digests = house.morning("08-31").await;
    assert_eq!(told(&digests, Kind::Mitteilung, "esche"), ["F1 besuch-16 vorankuendigung NEW"]);

    // To a case of the same colleagues: nobody is told anything.
    house.deliver("09-01", &subsidy("19")).await;
    let digests = house.morning("09-01").await;
    assert!(!digests.iter().any(|d| d.kind == Kind::Mitteilung), "{digests:?}");
    // To a case of others: they take it over.
    house.deliver("09-02", &subsidy("18")).await;
    let digests = house.morning("09-02").await;
    assert_eq!(told(&digests, Kind::Mitteilung, "fichte"), ["F1 besuch-16 vorankuendigung TAKEN OVER"]);
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    assert!(mail(&house.morning("09-03").await, Kind::Mitteilung, "fichte").is_none(), "told once");

    let digests = house.morning("09-09").await;
    assert_eq!(told(&digests, Kind::Mitteilung, "fichte"), ["F1 besuch-16 planung NEW"], "the next step");
    assert_eq!(told(&digests, Kind::Persoenlich, "buche"), ["F1 besuch-16 planung NEW"]);
    // Back to the first one, where less had been said: the step is not told again as news.
    house.deliver("09-10", &subsidy("17")).await;
    let digests = house.morning("09-10").await;
    assert_eq!(told(&digests, Kind::Mitteilung, "esche"), ["F1 besuch-16 planung TAKEN OVER"]);
    assert_eq!(told(&digests, Kind::Persoenlich, "adler"), ["F1 besuch-16 planung TAKEN OVER"]);
    let digests = house.morning("09-11").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    assert_eq!(told(&digests, Kind::Persoenlich, "adler"), ["F1 besuch-16 planung"]);
    let digests = house.morning("09-30").await;
    assert_eq!(told(&digests, Kind::Mitteilung, "esche"), ["F1 besuch-16 faellig NEW"]);
}

#[tokio::test]
async fn a_rule_that_was_off_for_a_while_fires_nothing_it_passed_over() {
    const ON: &str = "[office]\nstale_after = 0\n";
    let off = format!("{ON}[rules]\nfile = \"rules.toml\"\n");
    let house = House::with(ON).await;
    let rules = "[rules.rueckgabe-6-monate]\nenabled = false\n";
    std::fs::write(house.folder.path().join("rules.toml"), rules).unwrap();
    // Planned on 05.06., remembered on 19.06., due on 03.07., escalated on 08.07.
    house.begin("06-01", &[case("17", "05.01.2026", "", "")], "").await;
    house.morning("06-03").await;
    let digests = house.morning("06-05").await;
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), ["17 rueckgabe-6-monate planung NEW"]);

    let house = house.changed(&off).await;
    for on in ["06-08", "06-19", "07-03"] {
        let digests = house.morning(on).await;
        assert!(digests.iter().all(|d| about(&says(Some(d)), "17").is_empty()), "{on}");
    }
    let house = house.changed(ON).await;
    let digests = house.morning("07-06").await;
    assert_eq!(says(mail(&digests, Kind::Persoenlich, "adler")), ["17 rueckgabe-6-monate faellig"]);
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), ["17 rueckgabe-6-monate faellig", "start IFK0"]);
    let digests = house.morning("07-07").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    let digests = house.morning("07-08").await;
    assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), ["17 rueckgabe-6-monate eskalation NEW"]);
}

#[tokio::test]
async fn evidence_that_was_gone_for_a_while_fires_nothing_that_was_passed_over() {
    let house = House::with("[office]\nstale_after = 0\n").await;
    // The contact of 17 is due on Monday, 29.06.: told before on 24.06., as overdue on 30.06., to the IFK on 13.07.
    // Only 99 shows that contacts are recorded at all, and ends before its own is due.
    let cases = [case("17", "01.06.2026", "", ""), case("99", "01.06.2026", "15.06.2026", "rueckgabe_sonstige")];
    let contact = |n: u32| format!("99;kontakt_telefonisch;02.06.2026;{n}\n");
    house.begin("06-22", &cases, &contact(1)).await;
    house.morning("06-23").await;
    let of_contact = |digests: &[Digest], kind, to| {
        let lines = about(&says(mail(digests, kind, to)), "17");
        lines.into_iter().filter(|l| l.contains(" kundenkontakt ")).collect::<Vec<_>>()
    };
    let digests = house.morning("06-24").await;
    assert_eq!(of_contact(&digests, Kind::Persoenlich, "adler"), ["17 kundenkontakt vorwarnung NEW"]);

    house.deliver("06-25", &[("aktivitaeten.csv", format!("{DONE}{}", contact(0)))]).await;
    for on in ["06-25", "06-30", "07-13"] {
        let digests = house.morning(on).await;
        assert_eq!(of_contact(&digests, Kind::Tagesuebersicht, "team"), NOTHING, "{on}");
    }
    house.deliver("07-14", &[("aktivitaeten.csv", format!("{DONE}{}", contact(1)))]).await;
    let digests = house.morning("07-14").await;
    assert_eq!(of_contact(&digests, Kind::Persoenlich, "adler"), ["17 kundenkontakt information"]);
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), ["17 kundenkontakt information", "start IFK0"]);
    let digests = house.morning("07-15").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
}
