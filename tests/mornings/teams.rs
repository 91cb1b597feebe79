//! Teams beside each other: in other offices, under other holidays, with words of their own.

use super::*;

/// Two teams of one office: T0 in Baden-Württemberg, which rests on 6 January, and T1 in Berlin, which does not.
fn two_teams(berlin: &str) -> String {
    format!("{TEAMS}T1;Team 1;{berlin}@jobcenter.example;BE;TL1;;\n")
}

const BERLIN_STAFF: &str = "TL1;Tanne;berlin-leitung@jobcenter.example;TL;T1;;\n\
    BAK2;Birke;birke@jobcenter.example;BAK;T1;;\n";

/// A case of T1.
fn berlin(bak: &str, fallnr: &str, since: &str) -> String {
    case_of(bak, "IFK0", fallnr, since, "", "").replace(";T0;", ";T1;")
}

/// The office of both teams: T1's mailbox, and all cases.
async fn both(house: &House, mailbox: &str, on: &str, cases: &[String]) {
    let staff = [("teams.csv", two_teams(mailbox)), ("personal.csv", format!("{STAFF}{BERLIN_STAFF}"))];
    house.deliver(on, &staff).await;
    house.deliver(on, &[("betreuungen.csv", format!("{CASES}{}", cases.concat()))]).await;
}

#[tokio::test]
async fn a_team_that_moves_after_its_run_gets_no_second_mails_and_no_stand_the_day_after() {
    let house = House::new().await;
    // 17 is planned on Friday, 05.06.; 18 was due on Monday, 01.06., and escalates on the same Friday.
    let cases = [case("17", "05.01.2026", "", ""), case("18", "02.12.2025", "", "")];
    house.begin("06-01", &cases, "").await;
    let digests = house.morning("06-03").await;
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), ["18 rueckgabe-6-monate faellig", "start IFK0"]);
    assert_eq!(says(mail(&digests, Kind::Wochenbericht, "leitung")), ["week"]);

    house.deliver("06-03", &[("teams.csv", TEAMS.replace(";TL0;;", ";TL0;Nord;"))]).await;
    assert_eq!(house.morning_in("Nord", "06-03").await, [], "it had its morning in the other office");
    let digests = house.morning_in("Nord", "06-05").await;
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "esche")),
        ["17 rueckgabe-6-monate planung NEW", "18 rueckgabe-6-monate eskalation"]
    );
    assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), ["18 rueckgabe-6-monate eskalation NEW"]);
    assert!(mail(&digests, Kind::Tagesuebersicht, "team").is_some());
    assert!(mail(&digests, Kind::Wochenbericht, "leitung").is_none(), "one report a week");
}

#[tokio::test]
async fn on_a_holiday_of_one_team_its_waiting_overview_stays_until_the_next_one_holds_it_too() {
    for (mailbox, while_closed, after) in [
        ("berlin", &["01-05 berlin"][..], &["01-05 berlin", "01-05 team", "01-06 berlin"][..]),
        // One mailbox for both: what Berlin alone has to say replaces nothing.
        ("team", &[], &["01-05 team", "01-06 team"]),
    ] {
        let house = House::new().await;
        let cases = [case("17", "02.01.2026", "", ""), berlin("BAK2", "18", "02.01.2026")];
        both(&house, mailbox, "01-05", &cases).await;
        house.morning("01-05").await;
        let digests = house.morning("01-06").await;
        let overviews: Vec<_> = digests.iter().filter(|d| d.kind == Kind::Tagesuebersicht).map(|d| &*d.to).collect();
        assert_eq!(overviews, [format!("{mailbox}@jobcenter.example")], "only Berlin works");
        let superseded = async || outbox(&house, Kind::Tagesuebersicht, OutboxState::Superseded).await;
        assert_eq!(superseded().await, while_closed, "{mailbox}");
        house.morning("01-07").await;
        assert_eq!(superseded().await, after, "{mailbox}");
    }
}

#[tokio::test]
async fn the_load_of_a_bak_counts_cases_of_teams_that_rest_that_day() {
    let house = House::new().await;
    // BAK0 has two cases in T0, which rests, and one in T1.
    let cases =
        [case("17", "02.01.2026", "", ""), case("18", "02.01.2026", "", ""), berlin("BAK0", "19", "02.01.2026")];
    both(&house, "berlin", "01-05", &cases).await;
    let digests = house.morning("01-06").await;
    let report = mail(&digests, Kind::Wochenbericht, "berlin-leitung").unwrap();
    let Content::Week(weeks) = &report.content else { panic!("{report:?}") };
    let load: Vec<_> = weeks[0].load.iter().map(|l| (&*l.kuerzel, l.open)).collect();
    assert_eq!((load, weeks[0].open.0), (vec![("BAK0", 3), ("BAK2", 0)], 1));
}

#[tokio::test]
async fn two_teams_that_word_a_rule_differently_each_read_their_own_words() {
    let folder = TempDir::new().unwrap();
    for (team, title, task) in
        [("t0", "Rückgabe Süd", "Akte nach Süden tragen"), ("t1", "Rückgabe Ost", "Akte nach Osten tragen")]
    {
        let rules = format!("[rules.rueckgabe-6-monate]\ntitle = \"{title}\"\ntask = \"{task}\"\n");
        std::fs::write(folder.path().join(format!("{team}.toml")), rules).unwrap();
    }
    let house =
        House::open(folder, "[teams.T0]\nrules_file = \"t0.toml\"\n[teams.T1]\nrules_file = \"t1.toml\"\n").await;
    // Both are planned on 05.06., and both IFK0's.
    both(&house, "berlin", "06-01", &[case("17", "05.01.2026", "", ""), berlin("BAK2", "18", "05.01.2026")]).await;
    house.morning("06-03").await;
    let digests = house.morning("06-05").await;
    let renderer = house.app.renderer().await.unwrap();
    for (kind, to, south, east) in [
        (Kind::Tagesuebersicht, "team", true, false),
        (Kind::Tagesuebersicht, "berlin", false, true),
        (Kind::Persoenlich, "adler", true, false),
        (Kind::Persoenlich, "birke", false, true),
        (Kind::Mitteilung, "esche", true, true),
    ] {
        let parts = renderer.render(mail(&digests, kind, to).unwrap()).unwrap();
        for page in [&parts.text, &parts.html] {
            let reads = |words: &str| page.contains(words);
            assert_eq!((reads("Rückgabe Süd"), reads("Rückgabe Ost")), (south, east), "{kind} {to}\n{page}");
            assert!(!reads("Rückgabe nach sechs Monaten"), "{page}");
            assert!(!reads("nach Süden") || south, "{page}");
            assert!(!reads("nach Osten") || east, "{page}");
        }
    }
    let parts = renderer.render(mail(&digests, Kind::Mitteilung, "esche").unwrap()).unwrap();
    assert!(parts.text.contains("Akte nach Süden tragen") && parts.text.contains("Akte nach Osten tragen"));
}
