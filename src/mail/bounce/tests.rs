use super::*;

const ID: &str = "<0123456789abcdef0123456789abcdef@jobcenter.example>";
const POSTFIX: &str = include_str!("../../../tests/fixtures/bounces/postfix.eml");

fn says(bytes: &[u8]) -> Option<(Action, Option<Status>, String)> {
    parse(bytes).map(|b| (b.action, b.status, b.message_id))
}

/// A report with this group about the recipient and this third part.
fn report_of(recipient: &str, third: &str) -> String {
    format!(
        "In-Reply-To: <answered@x.example>\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{recipient}\n\n--b\n{third}\n--b--\n"
    )
}

#[test]
fn reports_of_the_usual_servers_are_read() {
    macro_rules! file {
        ($name:literal) => {
            ($name, include_bytes!(concat!("../../../tests/fixtures/bounces/", $name)).as_slice())
        };
    }
    for ((name, bytes), action, status) in [
        (file!("postfix.eml"), Action::Failed, Status(5, 1, 1)),
        (file!("postfix_delayed.eml"), Action::Delayed, Status(4, 4, 1)),
        (file!("exchange.eml"), Action::Failed, Status(5, 2, 2)),
        (file!("exim.eml"), Action::Failed, Status(5, 0, 0)),
        (file!("encoded.eml"), Action::Failed, Status(5, 7, 1)),
        (file!("no_original.eml"), Action::Failed, Status(5, 1, 10)),
        (file!("wrapped.eml"), Action::Failed, Status(5, 1, 1)),
    ] {
        let expected = Some((action, Some(status), ID.to_owned()));
        assert_eq!(says(bytes), expected, "{name}");
        let text = String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n");
        assert_eq!(says(text.as_bytes()), expected, "{name} with LF");
        assert_eq!(says(text.replace('\n', "\r\n").as_bytes()), expected, "{name} with CRLF");
    }
}

#[test]
fn what_a_report_says_of_a_recipient_is_read_as_it_is_written() {
    let third = "Content-Type: text/rfc822-headers\n\nMessage-ID: <a@b>";
    for (recipient, expected) in [
        ("Action: failed\nStatus: 5.1.1", Some((Action::Failed, Some(Status(5, 1, 1))))),
        ("ACTION:Failed\nstatus:  5.1.1 (bad mailbox)", Some((Action::Failed, Some(Status(5, 1, 1))))),
        ("Action:\n failed\nStatus:\n\t5.1.1", Some((Action::Failed, Some(Status(5, 1, 1))))),
        ("Action: failed", Some((Action::Failed, None))),
        ("Action: failed\nStatus: 550", Some((Action::Failed, None))),
        ("Action: failed\nStatus: 5.1.1.1", Some((Action::Failed, None))),
        ("Action: failed\nStatus: 9.1.1", Some((Action::Failed, None))),
        ("Action: failed\nStatus: 5.99999999999.1", Some((Action::Failed, None))),
        ("Action: delivered\nStatus: 2.0.0", Some((Action::Delivered, Some(Status(2, 0, 0))))),
        ("Action: relayed", Some((Action::Relayed, None))),
        ("Action: expanded", Some((Action::Expanded, None))),
        ("Action: lost\nStatus: 5.1.1", None),
        ("Status: 5.1.1", None),
        ("Action:", None),
        // One of the three behind a team's address cannot be reached.
        (
            "Action: delivered\n\n\nAction: failed\nStatus: 5.2.1\n\nAction: delayed",
            Some((Action::Failed, Some(Status(5, 2, 1)))),
        ),
    ] {
        let read = parse(report_of(recipient, third).as_bytes()).map(|b| (b.action, b.status));
        assert_eq!(read, expected, "{recipient:?}");
    }
}

#[test]
fn the_mail_is_named_by_what_was_returned_else_by_what_was_answered() {
    for (third, expected) in [
        ("Content-Type: message/rfc822\n\nmessage-id:\n <a@b>\n\nText", Some("<a@b>")),
        ("Content-Type: message/global-headers\n\nMessage-ID: <ä@b>\n", Some("<answered@x.example>")),
        // The text of the returned mail is not its head.
        ("Content-Type: message/rfc822\n\nFrom: x@y\n\nMessage-ID: <a@b>", Some("<answered@x.example>")),
        ("Content-Type: text/plain\n\nMessage-ID: <a@b>", Some("<answered@x.example>")),
        ("Content-Type: text/rfc822-headers\n\nMessage-ID: a@b", Some("<answered@x.example>")),
        ("Content-Type: text/rfc822-headers\n\nMessage-ID: <>", Some("<answered@x.example>")),
        // Cut off in the middle of the identifier.
        ("Content-Type: text/rfc822-headers\n\nMessage-ID: <a@", Some("<answered@x.example>")),
    ] {
        let report = report_of("Action: failed", third);
        assert_eq!(parse(report.as_bytes()).map(|b| b.message_id).as_deref(), expected, "{third}");
        let unanswered = report.replace("In-Reply-To", "X-Other");
        let expected = expected.filter(|id| *id != "<answered@x.example>");
        assert_eq!(parse(unanswered.as_bytes()).map(|b| b.message_id).as_deref(), expected, "{third}");
    }
}

