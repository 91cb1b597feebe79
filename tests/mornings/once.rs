//! What is told once must not get lost on the way: mails that replace others, mails that never left, lapses that wait.

use super::*;

#[tokio::test]
async fn an_overview_that_told_a_missed_week_is_never_superseded() {
    let house = House::with("[office]\nstale_after = 0\n").await;
    let cases = [case("17", "01.06.2026", "", ""), case("18", "01.06.2026", "", "")];
    house.begin("06-01", &cases, "18;stellensuchlauf;02.06.2026;2\n18;stellensuchlauf;09.06.2026;2\n").await;
    house.mornings(&["06-02", "06-05"]).await;
    let digests = house.morning("06-08").await;
    assert_eq!(says(mail(&digests, Kind::Tagesuebersicht, "team")), ["17 stellensuchlauf nachtragen NEW"]);
    house.mornings(&["06-09", "06-10"]).await;
    assert_eq!(
        outbox(&house, Kind::Tagesuebersicht, OutboxState::Superseded).await,
        ["06-02 team", "06-05 team", "06-09 team"]
    );
    assert_eq!(outbox(&house, Kind::Tagesuebersicht, OutboxState::Queued).await, ["06-08 team", "06-10 team"]);
}

#[tokio::test]
async fn an_overview_that_told_a_lapse_is_never_superseded() {
    let house = House::with("[office]\nstale_after = 0\n").await;
    let cases = [case("17", "01.06.2026", "", ""), case("18", "07.01.2026", "", "")];
    house.begin("06-01", &cases, "18;mag_nachhaltung_ag;07.01.2026;1\n").await;
    house.deliver("06-01", &[("foerderungen.csv", format!("{SUBSIDIES}M1;17;MAG;;01.06.2026;12.06.2026;\n"))]).await;
    house.mornings(&["06-09", "06-12"]).await;
    let digests = house.morning("06-15").await;
    let today = says(mail(&digests, Kind::Tagesuebersicht, "team"));
    assert!(today.contains(&"M1 mag-nachhaltung-ag LAPSED".to_owned()), "{today:?}");
    house.mornings(&["06-16", "06-17"]).await;
    assert_eq!(outbox(&house, Kind::Tagesuebersicht, OutboxState::Queued).await, ["06-15 team", "06-17 team"]);
}

#[tokio::test]
async fn mails_given_up_since_the_last_run_are_named_by_number_once() {
    let house = House::with("[admin]\nemail = \"admin@jobcenter.example\"\n").await;
    house.begin("06-01", &[case("17", "05.01.2026", "", "")], "").await;
    assert!(mail(&house.morning("06-02").await, Kind::Admin, "admin").is_none());
    let db = &house.app.db;
    let claim = async |now: DateTime<Utc>, token| {
        queue::claim(db, now, now + chrono::Days::new(1), token).await.map(|mail| mail.id)
    };
    let named = |digests: &[Digest]| {
        let said = says(mail(digests, Kind::Admin, "admin"));
        let line = said.iter().find(|l| l.starts_with("Diese Mails konnten endgültig nicht zugestellt werden"));
        line.map(|l| l.split(": ").nth(1).and_then(|l| l.split('.').next()).unwrap_or_default().to_owned())
    };
    // One is refused for good, one is tried again for three days, the others leave.
    let sent = early(day("06-02"));
    let (refused, tried) = (claim(sent, "A").await.unwrap(), claim(sent, "B").await.unwrap());
    assert!(queue::note(db, refused, "A", sent, queue::failed("550")).await);
    let last = early(day("06-05")) - chrono::TimeDelta::minutes(30);
    assert!(queue::note(db, tried, "B", last, queue::again(last, "451")).await);
    while let Some(id) = claim(sent, "C").await {
        assert!(queue::note(db, id, "C", sent, Fate::Sent).await);
    }
    assert_eq!(named(&house.morning("06-03").await), Some(refused.to_string()));
    while let Some(id) = claim(early(day("06-03")), "D").await {
        assert!(queue::note(db, id, "D", early(day("06-03")), Fate::Sent).await);
    }
    assert_eq!(claim(last, "E").await, Some(tried));
    assert!(queue::note(db, tried, "E", last, queue::failed("451")).await);
    assert_eq!(named(&house.morning("06-05").await), Some(tried.to_string()), "given up since, though written before");
    assert_eq!(named(&house.morning("06-08").await), None, "each is named once");
    // One that was taken comes back.
    let sent = db.outbox_list(&OutboxFilter { state: Some(OutboxState::Sent), ..OutboxFilter::default() }, 0, 1).await;
    let sent = sent.unwrap().remove(0);
    let noon = early(day("06-08")) + chrono::TimeDelta::hours(6);
    assert_eq!(db.mark_bounced(&sent.message_id, noon, "5.1.1").await.unwrap(), Spoken::Noted(sent.id));
    assert_eq!(db.mark_bounced(&sent.message_id, noon, "5.1.1").await.unwrap(), Spoken::Elsewhere(sent.id));
    assert_eq!(named(&house.morning("06-09").await), Some(sent.id.to_string()), "though it was sent days before");
    assert_eq!(named(&house.morning("06-10").await), None, "once");
}

/// What a weekly report says ran out.
fn lapsed_in_report(digests: &[Digest]) -> Option<Vec<String>> {
    match &mail(digests, Kind::Wochenbericht, "leitung")?.content {
        Content::Week(weeks) => Some(weeks.iter().flat_map(|w| &w.lapsed).map(over).collect()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_ran_out_for_the_lead_alone_is_told_once_in_an_escalation_or_the_next_report() {
    // 17's subsidy ends on Tuesday, 27.10.: the visit is due on Monday, 27.07., and escalates on 24.08.
    // 18's return is due on Monday, 26.10., and escalates on Thursday, 29.10.
    let visit = case("17", "01.06.2026", "30.06.2026", "rueckgabe_sonstige");
    let escalates = case("18", "27.04.2026", "", "");
    for (cases, on_29, in_report) in [
        (vec![visit.clone()], &[][..], &["F1 besuch-16 LAPSED"][..]),
        (vec![visit, escalates], &["18 rueckgabe-6-monate eskalation NEW", "F1 besuch-16 LAPSED"], &[]),
    ] {
        let house = House::with("[office]\nstale_after = 0\n").await;
        house.begin("08-20", &cases, "").await;
        let subsidy = format!("{SUBSIDIES}F1;17;16e;;28.10.2024;27.10.2026;\n");
        house.deliver("08-20", &[("foerderungen.csv", subsidy)]).await;
        house.morning("08-21").await;
        let digests = house.morning("08-24").await;
        assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), ["F1 besuch-16 eskalation NEW"]);
        assert_eq!(lapsed_in_report(&house.morning("10-27").await), Some(vec![]), "the week's report goes before");

        let digests = house.morning("10-28").await;
        assert!(mail(&digests, Kind::Eskalation, "leitung").is_none(), "a lapse alone causes no mail");
        let today = says(mail(&digests, Kind::Tagesuebersicht, "team"));
        assert!(!today.iter().any(|l| l.contains("LAPSED")), "the lead was addressed last: {today:?}");
        let digests = house.morning("10-29").await;
        assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), on_29);
        assert_eq!(lapsed_in_report(&house.morning("11-02").await).unwrap(), in_report);
        assert_eq!(lapsed_in_report(&house.morning("11-09").await), Some(vec![]), "told once");
    }
}
