//! The service before a mail server: what a dead one held, and a stop in the middle.

use super::sink::{Mood, Sink};
use super::{Running, days, house};
use crate::plain::House;

fn house_at(sink: &Sink) -> House {
    [
        ("MAIL__TRANSPORT", "smtp".to_owned()),
        ("MAIL__FROM", "wiedervorlage@jobcenter.example".to_owned()),
        ("MAIL__ALLOWED_DOMAINS", "jobcenter.example".to_owned()),
        ("MAIL__SMTP__HOST", "127.0.0.1".to_owned()),
        ("MAIL__SMTP__PORT", sink.port.to_string()),
        ("MAIL__SMTP__TLS", "none".to_owned()),
    ]
    .into_iter()
    .fold(house(), |house, (key, value)| house.with(key, value))
}

/// A service in the middle of its first mail, before a server that does not answer.
fn held() -> (Sink, House, Running) {
    let sink = Sink::new("");
    let house = house_at(&sink);
    sink.be(Mood::Hangs);
    let service = Running::start(&house, &[], "2026-11-23 09:00:00");
    service.hears("morning done");
    sink.waits_for_somebody_to_hang();
    (sink, house, service)
}

/// (mails written, mails that the server has, in all and each once)
fn counts(house: &House, sink: &Sink) -> (usize, usize, usize) {
    let written = house.says(&["outbox", "list", "--format", "jsonl"]).lines().count();
    let taken = sink.taken();
    let each: std::collections::BTreeSet<_> = taken.iter().map(|t| &t.message_id).collect();
    (written, taken.len(), each.len())
}

#[test]
fn what_a_killed_service_held_leaves_when_the_next_one_starts() {
    let (sink, house, service) = held();
    service.signal("KILL");
    drop(service);
    sink.be(Mood::Good);
    // Long before the lease is over.
    let service = Running::start(&house, &[], "2026-11-23 09:00:30");
    service.hears("mails that a dead process held are due again");
    service.hears("delivered");
    assert!(service.stop().success());
    let (written, taken, each) = counts(&house, &sink);
    assert_eq!((taken, each), (written, written));
    assert_eq!(days(&house), ["2026-11-23"]);
}

#[test]
fn a_stop_drops_an_exchange_that_has_not_come_to_the_mail_and_the_next_service_sends_it_at_once() {
    let (sink, house, service) = held();
    // At once, not after the server's five minutes.
    assert!(service.stop().success());
    assert_eq!(counts(&house, &sink).1, 0);
    let waiting = house.says(&["outbox", "list", "--state", "sending", "--format", "jsonl"]);
    assert_eq!(waiting, "", "nothing is left in anybody's hands");
    sink.be(Mood::Good);
    let service = Running::start(&house, &[], "2026-11-23 09:00:30");
    service.hears("delivered");
    assert!(service.stop().success());
    let (written, taken, each) = counts(&house, &sink);
    assert_eq!((taken, each), (written, written));
}
