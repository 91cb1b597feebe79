use super::house::{Answer, House};

/// Staleness depends on today, which no test may know.
fn check(house: &House, words: &[&str]) -> Answer {
    let mut command = house.command(&[&["check"], words].concat());
    Answer(command.env("WIEDERVORLAGE__OFFICE__STALE_AFTER", "0").assert())
}

fn has(answer: &Answer, line: &str) {
    assert!(answer.out().lines().any(|l| l.starts_with(line)), "{line}\n{}", answer.out());
}

#[tokio::test]
async fn an_office_in_order_is_said_to_be_in_order() {
    let house = House::new().await;
    let answer = check(&house, &[]);
    assert_eq!(answer.code(), 0, "{}", answer.out());
    for line in [
        "ok  Einstellungen: gelesen",
        "--  admin.email ist leer",
        "ok  Regeln: 21 Regeln eingeschaltet",
        "ok  Mailordner: ",
        "ok  Datenbank: ",
        "ok  Team T0: Postfach und Leitung sind erreichbar",
        "ok  Personal: 4 Personen, alle erreichbar",
        "ok  Fälle: Alle genannten BAK, IFK und FM sind bekannt",
        "ok  Team T0: Datenstand Fr., 21.11.2025, 16:12 (",
        "--  Team T0: Niemand beobachtet „Fazit“ (fazit_am), ",
        "ok  Zuordnung: Keine Zeile wartet auf ihren Fall",
        "ok  Postausgang: Keine Mail ist gescheitert",
    ] {
        has(&answer, line);
    }
    assert!(!house.mails().exists(), "looking made the folder");
}

#[tokio::test]
async fn each_fault_of_the_facts_is_named_with_its_remedy() {
    for (sql, line) in [
        ("update team set postfach = null", "!!  Team T0: kein Postfach, daher keine Tagesübersicht – teams.csv"),
        (
            "update team set leitung = 'wer'",
            "!!  Team T0: Die Leitung wer ist im Personal nicht bekannt – personal.csv",
        ),
        ("update team set leitung = null", "!!  Team T0: keine Leitung eingetragen"),
        ("update kollege set email = null where kuerzel = 'chef'", "!!  Team T0: Für die Leitung ist niemand"),
        (
            "update kollege set vertretung = 'wer' where kuerzel = 'ivo'",
            "!!  Personal: Bei 1 Person ist die Vertretung nicht bekannt (ivo) – personal.csv",
        ),
        (
            "update kollege set email = null where kuerzel = 'ivo'",
            "!!  Personal: 1 Person ohne Adresse und ohne erreichbare Vertretung (ivo)",
        ),
        (
            "update betreuung set bak = 'neu' where fallnr in ('0000017', '0000019')",
            "!!  Fälle: Bei 1 laufenden Fall ist der BAK im Personal nicht bekannt (0000017) – personal.csv",
        ),
        (
            "delete from kollege where kuerzel = 'ivo'",
            "!!  Fälle: Bei 3 laufenden Fällen ist die IFK oder FM im Personal nicht bekannt (0000017, 0000018, 0000020)",
        ),
        ("delete from team", "!!  Daten: Es ist noch kein Team eingespielt – mit „wiedervorlage import ORDNER“"),
    ] {
        let house = House::new().await;
        house.sql(sql).await;
        let answer = check(&house, &[]);
        assert_eq!(answer.code(), 1, "{sql}");
        has(&answer, line);
    }
}

#[tokio::test]
async fn what_an_office_can_live_with_is_a_hint() {
    let house = House::new().await;
    house.sql("update kollege set email = null, vertretung = 'must' where kuerzel = 'ivo'").await;
    house
        .sql("insert into aktivitaet (fallnr, art, datum, anzahl) values ('0000099', 'ag_kontakt', '2025-11-03', 1)")
        .await;
    house
        .sql("insert into pause (source, row_key, fallnr, von, bis) values ('p', 'x', '0000098', '2025-11-03', null)")
        .await;
    let answer = check(&house, &[]);
    assert_eq!(answer.code(), 0, "{}", answer.out());
    has(&answer, "--  Personal: 1 Person ohne Adresse (ivo); ihre Mails gehen an die Vertretung");
    has(&answer, "--  Zuordnung: 1 Zeile aus aktivitaeten ohne bekannten Fall (0000099)");
    has(&answer, "--  Zuordnung: 1 Zeile aus pausen ohne bekannten Fall (0000098)");
}

