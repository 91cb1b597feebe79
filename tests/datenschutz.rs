//! The table of recipients and data in docs/datenschutz.md against what real mails hold.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/plain.rs"]
mod plain;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use plain::House;

const DAY: &str = "2026-11-25";

/// Two BAK with a case each whose return escalates on the day, an appointment of that day, a subsidy, a rest, remarks,
/// and a team without a lead, of which the administrator hears.
const FILES: [(&str, &str); 7] = [
    (
        "teams.csv",
        "team;name;postfach;bundesland;leitung;dienststelle;beginn\n\
         T1;Nord;nord@jc.example;BW;TL1;;\nT2;Süd;sued@jc.example;BW;;;\n",
    ),
    (
        "personal.csv",
        "kuerzel;name;email;rolle;team;region;vertretung\n\
         BAK1;Bea Bakeins;bak1@jc.example;BAK;T1;;\nBAK2;Ben Bakzwei;bak2@jc.example;BAK;T1;;\n\
         IFK1;Ina Ifkeins;ifk1@jc.example;IFK;T1;;\nIFK2;Ole Ifkzwei;ifk2@jc.example;IFK;T1;;\n\
         TL1;Leo Leitung;tl1@jc.example;TL;T1;;\n",
    ),
    (
        "betreuungen.csv",
        "fallnr;kundennummer;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n\
         7700017;KD4711;Q. X.;BAK1;IFK1;T1;;;;21.05.2026;21.05.2026;;;;\n\
         7700018;KD4712;V. Y.;BAK2;IFK2;T1;;;;21.05.2026;21.05.2026;;;;\n",
    ),
    (
        "aktivitaeten.csv",
        "fallnr;art;datum;anzahl;bemerkung\n7700017;ag_kontakt;02.10.2026;1;Bemerkwort\n\
         7700018;kontakt_telefonisch;02.10.2026;1;Bemerkwort\n7700018;Bemerkwort;02.10.2026;1;Bemerkwort\n",
    ),
    (
        "foerderungen.csv",
        "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\nF1;7700017;16e;Zyxwerk;01.03.2025;28.02.2027;\n",
    ),
    ("pausen.csv", "fallnr;von;bis;grund\n7700018;01.06.2026;05.06.2026;Bemerkwort\n"),
    (
        "termine.csv",
        "terminnr;fallnr;art;datum;uhrzeit;ort;teilnehmer\nA1;7700017;vorstellungsgespraech;25.11.2026;10:00;Ortswort;\n",
    ),
];

/// What mails say, as their readers see it: kind, recipient, and all words of subject and parts.
const READ: &str = "import email, email.policy, glob, html, io, json, re, sys, zipfile
for path in sorted(glob.glob(sys.argv[1] + '/**/*.eml', recursive=True)):
    mail = email.message_from_binary_file(open(path, 'rb'), policy=email.policy.default)
    words = []
    for part in mail.walk():
        if part.get_content_maintype() == 'text':
            text = part.get_content()
            words.append(html.unescape(re.sub('<[^>]*>', ' ', text)) if part.get_content_subtype() == 'html' else text)
        elif part.get_content_type().endswith('spreadsheetml.sheet'):
            words.append(part.get_filename())
            book = zipfile.ZipFile(io.BytesIO(part.get_content()))
            for name in book.namelist():
                words.append(html.unescape(re.sub('<[^>]*>', ' ', book.read(name).decode())))
    print(json.dumps({'kind': mail['X-BAK-Art'], 'to': mail['To'], 'subject': str(mail['Subject']), 'words': ' '.join(words)}))";

struct Mail {
    kind: String,
    to: String,
    subject: String,
    words: String,
}

