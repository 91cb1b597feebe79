//! RULES.md §5 *Data* from outside: an office that imports, stops for two weeks, and imports again. What its mails say,
//! what `check`, `status`, `explain` and `evaluate` say, what is held, and when it is released.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/running.rs"]
mod running;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use plain::{House, objects};
use running::libfaketime;

const TEAMS: &str = "team;name;postfach;bundesland;leitung;dienststelle;beginn\n\
    T1;BAK Nord;nord@jc.example;BW;TL1;;\n";
const STAFF: &str = "kuerzel;name;email;rolle;team;region;vertretung\n\
    BAK1;Bea Adler;adler@jc.example;BAK;T1;;\nIFK1;Ina Esche;esche@jc.example;IFK;T1;;\n\
    TL1;Leo Linde;linde@jc.example;TL;T1;;\n";
/// 17: the contact is due on Monday, 29.06., the IFK hears of it on 13.07. 18: the return is due on 10.08. and planned on
/// 13.07.; the risk of its EGZ goes to the lead on 09.07.
const CASES: &str = "fallnr;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;\
    rueckgabegespraech_am;fazit_am\n\
    17;BAK1;IFK1;T1;;;;01.06.2026;01.06.2026;;;;\n18;BAK1;IFK1;T1;;;;11.02.2026;11.02.2026;;;;\n";
const DONE: &str = "fallnr;art;datum;anzahl\n\
    18;kontakt_telefonisch;06.07.2026;1\n18;egz_risiko;07.07.2026;1\n";

/// The office with its two lists, not yet imported. Data is stale after one workday, so that a risk can become stale
/// before it escalates.
fn office() -> House {
    let house =
        House::new().with("OFFICE__STALE_AFTER", "1".to_owned()).with("ADMIN__EMAIL", "it@jc.example".to_owned());
    for (folder, files) in [
        (
            "erste",
            vec![("teams.csv", TEAMS), ("personal.csv", STAFF), ("betreuungen.csv", CASES), ("aktivitaeten.csv", DONE)],
        ),
        ("zweite", vec![("betreuungen.csv", CASES)]),
    ] {
        std::fs::create_dir(house.path(folder)).unwrap();
        for (name, text) in files {
            std::fs::write(house.path(folder).join(name), text).unwrap();
        }
    }
    house
}

/// What the binary answers at that instant (UTC).
fn at(house: &House, instant: &str, arguments: &[&str]) -> Output {
    let mut command = house.command(arguments);
    command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", instant).env("TZ", "UTC").output().unwrap()
}

fn says(house: &House, instant: &str, arguments: &[&str]) -> String {
    let output = at(house, instant, arguments);
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{instant} {arguments:?}: {said}\n{complained}");
    said
}

fn import(house: &House, folder: &str, instant: &str) {
    says(house, instant, &["import", house.path(folder).to_str().unwrap()]);
}

const READ: &str = "import email, email.policy, glob, html, json, re, sys
for path in sorted(glob.glob(sys.argv[1] + '/**/*.eml', recursive=True)):
    mail = email.message_from_binary_file(open(path, 'rb'), policy=email.policy.default)
    part = lambda kind: mail.get_body((kind,)).get_content().replace('\\r\\n', '\\n')
    page = ' '.join(html.unescape(re.sub('<[^>]*>', ' ', part('html'))).split())
    print(json.dumps({'kind': mail['X-BAK-Art'], 'to': mail['To'], 'text': part('plain'), 'page': page}))";

/// The texts of a morning's mails, by kind and mailbox (without its domain).
type Mails = BTreeMap<String, String>;

/// The morning of a day, delivered; both parts of each mail say the same of the data.
fn morning(house: &House, day: &str) -> Mails {
    let instant = format!("2026-{day} 04:30:00");
    let _ = std::fs::remove_dir_all(house.mails());
    says(house, &instant, &["morning"]);
    says(house, &instant, &["deliver"]);
    let read = Command::new("python3").args(["-c", READ]).arg(house.mails()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let mails = objects(&String::from_utf8(read.stdout).unwrap());
    let mails = mails.iter().map(|mail| {
        let word = |key: &str| mail[key].as_str().unwrap().to_owned();
        let (text, page) = (word("text"), word("page"));
        for line in text.lines().filter(|line| line.starts_with("Datenstand") || line.starts_with("Hinweis: ")) {
            assert!(page.contains(line), "{line}\n{page}");
        }
        (format!("{} {}", word("kind"), word("to").split('@').next().unwrap()), text)
    });
    mails.collect()
}

/// The line of a mail that begins so.
fn line<'m>(mails: &'m Mails, mail: &str, begins: &str) -> Option<&'m str> {
    let text = mails.get(mail).unwrap_or_else(|| panic!("no {mail} among {:?}", mails.keys()));
    text.lines().find(|line| line.starts_with(begins))
}