#[tokio::test]
async fn mails_that_failed_want_attention() {
    let house = House::new().await;
    house.mornings(&["2025-11-24"]).await;
    house.sql("update outbox set state = 'failed' where id = 1").await;
    let answer = check(&house, &[]);
    assert_eq!(answer.code(), 1);
    has(&answer, "!!  Postausgang: 1 Mail nicht zustellbar (Nr. 1) – Ursache mit „outbox show NR“ ansehen");
}

#[tokio::test]
async fn data_that_is_stale_by_any_reckoning_wants_attention() {
    let house = House::new().await;
    house.sql("delete from datenstand").await;
    let answer = house.asked(&["check"]);
    assert_eq!(answer.code(), 1);
    has(
        &answer,
        "!!  Team T0: noch keine Daten; Meldungen an IFK und Leitung, die von Einträgen abhängen, warten – die Listen",
    );
}

#[tokio::test]
async fn settings_are_checked_even_where_they_do_not_load() {
    let house = House::new().await;
    let file = house.folder.path().join("w.toml");
    let config = ["--config", file.to_str().unwrap()];
    for (text, line) in [
        ("[mail]\nfrm = \"x\"", "!!  Einstellungen "),
        ("[rules]\nfile = \"fehlt.toml\"", "!!  Regeldatei "),
        ("[teams.T9]\nreply_to = \"x@y.example\"", "!!  Einstellungen [teams.t9]: Dieses Team gibt es nicht"),
        ("[offices.Nord]\nmorning = \"07:00\"", "!!  Einstellungen [offices.nord]: Diese Dienststelle gibt es nicht"),
        (
            "[mail]\nallowed_domains = [\"amt.example\"]\nfrom = \"a@amt.example\"",
            "!!  Personal: 4 Personen mit einer Adresse außerhalb von mail.allowed_domains (abel, chef, ivo, must)",
        ),
        (
            "[mail]\nallowed_domains = [\"amt.example\"]\nfrom = \"a@amt.example\"",
            "!!  Team T0: Das Postfach liegt außerhalb von mail.allowed_domains",
        ),
        ("[mail]\nredirect_all_to = \"pilot@x.example\"", "--  Pilotbetrieb: Alle Mails gehen an pilot@x.example"),
    ] {
        std::fs::write(&file, text).unwrap();
        let answer = check(&house, &config);
        assert_eq!(answer.code(), i32::from(line.starts_with("!!")), "{}", answer.out());
        has(&answer, line);
    }
}

#[tokio::test]
async fn a_database_that_is_missing_is_not_made_and_a_broken_one_is_found() {
    let house = House::new().await;
    let url = |name: &str| format!("sqlite:{}", house.folder.path().join(name).display());
    let with = |name: &str| Answer(house.command(&["check"]).env("WIEDERVORLAGE__DATABASE__URL", url(name)).assert());
    let answer = with("fehlt.db");
    assert_eq!(answer.code(), 1);
    assert!(answer.out().contains("fehlt.db gibt es noch nicht – mit „wiedervorlage import ORDNER“ anlegen"));
    assert!(!house.folder.path().join("fehlt.db").exists());

    std::fs::write(house.folder.path().join("text.db"), "kein SQLite".repeat(500)).unwrap();
    let answer = with("text.db");
    assert_eq!(answer.code(), 1);
    has(&answer, "!!  Datenbank: Die Datei ist keine Datenbank oder beschädigt.");
}

#[tokio::test]
async fn a_mail_folder_that_cannot_be_written_is_named() {
    let house = House::new().await;
    std::fs::write(house.mails(), "eine Datei").unwrap();
    let answer = check(&house, &[]);
    assert_eq!(answer.code(), 1);
    has(&answer, "!!  Mailordner: ");
}
