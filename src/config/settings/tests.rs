//! Which settings are accepted, and what is said of the others.

use super::*;

fn from(text: &str, env: &[(&str, &str)]) -> Result<Settings, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("w.toml");
    std::fs::create_dir(dir.path().join("credentials")).unwrap();
    for (file, content) in [
        ("kennwort", "geheim\n"),
        ("leer", "\n"),
        ("zwei", "geheim\ngeheim\n"),
        ("ca.pem", "PEM"),
        ("credentials/kennwort", "geheim aus systemd\n"),
        ("credentials/nur-dort", "geheim nur dort"),
    ] {
        std::fs::write(dir.path().join(file), content).unwrap();
    }
    std::fs::write(&path, text).unwrap();
    let source = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let credentials = dir.path().join("credentials");
    Settings::layered(Some(&path), layers::environment().source(Some(source)), Some(&credentials))
        .map_err(|e| e.to_string())
}

#[test]
fn the_defaults_stand_alone() {
    let s = from("", &[]).unwrap();
    assert_eq!(s.office("").stale_after, 2);
    assert_eq!(s.office("").dienstfrei, Dienstfrei::default());
    assert_eq!(s.places, Places { start: 20, limit: 50 });
}

#[test]
fn the_environment_wins_over_the_file_and_lists_are_comma_separated() {
    let env = [
        ("WIEDERVORLAGE__MAIL__ALLOWED_DOMAINS", "a.example,b.example"),
        ("WIEDERVORLAGE__OFFICE__STALE_AFTER", "0"),
        ("WIEDERVORLAGE__DATABASE__URL", "postgres://x@localhost/db"),
    ];
    let s = from("[office]\nstale_after = 5\n[mail]\nallowed_domains = [\"c.example\"]", &env).unwrap();
    assert_eq!(s.office("").stale_after, 0);
    assert_eq!(s.mail.allowed_domains, ["a.example", "b.example"]);
    assert_eq!(s.database_url, "postgres://x@localhost/db");
    assert!(s.allows("x@A.example") && !s.allows("x@c.example") && !s.allows("nobody"));
}

#[test]
fn paths_count_from_the_file_that_names_them_and_else_from_here() {
    let s = from("[mail.file]\ndir = \"mails\"", &[("WIEDERVORLAGE__DATABASE__URL", "sqlite:x.db")]).unwrap();
    assert_eq!(s.database_url, "sqlite:x.db");
    assert!(s.mail.file_dir.is_absolute() && s.mail.file_dir.ends_with("mails"));
    let s = from("[database]\nurl = \"sqlite:/a/b.db\"\n[teams.T0]\nrules_file = \"t0.toml\"", &[]).unwrap();
    assert_eq!(s.database_url, "sqlite:/a/b.db");
    assert!(s.team("T0").rules_file.unwrap().is_absolute());
    assert_eq!(s.mail.file_dir, Path::new("var/mails"));
    assert_eq!(s.bounces_maildir, None);
    let s = from("[bounces]\nmaildir = \"post\"", &[]).unwrap();
    assert!(s.bounces_maildir.unwrap().is_absolute());
}

#[test]
fn an_office_and_a_team_have_settings_of_their_own() {
    let text =
        "[offices.Nord]\nmorning = \"07:15\"\n[teams.T0]\nregional = [\"fronleichnam\"]\nreply_to = \"t0@x.example\"";
    let s = from(text, &[]).unwrap();
    assert_eq!(s.office("Nord").morning.to_string(), "07:15:00");
    assert_eq!(s.office("Süd").morning.to_string(), "06:30:00");
    assert_eq!(s.team("T0").reply_to.as_deref(), Some("t0@x.example"));
}

/// A mail server, with these lines in its section.
fn smtp(lines: &str) -> String {
    format!(
        "[mail]\ntransport = \"smtp\"\nfrom = \"w@a.example\"\nallowed_domains = [\"a.example\"]\n[mail.smtp]\n{lines}"
    )
}