#[test]
fn an_office_that_stops_importing_is_told_so_and_what_waited_comes_with_the_next_import() {
    let house = office();
    import(&house, "erste", "2026-07-07 04:10:00");
    let mails = morning(&house, "07-07");
    for mail in mails.keys().filter(|mail| !mail.starts_with("admin")) {
        assert_eq!(line(&mails, mail, "Datenstand"), Some("Datenstand: Di., 07.07.2026, 06:10 (aktuell)"), "{mail}");
        assert_eq!(line(&mails, mail, "Hinweis"), None, "{mail}");
    }
    assert!(!mails.keys().any(|mail| mail.starts_with("admin")), "{:?}", mails.keys());
    // The first run of a team's week.
    let unwatched = "Für „AG-Kontakt“";
    assert!(line(&mails, "tagesuebersicht nord", unwatched).is_some(), "{}", mails["tagesuebersicht nord"]);
    assert!(line(&mails, "wochenbericht linde", unwatched).is_some());

    let mails = morning(&house, "07-08");
    let stand = "Datenstand: Di., 07.07.2026, 06:10 (1 Arbeitstag alt)";
    assert_eq!(line(&mails, "persoenlich adler", "Datenstand"), Some(stand));
    assert_eq!(line(&mails, "persoenlich adler", "Hinweis"), None);
    assert_eq!(line(&mails, "tagesuebersicht nord", unwatched), None, "weekly");

    // Stale: the escalation of the risk is held, the BAK is told, and so is whoever sees to imports, once.
    let mails = morning(&house, "07-09");
    assert_eq!(mails.keys().collect::<Vec<_>>(), ["admin it", "persoenlich adler", "tagesuebersicht nord"]);
    let warning = "Hinweis: Seit 2 Arbeitstagen sind keine neuen Daten gekommen.";
    for mail in ["persoenlich adler", "tagesuebersicht nord"] {
        let stand = "Datenstand: Di., 07.07.2026, 06:10 (2 Arbeitstage alt, veraltet)";
        assert_eq!(line(&mails, mail, "Datenstand"), Some(stand));
        assert_eq!(line(&mails, mail, "Hinweis"), Some(warning));
        let means =
            line(&mails, mail, "Was seitdem geschah, fehlt hier; Erledigtes kann noch als offen stehen.").unwrap();
        assert!(means.contains("Bis dahin warten Meldungen an IFK und Leitung, die von Einträgen abhängen"), "{means}");
    }
    let told = line(&mails, "admin it", "* Neue Daten fehlen bei Team T1 (seit 2 Arbeitstagen).");
    assert!(told.is_some(), "{}", mails["admin it"]);
    assert!(line(&mails, "admin it", "Datenstand: Di., 07.07.2026").is_some());
    let mails = morning(&house, "07-10");
    assert!(!mails.contains_key("admin it"), "told once a week");

    // A Monday: a pure date goes on, with the warning; the contact is no news to the IFK.
    let mails = morning(&house, "07-13");
    let warning = Some("Hinweis: Seit 4 Arbeitstagen sind keine neuen Daten gekommen.");
    for mail in ["mitteilung esche", "wochenbericht linde", "persoenlich adler", "tagesuebersicht nord"] {
        assert_eq!(line(&mails, mail, "Hinweis"), warning, "{mail}");
    }
    assert!(!mails.contains_key("eskalation linde"));
    assert!(line(&mails, "mitteilung esche", "* 18 – Rückgabe nach sechs Monaten").unwrap().ends_with("[neu]"));
    assert!(!line(&mails, "mitteilung esche", "* 17 – Kundenkontakt").unwrap().ends_with("[neu]"));
    assert!(line(&mails, "mitteilung esche", "Was seitdem geschah").unwrap().contains("im BAK-Team nachfragen"));
    assert!(line(&mails, "wochenbericht linde", "Auslastung und offene Fälle sind von diesem Stand").is_some());
    let contacts = "Kunden- und AG-Kontakte, die im Team noch offen sind: ";
    let counted = line(&mails, "wochenbericht linde", contacts).unwrap();
    assert!(counted.ends_with("werden erst mit neuen Daten wieder gezählt"), "{counted}");
    assert_eq!(line(&mails, "wochenbericht linde", "* 18 – EGZ"), None, "held like the escalation");
    assert!(line(&mails, "tagesuebersicht nord", unwatched).is_some());
    assert!(line(&mails, "admin it", "* Neue Daten fehlen bei Team T1 (seit 4 Arbeitstagen).").is_some());
    for day in ["07-14", "07-15", "07-16", "07-17"] {
        let mails = morning(&house, day);
        assert!(!mails.contains_key("mitteilung esche") && !mails.contains_key("eskalation linde"), "{day}");
    }
    commands_say_how_old_the_data_is(&house);

    import(&house, "zweite", "2026-07-20 04:10:00");
    let mails = morning(&house, "07-20");
    let stand = Some("Datenstand: Mo., 20.07.2026, 06:10 (aktuell)");
    for mail in ["mitteilung esche", "eskalation linde", "wochenbericht linde", "persoenlich adler"] {
        assert_eq!((line(&mails, mail, "Datenstand"), line(&mails, mail, "Hinweis")), (stand, None), "{mail}");
    }
    assert!(line(&mails, "mitteilung esche", "* 17 – Kundenkontakt").unwrap().ends_with("[neu]"), "held, not lost");
    assert!(line(&mails, "eskalation linde", "* 18 – EGZ").is_some(), "{}", mails["eskalation linde"]);
    assert!(line(&mails, "wochenbericht linde", contacts).unwrap().ends_with(": 1"));
    assert!(line(&mails, "wochenbericht linde", "* 18 – EGZ").is_some());
    assert!(!mails.contains_key("admin it"));
    let mails = morning(&house, "07-21");
    assert!(!mails.contains_key("mitteilung esche") && !mails.contains_key("eskalation linde"), "told once");
}

