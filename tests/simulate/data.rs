//! When no new data comes: `simulate --data-until` is what tests/oracle/reckon.py reckons, and what mornings do for which
//! nothing is imported any more.

use super::*;

/// Long before and long after every span.
const BEFORE: &str = "2020-01-02";
const AFTER: &str = "2039-01-03";

async fn check_until(delivery: &Delivery, span: Span, known: bool) {
    let house = House::new().with("MAIL__WOCHENLISTE", "aus".to_owned());
    let folder = house.generate("delivery", delivery);
    let imported = early(day(if known { BEFORE } else { AFTER }));
    Driven::open_at(&house, &folder, imported).await.app.db.close().await;
    let mut arguments = span.arguments();
    arguments.insert(0, folder.to_str().unwrap().to_owned());
    if !known {
        arguments.push("--reported".to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let plain = in_order(objects(&python("reckon.py", &arguments)));
    let stale = plain.iter().filter(|mail| mail.contains("\"stale\":true")).count();
    assert!(stale > 20, "too little stale data to prove anything: {stale} of {delivery}");
    same(&simulated(&house, span), &plain, &format!("{delivery}, known {known}, {}", arguments[1..].join(" ")));
}

#[tokio::test]
async fn data_that_ends_gives_what_is_reckoned() {
    for (seed, known, until) in [
        (50, true, "2026-11-23"),  // from the first day on
        (51, true, "2026-12-04"),  // a Friday
        (52, true, "2026-12-19"),  // a Saturday before the holidays
        (53, false, "2026-11-20"), // before the first day
        (54, false, "2026-11-27"),
        (55, false, "2027-01-05"),
    ] {
        let bent = vec!["appointments", "lively", "absent"];
        let delivery = Delivery { odd: seed % 2 == 0, bent, ..Delivery::new(seed, 40, day("2026-11-23")) };
        let span = Span { data_until: Some(day(until)), ..Span::from(day("2026-11-23")) };
        check_until(&delivery, span, known).await;
    }
}

#[tokio::test]
async fn stale_data_and_a_standstill_together_give_what_is_reckoned() {
    for (seed, known) in [(60, true), (61, false)] {
        let delivery =
            Delivery { odd: true, bent: vec!["leads", "lively"], ..Delivery::new(seed, 130, day("2026-02-16")) };
        let span = Span { data_until: Some(day("2026-03-03")), ..Span::from(day("2026-02-16")) };
        check_until(&delivery, span.down(day("2026-03-05"), 7), known).await;
    }
}

/// What was imported or entered after the day is as if it had never been, whatever it changed, added or withdrew.
#[tokio::test]
async fn data_until_a_day_is_what_mornings_say_for_which_nothing_was_imported_since() {
    for (seed, until) in [(70, "2026-11-23"), (71, "2026-12-02")] {
        let until = day(until);
        let delivery =
            Delivery { odd: true, bent: vec!["appointments", "lively"], ..Delivery::new(seed, 40, day("2026-11-23")) };
        let (stopped, went_on) = (House::new(), House::new());
        let first = stopped.generate("first", &delivery);
        let later =
            stopped.generate("later", &Delivery { seed: seed + 1, cases: 45, on: plus(until, 9), ..delivery.clone() });
        let last =
            stopped.generate("last", &Delivery { seed: seed + 2, cases: 30, on: plus(until, 20), ..delivery.clone() });

        let mut driven = Driven::open_at(&stopped, &first, early(until)).await;
        driven.fresh = false;
        let span = Span { to: plus(until, 45), data_until: Some(until), ..Span::from(until) };
        for d in span.days() {
            driven.morning(d, true).await;
        }

        let other = Driven::open_at(&went_on, &first, early(until)).await;
        for (folder, days) in [(&later, 9), (&last, 20)] {
            other.import(folder, early(plus(until, days))).await;
        }
        other.app.db.close().await;
        let mails = simulated(&went_on, span);
        assert!(mails.iter().filter(|mail| mail.contains("\"stale\":true")).count() > 20);
        same(&in_order(driven.mails), &mails, &delivery.to_string());
        let fresh = simulated(&went_on, Span { data_until: None, ..span });
        assert_ne!(fresh, mails, "the later deliveries change something");
    }
}