#[test]
fn a_mail_server_has_the_usual_port_of_its_encryption() {
    for (lines, port) in [
        ("host = \"mx.a.example\"", 587),
        ("host = \"mx.a.example\"\ntls = \"implicit\"", 465),
        ("host = \"localhost\"\ntls = \"none\"", 25),
        ("host = \"mx.a.example\"\nport = 2525", 2525),
    ] {
        assert_eq!(from(&smtp(lines), &[]).unwrap().mail.smtp.unwrap().port, port, "{lines}");
    }
    assert!(from("[mail.smtp]\nhost = \"mx.a.example\"", &[]).unwrap().mail.smtp.is_none());
}

#[test]
fn a_password_comes_from_its_file_or_from_the_service_manager() {
    use secrecy::ExposeSecret;
    for (file, password) in
        [("./kennwort", "geheim"), ("kennwort", "geheim aus systemd"), ("nur-dort", "geheim nur dort")]
    {
        let text = smtp(&format!("host = \"mx.a.example\"\nusername = \"w\"\npassword_file = \"{file}\""));
        let server = from(&text, &[]).unwrap().mail.smtp.unwrap();
        let credentials = server.credentials.as_ref().unwrap();
        assert_eq!((&*credentials.0, credentials.1.expose_secret()), ("w", password));
        assert!(!format!("{server:?}").contains("geheim"));
    }
    let env = [("WIEDERVORLAGE__MAIL__SMTP__PASSWORD_FILE", "nur-dort")];
    let server = from(&smtp("host = \"mx.a.example\"\nusername = \"w\""), &env).unwrap().mail.smtp.unwrap();
    assert_eq!(server.credentials.unwrap().1.expose_secret(), "geheim nur dort");
}

#[test]
fn a_mail_server_that_could_give_something_away_is_refused() {
    let server = "host = \"mx.a.example\"\n";
    let cases = [
        ("", "mail.smtp.host: fehlt; erwartet wird der Name des Mailservers"),
        ("host = \"mx a\"", "mail.smtp.host: \"mx a\" passt nicht"),
        ("host = \"mx\"\nport = 70000", "mail.smtp.port: 70000 passt nicht"),
        (
            "host = \"mx\"\ntls = \"ssl\"",
            "mail.smtp.tls: \"ssl\" passt nicht; erwartet wird eines von: implicit, starttls",
        ),
        ("host = \"mx\"\ntls = \"none\"", "mail.smtp.tls: Ohne Verschlüsselung"),
        ("host = \"192.0.2.1\"\ntls = \"none\"", "mail.smtp.tls: Ohne Verschlüsselung"),
        ("host = \"mx\"\nconnections = 0", "mail.smtp.connections: 0 passt nicht"),
        ("host = \"mx\"\nconnections = 33", "mail.smtp.connections: 33 passt nicht"),
        ("host = \"mx\"\nrate_limit = -1", "mail.smtp.rate_limit: -1 passt nicht"),
        ("host = \"mx\"\nusername = \"w\"", "mail.smtp.password_file: fehlt"),
        ("host = \"mx\"\npassword_file = \"kennwort\"", "mail.smtp.username: fehlt"),
        ("host = \"mx\"\nusername = \"w\"\npassword_file = \"keine\"", "mail.smtp.password_file: "),
        ("host = \"mx\"\nusername = \"w\"\npassword_file = \"leer\"", "mail.smtp.password_file: "),
        ("host = \"mx\"\nusername = \"w\"\npassword_file = \"zwei\"", "mail.smtp.password_file: "),
        ("host = \"mx\"\nca_file = \"keine.pem\"", "mail.smtp.ca_file: "),
        ("host = \"mx\"\npassword = \"geheim\"", "mail.smtp.password: unbekannter Schlüssel"),
    ];
    for (lines, expected) in cases {
        let error = from(&smtp(lines), &[]).expect_err(lines);
        assert!(error.contains(expected), "{lines}\n  gives  {error}\n  wanted {expected}");
        assert!(!error.contains("geheim"));
    }
    for lines in [
        "host = \"localhost\"\ntls = \"none\"",
        "host = \"127.0.0.1\"\ntls = \"none\"\nusername = \"w\"\npassword_file = \"kennwort\"",
        "host = \"::1\"\ntls = \"none\"",
        "host = \"mx\"\ntls = \"none\"\nallow_plaintext = true",
        "host = \"mx-köln.example\"\nca_file = \"ca.pem\"\nconnections = 32\nrate_limit = 30",
    ] {
        from(&smtp(lines), &[]).unwrap();
    }
    let anywhere = smtp(server).replace("allowed_domains = [\"a.example\"]", "");
    assert!(from(&anywhere, &[]).unwrap_err().contains("mail.allowed_domains: fehlt; sobald"));
    let nobody = smtp(server).replace("from = \"w@a.example\"", "");
    assert!(from(&nobody, &[]).unwrap_err().contains("mail.from: ist noch die Adresse aus den Vorgaben"));
    assert!(from("[mail.smtp]\nhots = \"mx\"", &[]).unwrap_err().contains("mail.smtp.hots: unbekannter"));
}

