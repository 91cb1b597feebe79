//! What a real Postfix sends back comes home: taken by it, given up by it or its neighbour, reported into a maildir, read
//! by the program, and seen in the outbox.

use serde_json::Value;

use crate::DOMAIN;
use crate::ca::Ca;
use crate::plain::{Delivery, House, objects};
use crate::postfix::Postfix;
use crate::sink::{Mood, Sink};

/// The mails of the outbox.
fn outbox(house: &House) -> Vec<Value> {
    objects(&house.says(&["outbox", "list", "--format", "jsonl"]))
}

/// What stands in the outbox of a mail to this address.
fn of(house: &House, to: &str) -> (String, String) {
    let found: Vec<_> = outbox(house).into_iter().filter(|mail| mail["to"] == to).collect();
    let [mail] = &found[..] else { unreachable!("one mail to {to}: {found:?}") };
    (mail["state"].as_str().unwrap().to_owned(), mail["error"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_postfix_gives_up_or_puts_off_after_it_was_taken_is_seen_in_the_outbox() {
    let ca = Ca::new();
    let house = House::new();
    house.import(&house.generate("d", &Delivery::new(1, 60, "2026-11-23".parse().unwrap())));
    house.says(&["morning", "--on", "2026-11-23"]);
    // Four who got one mail each.
    let mut all: Vec<_> = outbox(&house).iter().map(|mail| mail["to"].as_str().unwrap().to_owned()).collect();
    all.sort();
    let once: Vec<_> = all.iter().filter(|to| all.iter().filter(|other| other == to).count() == 1).cloned().collect();
    let [gone, refused, later, ..] = &once[..] else { unreachable!("too few recipients: {all:?}") };

    let neighbour = Sink::new(refused);
    let busy = Sink::new("");
    busy.be(Mood::Later);
    let more = format!(
        // What is refused at once would not be taken; what an alias leads to is looked at later.
        "virtual_mailbox_maps = inline:{{ wiedervorlage@{DOMAIN}=ruecklauf/ }}, static:alle/\n\
         virtual_alias_maps = inline:{{ {gone}=weg@geschlossen.example }}\n\
         transport_maps = inline:{{ {{geschlossen.example=error:5.2.1 closed for good}}, \
         {{{refused}=smtp:[127.0.0.1]:{}}}, {{{later}=smtp:[127.0.0.1]:{}}} }}\n\
         delay_warning_time = 1s\nqueue_run_delay = 1s\nminimal_backoff_time = 1s\nmaximal_backoff_time = 1s\n",
        neighbour.port, busy.port
    );
    let postfix = Postfix::start(DOMAIN, &ca.certificate("IP:127.0.0.1", (2020, 2090)), &more);
    let mut house = house
        .with("MAIL__TRANSPORT", "smtp".to_owned())
        .with("MAIL__FROM", format!("wiedervorlage@{DOMAIN}"))
        .with("MAIL__ALLOWED_DOMAINS", DOMAIN.to_owned())
        .with("MAIL__SMTP__HOST", "127.0.0.1".to_owned())
        .with("MAIL__SMTP__PORT", postfix.port.to_string())
        .with("MAIL__SMTP__CA_FILE", ca.file().display().to_string());
    let said = house.says(&["deliver"]);
    assert!(said.starts_with(&format!("{} verschickt", all.len())), "{said}");
    assert!(outbox(&house).iter().all(|mail| mail["state"] == "sent"), "taken, as far as anybody knows");

    let returned = postfix.mailbox("ruecklauf", 3);
    assert_eq!(returned.len(), 3, "one report for each");
    house.settings.push(("BOUNCES__MAILDIR", postfix.maildir("ruecklauf").display().to_string()));
    let said = house.says(&["deliver"]);
    assert!(said.contains("Rückläufer: 2 unzustellbar, 1 verzögert, 0 ohne Folgen, 0 nicht lesbar."), "{said}");
    for (to, state, why) in [
        (gone, "failed", "Unzustellbar gemeldet (5.2.1): "),
        (refused, "failed", "Unzustellbar gemeldet (5.1.1): Das Postfach gibt es nicht oder nicht mehr."),
        (later, "sent", "Verzögert gemeldet (4.3.0): "),
    ] {
        let (stands, error) = of(&house, to);
        assert!(stands == state && error.starts_with(why), "{to}: {stands} {error}");
        assert!(!error.contains(to.as_str()), "{error}");
    }
    let failed = objects(&house.says(&["outbox", "list", "--state", "failed", "--format", "jsonl"]));
    assert_eq!(failed.len(), 2);
    assert_eq!(outbox(&house).iter().filter(|mail| mail["state"] == "sent").count(), all.len() - 2);
    // Each is looked at once.
    let said = house.says(&["deliver"]);
    assert!(!said.contains("unzustellbar"), "{said}");
}