/// On Friday, 17.07., ten days after the import.
fn commands_say_how_old_the_data_is(house: &House) {
    let now = "2026-07-17 09:00:00";
    let stand = "Di., 07.07.2026, 06:10 (8 Arbeitstage alt, veraltet)";
    let attention = |arguments: &[&str]| {
        let output = at(house, now, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said = attention(&["check"]);
    let of_data = said.lines().find(|line| line.starts_with("!!  Team T1: Datenstand")).unwrap();
    assert!(of_data.contains(stand) && of_data.ends_with("die Listen des Teams neu einspielen"), "{of_data}");
    assert!(said.contains("--  Team T1: Niemand beobachtet „AG-Kontakt“ (ag_kontakt)"), "{said}");
    let said = attention(&["status"]);
    assert!(said.contains(&format!("\nDatenstand      {stand}\n")), "{said}");
    assert!(said.contains("\n  Der Datenstand ist veraltet (Team T1): die Listen neu einspielen"), "{said}");
    let said = says(house, now, &["explain", "17"]);
    assert!(said.contains(&format!("  Datenstand  {stand}\n")), "{said}");
    assert!(said.contains("Der Datenstand ist veraltet; bis er frisch ist, geht an IFK und"), "{said}");
    for command in ["evaluate", "capacity"] {
        let said = says(house, now, &[command, "--on", "2026-07-17"]);
        assert_eq!(said.lines().last(), Some(&*format!("Datenstand {stand}")), "{command}");
        let lines = says(house, now, &[command, "--on", "2026-07-17", "--format", "jsonl"]);
        assert!(!lines.contains("Datenstand"), "lines are for programs");
    }
}

/// `simulate --data-until` shows beforehand what those weeks are like, warnings included.
#[test]
fn a_simulation_until_a_day_shows_what_an_office_without_imports_gets() {
    let house = office();
    import(&house, "erste", "2026-07-07 04:10:00");
    // Later than the day on which data ends: it does not exist.
    import(&house, "zweite", "2026-07-20 04:10:00");
    let asked = ["simulate", "--from", "2026-07-07", "--to", "2026-07-21", "--data-until", "2026-07-07"];
    let mails = objects(&says(&house, "2026-07-24 09:00:00", &[&asked[..], &["--format", "jsonl"]].concat()));
    let mails: Vec<String> = mails
        .iter()
        .map(|m| {
            let word = |key: &str| m[key].as_str().unwrap().to_owned();
            format!("{} {} {} {}", &word("date")[5..], word("kind"), word("to").split('@').next().unwrap(), m["stale"])
        })
        .collect();
    let twice = office();
    import(&twice, "erste", "2026-07-07 04:10:00");
    let mut real = Vec::new();
    for day in ["07-07", "07-08", "07-09", "07-10", "07-13", "07-14", "07-15", "07-16", "07-17", "07-20", "07-21"] {
        for (mail, text) in morning(&twice, day) {
            real.push(format!("{day} {mail} {}", text.contains("veraltet)")));
        }
    }
    let sorted = |mut mails: Vec<String>| {
        mails.sort();
        mails
    };
    assert_eq!(sorted(mails), sorted(real));
    let table = says(&house, "2026-07-24 09:00:00", &asked);
    assert!(table.contains("8 Arbeitstage alt, veraltet") && table.contains("aktuell"), "{table}");
    assert!(table.ends_with("Daten bis Di., 07.07.2026; danach kommt nichts Neues.\n"), "{table}");
}
