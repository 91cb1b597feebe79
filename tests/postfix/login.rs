//! A Postfix that takes mail from those alone who sign in: Cyrus SASL with names and passwords in a file of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use wiedervorlage::mail::transport::smtp::{Credentials, Encryption, Options, Smtp};
use wiedervorlage::mail::transport::{SendError, Session, Transport};

use crate::ca::Ca;
use crate::postfix::{self, Postfix};
use crate::{DOMAIN, mail};

pub(crate) const NAME: &str = "bak-dienst";
/// With all that is easily lost on the way: a blank, a colon, umlauts, a sign beyond them.
pub(crate) const PASSWORD: &str = "geh: Größe €";

/// Puts names and passwords into the folder of the settings; what main.cf says of them.
pub(crate) fn sasl(settings: &Path, mechanisms: &str) -> String {
    // Where Debian's Postfix looks, whatever cyrus_sasl_config_path says.
    let folder = settings.join("sasl");
    std::fs::create_dir(&folder).unwrap();
    let passwords = folder.join("sasldb2");
    let mut add = Command::new("saslpasswd2")
        .args(["-p", "-c", "-u", DOMAIN, "-f"])
        .arg(&passwords)
        .arg(NAME)
        .stdin(Stdio::piped())
        .spawn()
        .expect("saslpasswd2 is missing; run tests/all: it installs what is missing");
    std::io::Write::write_all(&mut add.stdin.take().unwrap(), PASSWORD.as_bytes()).unwrap();
    assert!(add.wait().unwrap().success());
    postfix::run(Command::new("chown").arg("postfix").arg(&passwords));
    let conf = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: {mechanisms}\n",
        passwords.display()
    );
    std::fs::write(folder.join("smtpd.conf"), conf).unwrap();
    format!(
        "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = cyrus\nsmtpd_sasl_path = smtpd\n\
         cyrus_sasl_config_path = {}\nsmtpd_sasl_local_domain = {DOMAIN}\nsmtpd_tls_auth_only = yes\n\
         smtpd_recipient_restrictions = permit_sasl_authenticated, reject\n",
        folder.display()
    )
}

fn session(postfix: &Postfix, ca: &Ca, credentials: Option<(&str, &str)>) -> Session {
    let options = Options {
        host: "127.0.0.1".to_owned(),
        port: postfix.port,
        encryption: Encryption::StartTls,
        credentials: credentials
            .map(|(name, password)| Credentials { username: name.to_owned(), password: SecretString::from(password) }),
        ca_file: Some(ca.file()),
        rate_limit: 0,
        connections: 1,
    };
    Transport::Smtp(Smtp::new(options).unwrap()).session(CancellationToken::new())
}

#[tokio::test]
async fn whoever_signs_in_may_send_and_nobody_else() {
    let ca = Ca::new();
    let certificate = ca.certificate("IP:127.0.0.1", (2020, 2090));
    for mechanism in ["PLAIN", "LOGIN"] {
        let postfix = Postfix::start_with(DOMAIN, &certificate, |settings| sasl(settings, mechanism));
        let mut known = session(&postfix, &ca, Some((NAME, PASSWORD)));
        // One login for all that goes over a connection.
        for number in 0..2 {
            known.send(mail("b", number), || true).await.unwrap();
        }
        known.quit().await;
        assert_eq!(postfix.mailbox("b", 2).len(), 2, "{mechanism}");
        let signed_in = format!("sasl_method={mechanism}, sasl_username={NAME}");
        assert_eq!(postfix.log().matches(&signed_in).count(), 2, "{}", postfix.log());

        for (name, password) in [(NAME, "geh: Größe"), (NAME, ""), ("bak-diener", PASSWORD)] {
            let error = session(&postfix, &ca, Some((name, password))).send(mail("b", 2), || true).await.unwrap_err();
            // The server's trouble, and not each mail's: all wait, and somebody has to look.
            let SendError::Server(why) = &error else { unreachable!("{mechanism} {name}: {error:?}") };
            assert!(why.contains("nimmt die Anmeldung nicht an (535 5.7.8)"), "{mechanism} {name}: {why}");
            assert!(why.contains("mail.smtp.password_file"), "{why}");
            assert!(!why.contains(name) && (password.is_empty() || !why.contains(password)), "{why}");
        }
        let stranger = session(&postfix, &ca, None).send(mail("b", 3), || true).await.unwrap_err();
        assert!(matches!(&stranger, SendError::Permanent(why) if why.contains("lehnt den Empfänger ab (554 5.7.1)")));
        assert_eq!(postfix.mailbox("b", 2).len(), 2, "{mechanism}: nothing came of all that");
    }
}

#[tokio::test]
async fn a_postfix_whose_logins_are_none_of_ours_is_named() {
    let ca = Ca::new();
    let certificate = ca.certificate("IP:127.0.0.1", (2020, 2090));
    let postfix = Postfix::start_with(DOMAIN, &certificate, |settings| sasl(settings, "CRAM-MD5"));
    let error = session(&postfix, &ca, Some((NAME, PASSWORD))).send(mail("b", 0), || true).await.unwrap_err();
    assert!(matches!(&error, SendError::Server(why) if why.contains("(PLAIN, LOGIN)")), "{error:?}");
    assert!(!postfix.log().contains("sasl_username"), "the password was not even tried");
}