fn mails() -> Vec<Mail> {
    let house = House::new().with("ADMIN__EMAIL", "it@jc.example".to_owned());
    // As the office delivers them, so that whoever does is written to as well.
    let folder = house.path("eingang");
    std::fs::create_dir(&folder).unwrap();
    let house = house
        .with("INBOX__DIR", folder.display().to_string())
        .with("INBOX__SETTLE_SECONDS", "0".to_owned())
        .with("INBOX__REPORT_TO", "listen@jc.example".to_owned());
    for (name, text) in FILES {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let looked = house.run(&["inbox"]);
    assert_eq!(looked.status.code(), Some(1), "one row is refused: {}", String::from_utf8_lossy(&looked.stdout));
    house.says(&["morning", "--on", DAY]);
    house.says(&["deliver"]);
    let read = Command::new("python3").args(["-c", READ]).arg(house.mails()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    plain::objects(&String::from_utf8(read.stdout).unwrap())
        .iter()
        .map(|mail| Mail {
            kind: text(&mail["kind"]),
            to: text(&mail["to"]),
            subject: text(&mail["subject"]),
            words: text(&mail["words"]),
        })
        .collect()
}

/// Words by which a column of the table shows in a mail: those of the first case or colleague, and of the second.
fn probes(column: &str) -> [&'static str; 2] {
    match column {
        "Fallnummer" => ["7700017", "7700018"],
        "Initialen" => ["Q. X.", "V. Y."],
        "Frist und Grund" => ["BAK-Konzept", "BAK-Konzept"],
        "Name der BAK" => ["Bakeins", "Bakzwei"],
        "Name der IFK" => ["Ifkeins", "Ifkzwei"],
        "Plätze je BAK" => ["Plätze", "Plätze"],
        "Ort eines Termins" => ["Ortswort", "Ortswort"],
        "Arbeitgeber" => ["Zyxwerk", "Zyxwerk"],
        "Bemerkung und Gründe" => ["Bemerkwort", "Bemerkwort"],
        "Kundennummer" => ["KD4711", "KD4712"],
        other => panic!("no words are known for the column {other}"),
    }
}

fn kind(row: &str) -> &'static str {
    let kinds = [
        ("Tagesübersicht", "tagesuebersicht"),
        ("persönliche", "persoenlich"),
        ("Mitteilung", "mitteilung"),
        ("Eskalation", "eskalation"),
        ("Wochenbericht", "wochenbericht"),
        ("Wochenliste", "wochenliste"),
        ("Hinweise", "admin"),
        ("Bericht", "eingang"),
    ];
    kinds.iter().find(|(words, _)| row.starts_with(words)).unwrap_or_else(|| panic!("{row}")).1
}

/// Of the recipients of a kind of mail, what one of them reads: „ja“, „nein“, or „eigene“.
fn found(mails: &[&Mail], probes: [&str; 2]) -> &'static str {
    let reads: Vec<[bool; 2]> = mails.iter().map(|mail| probes.map(|word| mail.words.contains(word))).collect();
    match () {
        () if reads.iter().all(|[one, other]| !one && !other) => "nein",
        // Nobody reads of both, and somebody else reads of the other.
        () if probes[0] != probes[1] && reads.len() > 1 && reads.iter().all(|[one, other]| one != other) => "eigene",
        () => "ja",
    }
}

#[test]
fn the_table_of_recipients_and_data_is_what_mails_hold() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/datenschutz.md")).unwrap();
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut lines = page.lines().skip_while(|line| !line.starts_with("| Mail |"));
    let columns = cells(lines.next().expect("the table is there"));
    let rows: Vec<_> = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
    let mails = mails();
    let mut by_kind: BTreeMap<&str, Vec<&Mail>> = BTreeMap::new();
    for mail in &mails {
        by_kind.entry(&mail.kind).or_default().push(mail);
        for column in columns.iter().skip(1).filter(|column| *column != "Plätze je BAK") {
            assert!(!probes(column).iter().any(|word| mail.subject.contains(word)), "{}", mail.subject);
        }
    }
    assert_eq!(by_kind.len(), rows.len(), "every kind of mail has its row: {:?}", by_kind.keys());
    let mut wrong = Vec::new();
    for row in &rows {
        let kind = kind(&row[0]);
        let of_kind = &by_kind[kind];
        for (column, says) in columns.iter().zip(row).skip(1) {
            let found = found(of_kind, probes(column));
            if found != says {
                let to: Vec<_> = of_kind.iter().map(|mail| mail.to.as_str()).collect();
                wrong.push(format!("{kind}, {column}: the page says {says}, the mails to {to:?} say {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