#[test]
fn mistakes_are_refused_with_the_key_and_what_would_be_right() {
    let cases = [
        ("[mail]\nfrm = \"x\"", "mail.frm: unbekannter Schlüssel"),
        ("[post]\na = 1", "post: unbekannter Schlüssel"),
        (
            "[database]\npassword = \"geheim\"",
            "database.password: unbekannter Schlüssel; möglich sind hier: password_file, url",
        ),
        (
            "[mail]\ntransport = \"taube\"",
            "mail.transport: \"taube\" passt nicht; erwartet wird eines von: file oder smtp",
        ),
        ("[mail]\nfrom = \"niemand\"", "mail.from: \"niemand\" passt nicht"),
        ("[mail]\nallowed_domains = [\"x@y\"]", "mail.allowed_domains: \"x@y\" passt nicht"),
        (
            "[mail]\nallowed_domains = [\"a.example\"]\n[admin]\nemail = \"x@b.example\"",
            "admin.email: \"x@b.example\" liegt außerhalb",
        ),
        (
            "[office]\nmorning = \"halb sieben\"",
            "office.morning: \"halb sieben\" passt nicht; erwartet wird eine Uhrzeit",
        ),
        ("[office]\nmorning = \"19:00\"", "office.morning: 19:00 liegt nicht vor latest (18:00)"),
        ("[office]\ndienstfrei = [\"32.12.\"]", "office.dienstfrei: \"32.12.\" passt nicht"),
        ("[office]\nclosed = [\"morgen\"]", "office.closed: \"morgen\" passt nicht"),
        ("[office]\nstale_after = -1", "office.stale_after: -1 passt nicht"),
        ("[database]\nurl = \"mysql://u:geheim@h/d\"", "database.url: passt nicht"),
        ("[teams.T0]\nregional = [\"karneval\"]", "teams.T0.regional: \"karneval\" passt nicht"),
        ("[capacity]\nstart = 60", "capacity.start: 60 ist größer als limit"),
        ("[bounces]\nmaildir = 1", "bounces.maildir: 1 passt nicht; erwartet wird ein Text"),
        ("[bounces]\nmaildir = \"w.toml\"", "w.toml ist kein Maildir; erwartet wird ein Ordner mit"),
        ("[bounces]\nmaildir = \".\"", "ist kein Maildir"),
        ("[bounces]\nordner = \"x\"", "bounces.ordner: unbekannter Schlüssel; möglich sind hier: maildir"),
        ("[mail\n", "kein gültiges TOML: Zeile 1"),
    ];
    for (text, expected) in cases {
        let error = from(text, &[]).expect_err(text);
        assert!(error.contains(expected), "{text}\n  gives  {error}\n  wanted {expected}");
        assert!(!error.contains("geheim"));
    }
}
