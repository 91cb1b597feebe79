//! Places: the lead hears on the morning on which a handover passes what was agreed, or what there is at most.

use super::*;

const SMALL: &str = "[capacity]\nstart = 1\nlimit = 3\n[teams.T0]\nplaces = 2\n";

/// The cases with these numbers, all of BAK0 since May.
fn cases(numbers: &[u32]) -> String {
    let rows: Vec<_> = numbers.iter().map(|n| case(&n.to_string(), "05.05.2026", "", "")).collect();
    format!("{CASES}{}", rows.concat())
}

/// Whose places were passed, as the mail to the lead says it: `BAK0 3 > 2`.
fn passed(digests: &[Digest]) -> Vec<String> {
    let Some(digest) = mail(digests, Kind::Eskalation, "leitung") else { return Vec::new() };
    let Content::Escalation(teams) = &digest.content else { panic!() };
    let grown = teams.iter().flat_map(|team| &team.grown);
    grown
        .map(|bak| format!("{} {} > {}{}", bak.kuerzel, bak.open, bak.size, if bak.agreed { " agreed" } else { "" }))
        .collect()
}

#[tokio::test]
async fn the_lead_hears_once_when_a_handover_passes_the_places() {
    let house = House::with(SMALL).await;
    house.begin("06-01", &[], "").await;
    house.deliver("06-01", &[("betreuungen.csv", cases(&[1, 2]))]).await;
    // The first run says what there is in the weekly report; that nobody has just passed anything.
    let mut told = vec![passed(&house.morning("06-01").await)];
    for (on, numbers) in
        [("06-02", &[1, 2, 3][..]), ("06-03", &[1, 2, 3]), ("06-05", &[1, 2, 3, 4]), ("06-08", &[1, 2, 3, 4, 5])]
    {
        house.deliver(on, &[("betreuungen.csv", cases(numbers))]).await;
        told.push(passed(&house.morning(on).await));
    }
    let nothing = Vec::<String>::new;
    let (agreed, limit) = (vec!["BAK0 3 > 2 agreed".to_owned()], vec!["BAK0 4 > 3".to_owned()]);
    assert_eq!(told, [nothing(), agreed, nothing(), limit, nothing()]);

    // Down again and up again is news.
    let ended = |n: u32| case(&n.to_string(), "05.05.2026", "08.06.2026", "integration");
    let down = format!("{}{}{}{}", cases(&[1, 2]), ended(3), ended(4), ended(5));
    house.deliver("06-09", &[("betreuungen.csv", down)]).await;
    assert_eq!(passed(&house.morning("06-09").await), nothing());
    house.deliver("06-10", &[("betreuungen.csv", cases(&[6, 7]))]).await;
    assert_eq!(passed(&house.morning("06-10").await), ["BAK0 4 > 3"]);
}

#[tokio::test]
async fn what_was_passed_while_nobody_could_be_told_is_told_later() {
    let house = House::with(SMALL).await;
    house.begin("06-01", &[], "").await;
    house.deliver("06-01", &[("betreuungen.csv", cases(&[1]))]).await;
    assert_eq!(passed(&house.morning("06-01").await), Vec::<String>::new());
    let away = format!("{AWAY}TL0;02.06.2026;03.06.2026\n");
    house.deliver("06-02", &[("abwesenheiten.csv", away), ("betreuungen.csv", cases(&[1, 2, 3]))]).await;
    assert_eq!(passed(&house.morning("06-02").await), Vec::<String>::new());
    assert_eq!(passed(&house.morning("06-05").await), ["BAK0 3 > 2 agreed"]);
}
