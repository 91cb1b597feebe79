//! `send-test` against a real mail server: the way of every other mail, with TLS and sign-in.

use crate::DOMAIN;
use crate::ca::Ca;
use crate::login::{NAME, PASSWORD, sasl};
use crate::plain::House;
use crate::postfix::Postfix;

fn house(postfix: &Postfix, ca: &Ca) -> House {
    let house = House::new();
    let password = house.path("kennwort");
    std::fs::write(&password, PASSWORD).unwrap();
    house
        .with("MAIL__TRANSPORT", "smtp".to_owned())
        .with("MAIL__FROM", format!("wiedervorlage@{DOMAIN}"))
        .with("MAIL__ALLOWED_DOMAINS", DOMAIN.to_owned())
        .with("MAIL__SMTP__HOST", "127.0.0.1".to_owned())
        .with("MAIL__SMTP__PORT", postfix.port.to_string())
        .with("MAIL__SMTP__USERNAME", NAME.to_owned())
        .with("MAIL__SMTP__PASSWORD_FILE", password.display().to_string())
        .with("MAIL__SMTP__CA_FILE", ca.file().display().to_string())
}

/// Exit code and all that was said.
fn test(house: &House, to: &str) -> (Option<i32>, String) {
    let done = house.run(&["send-test", to]);
    (done.status.code(), [done.stdout, done.stderr].map(|said| String::from_utf8(said).unwrap()).concat())
}

#[test]
fn a_test_goes_the_way_of_every_mail_and_says_what_it_is() {
    let ca = Ca::new();
    let certificate = ca.certificate("IP:127.0.0.1", (2020, 2090));
    let postfix = Postfix::start_with(DOMAIN, &certificate, |settings| sasl(settings, "PLAIN"));
    let mut house = house(&postfix, &ca);
    let (code, said) = test(&house, &format!("b@{DOMAIN}"));
    assert_eq!(code, Some(0), "{said}");
    let way = format!("Testmail an b@{DOMAIN} übergeben: 127.0.0.1, Port {}, STARTTLS, mit Anmeldung\n", postfix.port);
    assert!(said.starts_with(&way), "{said}");
    let mail = String::from_utf8(postfix.mailbox("b", 1).remove(0)).unwrap();
    for part in [
        "\nX-BAK-Art: test\n",
        "\nAuto-Submitted: auto-generated\n",
        "\nSubject: [BAK] Test ",
        &format!("\nTo: b@{DOMAIN}\n"),
    ] {
        assert!(mail.contains(part), "{part}\n{mail}");
    }
    let id = said.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    assert!(mail.contains(id));
    let plain = mail.replace("=\n", "");
    for part in
        ["* Mailserver: 127.0.0.1, Port ", "* Verschl=C3=BCsselung: STARTTLS", "* Anmeldung: ja", "keine Sozialdaten"]
    {
        assert!(plain.contains(part), "{part}\n{plain}");
    }
    assert!(!plain.contains(NAME) && !plain.contains("geh:"), "{plain}");
    assert!(!house.path("w.db").exists(), "a test needs no database");

    let (code, said) = test(&house, "b@woanders.example");
    assert_eq!((code, postfix.mailbox("b", 1).len()), (Some(2), 1));
    assert!(said.contains("b@woanders.example liegt außerhalb von mail.allowed_domains (jobcenter.example)"), "{said}");
    assert_eq!(test(&house, "niemand").0, Some(2));

    house.settings.push(("MAIL__REDIRECT_ALL_TO", format!("b@{DOMAIN}")));
    let (code, said) = test(&house, &format!("leitung@{DOMAIN}"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("eigentlich ginge sie an leitung@{DOMAIN}")), "{said}");
    let mails = postfix.mailbox("b", 2);
    let redirected = |mail: &&Vec<u8>| String::from_utf8_lossy(mail).contains("Umgeleitet (Probebetrieb).");
    assert_eq!(mails.iter().filter(redirected).count(), 1);

    std::fs::write(house.path("kennwort"), "falsch").unwrap();
    let (code, said) = test(&house, &format!("b@{DOMAIN}"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("!!  ") && said.contains("nimmt die Anmeldung nicht an (535 5.7.8)"), "{said}");
    assert!(!said.contains("falsch"), "{said}");
    drop(postfix);
    let (code, said) = test(&house, &format!("b@{DOMAIN}"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("!!  "), "{said}");
}
