//! Addresses that mail may not go to are none: somebody else reads it, or it waits.

use super::*;

const ONLY_US: &str = "[mail]\nallowed_domains = [\"jobcenter.example\"]\n[admin]\nemail = \"admin@jobcenter.example\"\n[office]\nstale_after = 0\n";

/// The text with the addresses of these local parts moved elsewhere.
fn outside(text: &str, who: &[&str]) -> String {
    who.iter().fold(text.to_owned(), |text, who| text.replace(&format!("{who}@jobcenter."), &format!("{who}@aussen.")))
}

/// What the administrator is told about addresses.
fn forbidden(digests: &[Digest]) -> Option<String> {
    let start = "Diese Adressen liegen außerhalb von mail.allowed_domains und gelten als keine (Kürzel oder Team): ";
    let said = says(mail(digests, Kind::Admin, "admin"));
    said.iter().find_map(|l| l.strip_prefix(start)).map(str::to_owned)
}

#[tokio::test]
async fn for_those_outside_the_allowed_domains_deputies_and_fallbacks_stand_in() {
    let house = House::with(&format!("{ONLY_US}leitung_ersatz = \"ersatz@jobcenter.example\"\n")).await;
    // 17 is planned on 05.06., 18 escalates then.
    let cases = [case("17", "05.01.2026", "", ""), case("18", "02.12.2025", "", "")];
    house.begin("06-01", &cases, "").await;
    house.deliver("06-01", &[("personal.csv", outside(STAFF, &["adler", "esche", "leitung"]))]).await;
    house.morning("06-03").await;
    let digests = house.morning("06-05").await;
    assert_eq!(forbidden(&digests), Some("BAK0, IFK0, TL0.".to_owned()));
    assert_eq!(
        says(mail(&digests, Kind::Tagesuebersicht, "team")),
        ["17 rueckgabe-6-monate planung NEW", "18 rueckgabe-6-monate eskalation NEW"]
    );
    assert!(!digests.iter().any(|d| d.kind == Kind::Persoenlich), "who has no address has no mail of their own");
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "fichte")),
        ["17 rueckgabe-6-monate planung NEW", "18 rueckgabe-6-monate eskalation", "in stead of IFK0"]
    );
    assert_eq!(says(mail(&digests, Kind::Eskalation, "ersatz")), ["18 rueckgabe-6-monate eskalation NEW"]);
    assert!(digests.iter().all(|d| d.to.ends_with("@jobcenter.example")), "{digests:?}");
}

#[tokio::test]
async fn where_nobody_is_left_within_the_allowed_domains_all_waits_until_somebody_is() {
    let house = House::with(ONLY_US).await;
    let cases = [case("17", "05.01.2026", "", ""), case("18", "02.12.2025", "", "")];
    house.begin("06-01", &cases, "").await;
    let everybody = ["adler", "buche", "esche", "fichte", "leitung"];
    let elsewhere = [("teams.csv", outside(TEAMS, &["team"])), ("personal.csv", outside(STAFF, &everybody))];
    house.deliver("06-01", &elsewhere).await;
    house.morning("06-03").await;
    let digests = house.morning("06-05").await;
    assert_eq!(forbidden(&digests), Some("BAK0, BAK1, IFK0, IFK1, TL0, T0.".to_owned()));
    assert_eq!(digests.len(), 1, "the administrator's alone: {digests:?}");

    house.deliver("06-08", &[("teams.csv", TEAMS.to_owned()), ("personal.csv", STAFF.to_owned())]).await;
    let digests = house.morning("06-08").await;
    let both = ["17 rueckgabe-6-monate planung NEW", "18 rueckgabe-6-monate eskalation NEW"];
    for (kind, to, expected) in [
        (Kind::Tagesuebersicht, "team", &both[..]),
        (Kind::Persoenlich, "adler", &both),
        // The escalation is the BAK's and the lead's; what was due before the first run counts as told.
        (Kind::Mitteilung, "esche", &["17 rueckgabe-6-monate planung NEW", "18 rueckgabe-6-monate eskalation"]),
        (Kind::Eskalation, "leitung", &["18 rueckgabe-6-monate eskalation NEW"]),
        (Kind::Wochenbericht, "leitung", &["week"]),
    ] {
        assert_eq!(says(mail(&digests, kind, to)), expected, "{kind} {to}");
    }
    assert!(mail(&digests, Kind::Admin, "admin").is_none());
}

#[tokio::test]
async fn a_lead_whose_address_is_a_teams_mailbox_is_not_written_to() {
    for (teams, address) in [
        (TEAMS.to_owned(), "team"),
        // However it is written, and whichever office the mailbox belongs to.
        (TEAMS.to_owned(), "Team"),
        (format!("{TEAMS}T1;Team 1;nord@jobcenter.example;BW;;Nord;\n"), "nord"),
    ] {
        let house = House::with("[admin]\nemail = \"admin@jobcenter.example\"\n").await;
        // Escalated on 05.06.
        house.begin("06-01", &[case("18", "02.12.2025", "", "")], "").await;
        let staff = STAFF.replace("leitung@", &format!("{address}@"));
        house.deliver("06-01", &[("teams.csv", teams), ("personal.csv", staff)]).await;
        house.morning("06-03").await;
        let digests = house.morning("06-05").await;
        let to_lead = digests.iter().find(|d| matches!(d.kind, Kind::Eskalation | Kind::Wochenbericht));
        assert_eq!(to_lead, None, "{address}");
        let said = says(mail(&digests, Kind::Admin, "admin"));
        assert!(said.iter().any(|l| l.starts_with("Team T0: Die Leitung ist heute nicht erreichbar")), "{said:?}");
        house.deliver("06-08", &[("personal.csv", STAFF.to_owned())]).await;
        let digests = house.morning("06-08").await;
        assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), ["18 rueckgabe-6-monate eskalation NEW"]);
    }
}
