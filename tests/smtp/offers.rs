//! What a server offers and what a mail needs: SIZE, 8BITMIME, SMTPUTF8, and two ways to sign in.

use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::transport::{Outgoing, SendError};

use super::server::Server;
use super::{credentials, mail, options, send, session, transport};

/// The words of MAIL, or of the refusal.
async fn mail_words(offers: &[&'static str], mail: Outgoing) -> String {
    let server = Server::default();
    server.book().offers = offers.to_vec();
    let outcome = session(&server).send(mail, || true).await;
    match outcome {
        Ok(()) => server.book().heard[1].clone(),
        Err(SendError::Permanent(why)) => {
            assert_eq!(server.heard("MAIL"), 0);
            why
        }
        Err(other) => unreachable!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_asks_for_what_it_needs_and_for_no_more() {
    let plain = || Outgoing { message: b"a\r\n".to_vec(), ..mail("b@a.example") };
    let eight = || Outgoing { message: "ä\r\n".into(), ..plain() };
    let local = || Outgoing { to: "jäger@a.example".into(), ..plain() };
    let domain = || Outgoing { to: "b@jobcenter-köln.example".into(), ..plain() };
    let all = &["SIZE 1000", "8BITMIME", "SMTPUTF8"][..];
    for (offers, mail, says) in [
        (&[][..], plain(), "MAIL FROM:<w@a.example>"),
        (all, plain(), "MAIL FROM:<w@a.example> SIZE=3"),
        (&["SIZE"], plain(), "MAIL FROM:<w@a.example> SIZE=3"),
        (&["SIZE 0"], plain(), "MAIL FROM:<w@a.example> SIZE=3"),
        (&["SIZE 2"], plain(), "Die Mail ist größer, als der Mailserver annimmt."),
        (all, eight(), "MAIL FROM:<w@a.example> SIZE=4 BODY=8BITMIME"),
        (&[], eight(), "Die Mail enthält Zeichen, die der Mailserver nicht weiterleiten kann (8BITMIME fehlt)."),
        (all, local(), "MAIL FROM:<w@a.example> SIZE=3 SMTPUTF8"),
        (&[], local(), "Die Adresse hat vor dem @ Umlaute; das kann der Mailserver nicht (SMTPUTF8 fehlt)."),
        (&[], domain(), "MAIL FROM:<w@a.example>"),
    ] {
        assert_eq!(mail_words(offers, mail).await, says, "{offers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_domain_with_umlauts_goes_out_in_ascii() {
    let server = Server::default();
    let mail = Outgoing { to: "b@jobcenter-köln.example".to_owned(), ..mail("b@a.example") };
    session(&server).send(mail, || true).await.unwrap();
    assert_eq!(server.taken(), ["b@xn--jobcenter-kln-smb.example"]);
}

#[tokio::test(start_paused = true)]
async fn signing_in_takes_the_way_that_is_offered() {
    for (mechanisms, first, fits) in [
        ("PLAIN LOGIN", "AUTH PLAIN AHcAZ2Vow6RpbQ==", true),
        ("GSSAPI LOGIN", "AUTH LOGIN", true),
        ("GSSAPI", "", false),
    ] {
        let server = Server::default();
        server.book().login = Some(("w", "gehäim"));
        server.book().mechanisms = mechanisms;
        for (password, right) in [("gehäim", true), ("falsch", false)] {
            server.book().heard.clear();
            let mut options = options();
            options.credentials = Some(credentials("w", password));
            let mut session = transport(&server, options).session(CancellationToken::new());
            let outcome = send(&mut session, "b@a.example").await;
            assert_eq!(outcome.is_ok(), fits && right, "{outcome:?}");
            if let Err(SendError::Server(why)) = &outcome {
                let says = if fits { "nimmt die Anmeldung nicht an (535 5.7.8)" } else { "bietet keine Anmeldung an" };
                assert!(why.contains(says) && !why.contains('@'), "{why}");
            }
            if right {
                assert_eq!(server.book().heard.get(1).map_or("", |h| h), if fits { first } else { "" });
            }
        }
    }
}