#[test]
fn what_is_no_report_says_nothing() {
    let report = report_of("Action: failed\nStatus: 5.1.1", "Content-Type: text/rfc822-headers\n\nMessage-ID: <a@b>");
    assert!(parse(report.as_bytes()).is_some());
    for (what, text) in [
        ("nothing", String::new()),
        ("an empty head", format!("\n{report}")),
        ("another report", report.replace("delivery-status; b", "disposition-notification; b")),
        ("another multipart", report.replace("multipart/report", "multipart/mixed")),
        ("no boundary", report.replace("; boundary=b", "")),
        ("another boundary", report.replace("boundary=b", "boundary=c")),
        ("an empty boundary", report.replace("boundary=b", "boundary=\"\"")),
        ("an answer by a person", "In-Reply-To: <a@b>\n\nIch bin im Urlaub. Action: failed".to_owned()),
        ("deep inside", (0..20).fold(report.clone(), |inside, _| format!("Content-Type: message/rfc822\n\n{inside}"))),
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{what}");
    }
}

#[test]
fn a_report_cut_off_anywhere_says_the_same_or_nothing() {
    let whole = parse(POSTFIX.as_bytes());
    let mut enough = 0;
    for end in 0..POSTFIX.len() {
        let part = parse(&POSTFIX.as_bytes()[..end]);
        enough += usize::from(part.is_some());
        assert!(part.is_none() || part == whole, "{end}");
    }
    assert!(enough > 100);
}

#[test]
fn beyond_a_megabyte_nothing_is_read() {
    let filler = "x".repeat(MAX_BYTES);
    let report = report_of("Action: failed", "Content-Type: text/rfc822-headers\n\nMessage-ID: <a@b>");
    assert!(parse(report.replace("\n--b\n", &format!("\n{filler}\n--b\n")).as_bytes()).is_none());
    assert!(parse(format!("{report}{filler}").as_bytes()).is_some());
}

/// What overflowed the stack, or took minutes, of other readers.
#[test]
fn a_megabyte_of_nesting_is_read_like_any_other() {
    for part in [
        "Content-Type: message/rfc822\n\n",
        "Content-Type:multipart/report;boundary=a\n\n--a\n",
        "--a\nContent-Type:multipart/mixed;boundary=b\n\n",
        "--a\nContent-Type:message/delivery-status\n\n\n\n",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n--a\n\n",
        " \n",
        "=",
        "\n",
    ] {
        for start in ["", "Content-Type: multipart/report; boundary=a\n\n"] {
            let text = format!("{start}{}", part.repeat(MAX_BYTES / part.len()));
            assert_eq!(parse(text.as_bytes()), None, "{part:?}");
        }
    }
}

#[test]
fn a_reason_names_nobody_and_quotes_nobody() {
    for (action, status, expected) in [
        (Action::Failed, None, "Unzustellbar gemeldet."),
        (Action::Failed, Some(Status(5, 0, 0)), "Unzustellbar gemeldet (5.0.0)."),
        (
            Action::Failed,
            Some(Status(5, 1, 1)),
            "Unzustellbar gemeldet (5.1.1): Das Postfach gibt es nicht oder nicht mehr.",
        ),
        (Action::Failed, Some(Status(5, 2, 2)), "Unzustellbar gemeldet (5.2.2): Das Postfach ist voll."),
        (
            Action::Failed,
            Some(Status(5, 7, 1)),
            "Unzustellbar gemeldet (5.7.1): Eine Sicherheits- oder Spamregel des Empfängers lehnt die Mail ab.",
        ),
        (
            Action::Delayed,
            Some(Status(4, 4, 1)),
            "Verzögert gemeldet (4.4.1): Der Mailserver des Empfängers war nicht erreichbar.",
        ),
    ] {
        let bounce = Bounce { message_id: ID.to_owned(), action, status };
        assert_eq!(bounce.reason(), expected);
    }
    let reason = parse(POSTFIX.as_bytes()).unwrap().reason();
    assert!(!reason.contains('@') && !reason.contains("User unknown"), "{reason}");
}
