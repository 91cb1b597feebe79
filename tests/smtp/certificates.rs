//! TLS with a certificate authority of one's own: what is trusted, and the sentence for each thing that is not.

use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::transport::SendError;
use wiedervorlage::mail::transport::smtp::{Encryption, SetupError, Smtp};

use super::ca::Ca;
use super::server::{At, Fault, Server};
use super::{credentials, mail, options, transport};

async fn outcome(server: &Server, host: &str, encryption: Encryption, ca: Option<&Ca>) -> String {
    let mut options = options();
    host.clone_into(&mut options.host);
    options.encryption = encryption;
    options.ca_file = ca.map(Ca::file);
    let mut session = transport(server, options).session(CancellationToken::new());
    match session.send(mail("b@a.example"), || true).await {
        Ok(()) => {
            assert_eq!(server.book().taken[0].content, mail("b@a.example").message);
            "sent".to_owned()
        }
        Err(SendError::Server(why)) => {
            assert!(server.heard("MAIL") == 0 && server.taken().is_empty());
            why
        }
        Err(other) => unreachable!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_valid_certificate_for_the_right_name_is_trusted() {
    let (ours, renewed, other) = (Ca::new(), Ca::new(), Ca::named("Andere"));
    let good = (2020, 2090);
    let umlaut = format!("DNS:{}", idna::domain_to_ascii("mx-köln.example").unwrap());
    for (encryption, implicit) in [(Encryption::StartTls, false), (Encryption::Implicit, true)] {
        for (ca, name, years, host, says) in [
            (&ours, "DNS:mx.example", good, "mx.example", "sent"),
            (&ours, &umlaut, good, "mx-köln.example", "sent"),
            (&ours, "IP:192.0.2.1", good, "192.0.2.1", "sent"),
            (&ours, "DNS:andere.example", good, "mx.example", "gilt nicht für den Namen, der in mail.smtp.host steht"),
            (&ours, "DNS:mx.example", good, "192.0.2.1", "gilt nicht für den Namen"),
            (&ours, "DNS:mx.example", (2020, 2021), "mx.example", "ist abgelaufen"),
            (&ours, "DNS:mx.example", (2080, 2090), "mx.example", "gilt noch nicht"),
            (&renewed, "DNS:mx.example", good, "mx.example", "stammt von keiner bekannten Zertifizierungsstelle"),
            (&other, "DNS:mx.example", good, "mx.example", "stammt von keiner bekannten Zertifizierungsstelle"),
        ] {
            let server = Server::default().certified(&ca.certificate(name, years), implicit);
            let said = outcome(&server, host, encryption, Some(&ours)).await;
            assert!(said.contains(says), "{encryption:?} {name} {years:?} at {host}: {said}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_the_encryption_that_was_asked_for_gets_nothing() {
    let ca = Ca::new();
    let certificate = ca.certificate("DNS:mx.example", (2020, 2090));
    let plain = Server::default();
    let said = outcome(&plain, "mx.example", Encryption::StartTls, Some(&ca)).await;
    assert!(said.contains("bietet STARTTLS nicht an"), "{said}");
    let said = outcome(&plain, "mx.example", Encryption::Implicit, Some(&ca)).await;
    assert!(said.contains("spricht an dieser Stelle kein TLS"), "{said}");
    let silent = Server::default().certified(&certificate, true);
    let said = outcome(&silent, "mx.example", Encryption::StartTls, Some(&ca)).await;
    assert!(said.contains("bei der Begrüßung zu lange nicht geantwortet"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_encryption_counts_for_nothing() {
    let ca = Ca::new();
    let certificate = ca.certificate("DNS:mx.example", (2020, 2090));
    let server =
        Server::with(&[(At::StartTls, Fault::Say("220 go ahead\r\n250 AUTH PLAIN"))]).certified(&certificate, false);
    let mut options = options();
    options.encryption = Encryption::StartTls;
    options.ca_file = Some(ca.file());
    options.credentials = Some(credentials("w", "geheim"));
    let mut session = transport(&server, options).session(CancellationToken::new());
    let said = session.send(mail("b@a.example"), || true).await.unwrap_err();
    assert!(matches!(&said, SendError::Server(why) if why.contains("vor der Verschlüsselung ungefragt")), "{said:?}");
    assert_eq!(server.heard("AUTH"), 0);
}

#[test]
fn a_transport_that_could_trust_nobody_is_not_built() {
    let folder = tempfile::tempdir().unwrap();
    let no_pem = folder.path().join("ca.pem");
    std::fs::write(&no_pem, "kein Zertifikat").unwrap();
    for file in [no_pem, folder.path().join("keine")] {
        let mut options = options();
        options.encryption = Encryption::StartTls;
        options.ca_file = Some(file.clone());
        assert_eq!(Smtp::new(options).unwrap_err(), SetupError::CaFile(file));
    }
    let mut options = options();
    (options.host, options.encryption) = ("mx mx".to_owned(), Encryption::Implicit);
    assert_eq!(Smtp::new(options).unwrap_err(), SetupError::Host);
}
