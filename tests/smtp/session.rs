//! A session over several mails: its connection, its pace, and how it stops.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::transport::smtp::{Options, Smtp};
use wiedervorlage::mail::transport::{SendError, Transport};

use super::server::{At, Fault, Server};
use super::{mail, options, send, session, transport};

#[tokio::test(start_paused = true)]
async fn many_mails_go_over_one_connection_and_arrive_as_they_were() {
    let server = Server::default();
    let mut session = session(&server);
    for i in 0..20 {
        send(&mut session, &format!("b{i}@a.example")).await.unwrap();
    }
    session.quit().await;
    let book = server.book();
    assert_eq!((book.connections, book.taken.len()), (1, 20));
    assert_eq!(book.heard[0], "EHLO [192.0.2.7]");
    assert!(book.taken.iter().all(|t| t.content == mail(&t.to).message));
    assert_eq!(book.heard.last().unwrap(), "QUIT");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_closed_meanwhile_costs_no_mail() {
    for fault in [Fault::Close, Fault::Say("421 4.4.2 idle for too long"), Fault::Hang] {
        let server = Server::default();
        let mut session = session(&server);
        send(&mut session, "a@a.example").await.unwrap();
        server.book().faults = vec![(At::Mail, "", fault, 1)];
        let begin = Instant::now();
        let outcome = send(&mut session, "b@a.example").await;
        assert_eq!((outcome, server.connections()), (Ok(()), 2), "{fault:?}");
        assert!(begin.elapsed() < Duration::from_mins(1));
        assert_eq!(server.taken(), ["a@a.example", "b@a.example"]);
        // One fresh connection, not one after the other.
        server.book().faults = vec![(At::Mail, "", fault, 2)];
        let outcome = send(&mut session, "c@a.example").await;
        assert!(matches!(outcome, Err(SendError::Transient(_))), "{fault:?} {outcome:?}");
        assert_eq!(server.connections(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_was_refused_half_way_leaves_the_connection_usable() {
    for (at, to, no) in [
        (At::Mail, "", "552 5.3.4 no"),
        (At::Rcpt, "b@a.example", "550 5.1.1 no"),
        (At::Data, "", "550 5.1.1 no"),
        (At::Dot, "", "550 5.1.1 no"),
    ] {
        let server = Server::default();
        server.book().faults = vec![(at, to, Fault::Say(no), 1)];
        let mut session = session(&server);
        assert!(matches!(send(&mut session, "b@a.example").await, Err(SendError::Permanent(_))));
        assert_eq!(send(&mut session, "c@a.example").await, Ok(()), "{at:?}");
        assert_eq!((server.connections(), server.taken()), (1, vec!["c@a.example".to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_over_once_it_may_be_in_other_hands() {
    let server = Server::default();
    let mut session = session(&server);
    assert_eq!(session.send(mail("b@a.example"), || false).await, Err(SendError::Late));
    assert_eq!(server.heard("DATA"), 0);
    assert_eq!(send(&mut session, "b@a.example").await, Ok(()));
    assert_eq!((server.heard("DATA"), server.heard("RSET"), server.connections()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stop_drops_what_was_not_handed_over_and_awaits_what_was() {
    for at in [At::Connect, At::Greeting, At::Ehlo, At::Mail, At::Rcpt, At::Data] {
        let server = Server::with(&[(at, Fault::Hang)]);
        let stop = CancellationToken::new();
        let mut session = transport(&server, options()).session(stop.clone());
        let begin = Instant::now();
        let sending = async { send(&mut session, "b@a.example").await };
        let stopping = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(sending, stopping);
        assert_eq!((outcome, begin.elapsed()), (Err(SendError::Stopped), Duration::from_secs(3)), "{at:?}");
        assert_eq!(send(&mut session, "b@a.example").await, Err(SendError::Stopped));
        session.quit().await;
        assert!(server.taken().is_empty());
    }
    let server = Server::with(&[(At::Dot, Fault::Late(20))]);
    let stop = CancellationToken::new();
    let mut session = transport(&server, options()).session(stop.clone());
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(async { send(&mut session, "b@a.example").await }, stopping);
    assert_eq!((outcome, server.taken()), (Ok(()), vec!["b@a.example".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn thirty_mails_a_minute_are_never_more_over_all_sessions() {
    let server = Server::default();
    let mut options = options();
    options.rate_limit = 30;
    options.connections = 4;
    let transport = transport(&server, options);
    let begin = Instant::now();
    let sessions = (0..4).map(|s| {
        let mut session = transport.session(CancellationToken::new());
        async move {
            for i in 0..25 {
                send(&mut session, &format!("b{s}-{i}@a.example")).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(sessions).await;
    let times: Vec<_> = server.book().taken.iter().map(|t| t.at).collect();
    assert_eq!((times.len(), times[0]), (100, begin), "the first goes at once");
    for (i, from) in times.iter().enumerate() {
        let window = times[i..].iter().filter(|t| **t - *from < Duration::from_mins(1)).count();
        assert!(window <= 30, "{window}");
    }
    let took = times[99] - begin;
    assert!((Duration::from_secs(198)..Duration::from_secs(199)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_the_servers_trouble() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = Options { host: "127.0.0.1".to_owned(), port, ..options() };
    let mut session = Transport::Smtp(Smtp::new(options).unwrap()).session(CancellationToken::new());
    let refused = Err(SendError::Server("Der Mailserver nimmt keine Verbindung an.".to_owned()));
    assert_eq!(send(&mut session, "b@a.example").await, refused);
}

#[tokio::test(start_paused = true)]
async fn a_farewell_waits_for_nobody() {
    let server = Server::with(&[(At::Quit, Fault::Hang)]);
    let mut session = session(&server);
    send(&mut session, "b@a.example").await.unwrap();
    assert!(timeout(Duration::from_secs(5), session.quit()).await.is_ok());
    assert_eq!(server.heard("QUIT"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_longest_exchange_is_that_of_the_standard_and_the_turns() {
    let server = Server::default();
    let minutes = |rate_limit, connections| {
        let mut options = options();
        (options.rate_limit, options.connections) = (rate_limit, connections);
        transport(&server, options).longest_exchange().num_minutes()
    };
    assert_eq!([minutes(0, 1), minutes(0, 32), minutes(30, 8), minutes(1, 2)], [43, 43, 43, 45]);
}
