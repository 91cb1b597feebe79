//! An office's own lists from outside: the binary reads the shipped example, other offices' lists, and what is no list;
//! and says in the morning what is missing.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

#[path = "support/workbook.rs"]
mod workbook;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;
use workbook::Cell::{Error, Formula, Nothing, Number, Owned, Serial, Text};
use workbook::{Cell, archive, ods, xlsx, xlsx_hiding};

fn house() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a database of its own.
struct Place(TempDir);

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the team and colleagues of the example.
    fn with_people() -> Self {
        let place = Self::new();
        let said = place.import(&[
            "--map".into(),
            example(),
            data("teams_zur_kundenliste.csv"),
            data("personal_zur_kundenliste.csv"),
        ]);
        assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn ask(&self, words: &[PathBuf]) -> Answer {
        let url = format!("sqlite:{}", self.path("w.db").display());
        let mut command = Command::cargo_bin("wiedervorlage").unwrap();
        command.env_clear().current_dir(self.0.path()).args(words);
        command.env("WIEDERVORLAGE__DATABASE__URL", url).env("WIEDERVORLAGE__MAIL__FILE__DIR", self.path("mails"));
        let done = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Answer { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
    }

    fn said(&self, words: &[&str]) -> Answer {
        self.ask(&words.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    fn import(&self, words: &[PathBuf]) -> Answer {
        self.ask(&[&["import".into()], words].concat())
    }

    /// The obligations of a day, one a line.
    fn evaluate(&self, day: &str) -> String {
        self.said(&["evaluate", "--on", day, "--format", "jsonl"]).out
    }

    /// The mails of a day that begin with this subject, text parts decoded by Python's library.
    fn mails(&self, subject: &str) -> String {
        const READ: &str = "import email, email.policy, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.eml')):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if mail['subject'].startswith(sys.argv[2]):
        print(mail['to'], mail['subject'])
        print(mail.get_body(('plain',)).get_content())";
        let mut python = std::process::Command::new("python3");
        let done = python.args(["-c", READ]).arg(self.path("mails")).arg(subject).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

fn example() -> PathBuf {
    house().join("config/kundenliste.beispiel.toml")
}

fn data(name: &str) -> PathBuf {
    house().join("tests/data/listen").join(name)
}

/// The example's folder, where refused rows could be written.
fn copied(place: &Place) -> PathBuf {
    let folder = place.path("ablage");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(house().join("tests/data/listen")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn the_shipped_mapping_reads_the_example_to_the_last_cell() {
    let place = Place::new();
    let folder = copied(&place);
    let tried = place.import(&["--map".into(), example(), "--dry-run".into(), folder.clone()]);
    assert_eq!((tried.code, &*tried.err), (0, ""), "{}", tried.out);
    for part in [
        "Blatt „Kunden BAK“, Kopfzeile in Zeile 3, 60 Fälle, 1 Zeile übergangen",
        "letzter AG-Kontakt    ┆ Tätigkeit ag_kontakt ",
        "Es wurde nichts geändert",
    ] {
        assert!(tried.out.contains(part), "{part}: {}", tried.out);
    }
    assert_eq!(place.evaluate("2026-11-23"), "");
    let done = place.import(&["--map".into(), example(), folder.clone()]);
    assert_eq!((done.code, &*done.err), (0, ""), "{}", done.out);
    assert!(done.out.contains("\nAlles übernommen.\n"), "{}", done.out);
    assert!(
        done.out.contains(" 60      ┆ 60  ┆ 0        ┆ 0           ┆ 0             ┆ 0        ┆ 0 "),
        "{}",
        done.out
    );
    // Zeros that Excel has lost, a small ifk, a text date and a serial.
    for (fallnr, parts) in
        [("0000021", &["10.05.2026", "rueckgabe"][..]), ("0000015", &["11.05.2026"]), ("0000000", &["0000000"])]
    {
        let told = place.said(&["explain", fallnr, "--on", "2026-11-23"]);
        assert_eq!(told.code, 0, "{}{}", told.out, told.err);
        assert!(parts.iter().any(|part| told.out.contains(part)), "{fallnr}: {}", told.out);
    }
    let again = place.import(&["--map".into(), example(), folder]);
    assert!(again.out.contains("Nichts geändert"), "{}", again.out);
    let lines = std::fs::read_to_string(example()).unwrap().lines().count();
    assert!(lines <= 35, "the example has grown to {lines} lines");
}

#[test]
fn another_office_needs_another_mapping_and_nothing_else() {
    let place = Place::with_people();
    let rows: Vec<Vec<Cell>> = vec![
        vec![Text("Übersicht Betriebsakquise")],
        vec![
            Text("Aktenzeichen"),
            Text("Berater/in"),
            Text("Beginn"),
            Text("Kontakt Betrieb am"),
            Text("Status"),
            Text("Nr."),
        ],
        vec![Text("A-17"), Text("bak1"), Serial(46_150.0), Text("Mo., 2.11.2026"), Text("läuft"), Number(1.0)],
        vec![Text("A-18"), Text("BAK2"), Text("1. Juni 2026"), Nothing, Text("aus: Job"), Formula("F3+1", Some("2"))],
        vec![Nothing, Nothing, Nothing, Nothing, Nothing, Error("#N/A")],
    ];
    let map = place.write(
        "andere.toml",
        "quelle = \"übersicht\"\nnicht_lesen = [\"Nr.\"]\n[fest]\nteam = \"T0\"\nende_am = \"20.11.2026\"\n[spalten]\n\"Aktenzeichen\" = \"fallnr\"\n\
         \"Berater/in\" = \"bak\"\n\"Beginn\" = \"hauptbetreuer_seit\"\n\"Status\" = \"ende_grund\"\n[taetigkeiten]\n\"Kontakt Betrieb am\" = \
         \"ag_kontakt\"\n[werte.ende_grund]\n\"läuft\" = \"\"\n\"aus: Job\" = \"integration\"\n",
    );
    for (name, bytes) in [("u.xlsx", xlsx(&[("x", rows.clone())])), ("u.ods", ods("x", &rows))] {
        let list = place.write(name, bytes);
        let said = place.import(&["--map".into(), map.clone(), list]);
        assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
    }
    assert_eq!(place.said(&["explain", "A-18", "--on", "2026-11-23"]).code, 0);
}

#[test]
fn an_old_workbook_is_a_list_as_well() {
    let place = Place::with_people();
    let folder = house().join("tests/data/listen_alt");
    let said = place.import(&[
        "--map".into(),
        folder.join("zuordnung.toml"),
        "--dry-run".into(),
        folder.join("kundenliste.xls"),
    ]);
    assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
    for part in [
        "Kopfzeile in Zeile 3, 3 Fälle, 1 Zeile übergangen",
        "HB seit     ┆ hauptbetreuer_seit ┆ 3 ",
        "Tätigkeit ag_kontakt ┆ 2 ",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
}

#[test]
fn a_mapping_with_a_mistake_is_refused_with_line_and_remedy() {
    let place = Place::new();
    let map = place.write("falsch.toml", "quelle = \"x\"\n[spalten]\n\"Fall\" = \"fallnummer\"\n");
    let said = place.import(&["--map".into(), map, data("kundenliste_bak.xlsx")]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains(
            "falsch.toml, Zeile 3: spalten.\"Fall\": \"fallnummer\" ist kein Feld von betreuungen; möglich sind: fallnr"
        ),
        "{}",
        said.err
    );
    let said = place.import(&["--map".into(), place.path("fehlt.toml"), data("kundenliste_bak.xlsx")]);
    assert!(
        said.code == 2 && said.err.contains("fehlt.toml lässt sich nicht lesen: Sie wurde nicht gefunden."),
        "{}",
        said.err
    );
}

/// What looks like a workbook and is none, or must not be opened.
fn no_workbooks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = std::fs::read(data("kundenliste_bak.xlsx")).unwrap();
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let ole = |inside: &[u8]| [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".as_slice(), &[0; 600], inside, &[0; 600]].concat();
    let bomb = vec![b' '; 300 << 20];
    let parts = |sheet: &[u8], texts: &[u8]| {
        archive(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", b"<workbook/>"),
            ("xl/worksheets/sheet1.xml", sheet),
            ("xl/sharedStrings.xml", texts),
        ])
    };
    let mut torn = good.clone();
    let middle = torn.len() / 2;
    torn[middle..middle + 64].fill(0);
    // The archive lies about what it unpacks to.
    let mut liar = parts(&bomb[..200 << 20], b"");
    for at in memchr::memmem::find_iter(&liar.clone(), &(200_u32 << 20).to_le_bytes()) {
        liar[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    let table = |inside: &str| {
        archive(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", b"<m/>"),
            ("content.xml", format!("<o><table:table table:name=\"a\">{inside}").as_bytes()),
        ])
    };
    let repeated = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell \
                    table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell>\
                    </table:table-row></table:table></o>";
    vec![
        ("verschluesselt.xlsx", ole(&wide("EncryptedPackage")), "mit einem Kennwort verschlüsselt"),
        ("fremd.xls", ole(b""), "keine Excel-Arbeitsmappe"),
        ("kaputt.xls", ole(&wide("Workbook")), "beschädigt"),
        ("bombe.xlsx", parts(&bomb, b""), "entpackt sich zu mehr als 256 MB"),
        ("texte.xlsx", parts(b"", &bomb[..60 << 20]), "mehr Text, als eine Zelle fassen kann"),
        ("luegner.xlsx", liar, "Die Arbeitsmappe"),
        ("zahl.xlsx", parts(b"", b"<sst uniqueCount=\"99999999999999999\">"), "beschädigt"),
        ("halb.xlsx", good[..good.len() / 2].to_vec(), "beschädigt"),
        ("zerrissen.xlsx", torn, "beschädigt"),
        ("nur_kopf.xlsx", b"PK\x03\x04".to_vec(), "beschädigt"),
        ("text.xlsx", b"Fall;BAK\n1;2\n".to_vec(), "ist aber keine Arbeitsmappe"),
        ("leer.xlsx", Vec::new(), "Die Datei ist leer"),
        ("fotos.xlsx", archive(&[("bild.png", b"x")]), "keine Arbeitsmappe"),
        ("b.xlsx", archive(&[("[Content_Types].xml", b""), ("xl/workbook.bin", b"")]), ".xlsb wird nicht gelesen"),
        ("wiederholt.ods", table(repeated), "größer als jede Liste"),
        ("offen.ods", table("<table:table-row>"), "beschädigt"),
        ("anders.ods", table("</table:table></o>"), "kein Blatt „Kunden BAK“"),
    ]
}

#[test]
fn what_is_no_workbook_is_refused_with_a_clear_word_and_little_memory() {
    let place = Place::with_people();
    for (name, bytes, expected) in no_workbooks() {
        let path = place.write(name, bytes);
        let said = place.import(&["--map".into(), example(), path]);
        assert_eq!((said.code, &*said.err), (2, ""), "{name}: {}", said.out);
        assert!(said.out.contains(expected), "{name}: {}", said.out);
    }
}

/// Cases 1 to `n`, in main care since June, with their IFK.
fn small(cases: &[u32]) -> Vec<u8> {
    let header = ["Fall", "BAK", "zust. IFK", "Team", "HB seit"].map(Text).to_vec();
    let row = |n: &u32| vec![Owned(format!("{n:07}")), Text("BAK0"), Text("IFK0"), Text("T0"), Text("1.6.2026")];
    xlsx(&[("Fälle", std::iter::once(header).chain(cases.iter().map(row)).collect())])
}

const SMALL: &str = "quelle = \"fälle\"\nvollstaendig = true\n[spalten]\n\"Fall\" = \"fallnr\"\n\"BAK\" = \"bak\"\n\"zust. IFK\" = \"ifk\"\n\
                     \"Team\" = \"team\"\n\"HB seit\" = \"hauptbetreuer_seit\"\n";

#[test]
fn a_case_that_vanished_is_asked_about_and_its_notices_rest() {
    let place = Place::with_people();
    let map = place.write("map.toml", SMALL);
    let import = |cases: &[u32], force: bool| {
        let list = place.write("liste.xlsx", small(cases));
        let force = if force { vec!["--force".into()] } else { Vec::new() };
        place.import(&[vec!["--map".into(), map.clone(), list], force].concat())
    };
    assert_eq!(import(&[1, 2, 3, 4, 5], false).code, 0);
    let few = import(&[1, 2, 3], false);
    assert_eq!(few.code, 1);
    assert!(few.out.contains("fehlen 2 von 5 laufenden Fällen") && few.out.contains("--force"), "{}", few.out);
    let one = import(&[1, 2, 3, 4], false);
    assert_eq!(one.code, 0, "{}", one.out);
    assert!(
        one.out.contains("„0000005“: Ein laufender Fall steht nicht mehr in der Liste – beendet? Grund?"),
        "{}",
        one.out
    );

    let check = place.said(&["check"]);
    assert_eq!(check.code, 1);
    assert!(
        check.out.contains("!!  Team T0: Nicht mehr in der Liste: 1 Fall – beendet? Grund? (0000005)"),
        "{}",
        check.out
    );

    // Main care since June: the return is announced in November, to the IFK as well.
    for day in ["2026-11-02", "2026-11-03", "2026-11-30"] {
        assert_eq!(place.said(&["morning", "--on", day]).code, 0, "{day}");
        assert_eq!(place.said(&["deliver"]).code, 0);
    }
    let overview = place.mails("[BAK] Tagesübersicht");
    let asked = "Nicht mehr in der Liste: 1 Fall – beendet? Grund? (0000005)";
    assert_eq!(overview.matches(asked).count(), 3, "{overview}");
    assert!(overview.matches("0000005").count() > 3, "the BAK is still told of it: {overview}");
    let notices = place.mails("[BAK] Mitteilung");
    assert!(notices.contains("0000004") && !notices.contains("0000005"), "{notices}");

    // Back in the list, what was held goes out.
    assert_eq!(import(&[1, 2, 3, 4, 5], false).code, 0);
    assert!(!place.said(&["check"]).out.contains("Nicht mehr in der Liste"));
    assert_eq!(place.said(&["morning", "--on", "2026-12-01"]).code, 0);
    assert_eq!(place.said(&["deliver"]).code, 0);
    assert!(place.mails("[BAK] Mitteilung").contains("0000005"));
    assert!(!place.mails("[BAK] Tagesübersicht Di., 01.12.2026").contains("Nicht mehr in der Liste"));
}

#[test]
fn a_first_mapping_is_suggested_and_can_be_used_after_a_look() {
    let place = Place::with_people();
    let said = place.import(&["--suggest".into(), data("kundenliste_bak.xlsx")]);
    assert_eq!((said.code, &*said.err), (0, ""), "{}", said.out);
    for part in [
        "quelle = \"kundenliste_bak\"",
        "blatt = \"Kunden BAK\"",
        "fallnr_stellen = 7 ",
        "\"Fall\" = \"fallnr\"   # 60 von 60 gefüllt",
        "\"letzter AG-Kontakt\" = \"ag_kontakt\"",
        "\"in Arbeit vermittelt\" = \"integration\"",
        "\"Rückgabe 6 Monate\" = \"rueckgabe_frist\"",
        "nicht_lesen = [",
    ] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    // Nobody's data, not even a case number.
    assert!(!said.out.contains("0000001") && !said.out.contains("d. Ş."), "{}", said.out);
    let map = place.write("entwurf.toml", &said.out);
    let done = place.import(&["--map".into(), map, copied(&place).join("kundenliste_bak.xlsx")]);
    assert_eq!((done.code, &*done.err), (0, ""), "{}", done.out);
    assert!(done.out.contains("Alles übernommen."), "{}", done.out);
    let nothing = place.import(&["--suggest".into(), data("fehlt.xlsx")]);
    assert!(nothing.code == 2 && nothing.err.contains("nicht gefunden"), "{}", nothing.err);
}

/// Runs a program and tells the most memory that it ever held (KiB) and its time (ms).
const MEASURED: &str = "import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, round((time.monotonic() - start) * 1000))";

/// 20,000 rows of 21 columns with some eight days each.
fn large() -> Vec<u8> {
    let headings = std::fs::read_to_string(example()).unwrap();
    let headings: Vec<String> = headings
        .lines()
        .filter_map(|l| l.strip_prefix('"')?.split_once("\" = ").map(|(h, _)| h.to_owned()))
        .take(18)
        .collect();
    let days = [
        "Kennung seit",
        "Übergabe",
        "HB in VerBIS seit",
        "letzter Kundenkontakt",
        "letzter AG-Kontakt",
        "Lebenslauf angef.",
        "Lebenslauf da",
    ];
    let cell = |heading: &str, n: u32| match heading {
        "Fall" => Owned(format!("{n:07}")),
        "BAK" => Owned(format!("BAK{}", n % 3)),
        "zust. IFK" => Owned(format!("IFK{}", n % 6)),
        "Team" => Text("T0"),
        "Ort" => Text("Neckarsulm"),
        "Kürzel" => Text("A. B."),
        h if days.contains(&h) => Serial(f64::from(46_200 + n % 140)),
        _ => Nothing,
    };
    let mut rows = vec![headings.iter().cloned().map(Owned).collect::<Vec<_>>()];
    rows.extend((0..20_000).map(|n| headings.iter().map(|h| cell(h, n)).collect()));
    xlsx(&[("Kunden BAK", rows)])
}

#[test]
fn a_list_of_20_000_rows_needs_little_memory() {
    let place = Place::with_people();
    let list = place.write("gross.xlsx", large());
    let done = std::process::Command::new("python3")
        .args(["-c", MEASURED, env!("CARGO_BIN_EXE_wiedervorlage"), "import", "--map"])
        .args([&example(), &list])
        .env("WIEDERVORLAGE__DATABASE__URL", format!("sqlite:{}", place.path("w.db").display()))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    println!("KiB and ms: {said}");
    let kib: u64 = said.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kib < 128 << 10, "{kib} KiB");
    assert!(Path::new(&list).exists());
}

#[test]
fn a_workbook_of_a_few_hundred_bytes_cannot_fill_the_memory() {
    let place = Place::with_people();
    let long = "x".repeat(40_000);
    let sheet = |cells: &str| {
        let content = format!(
            "<office:document-content><table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"8000\">{cells}\
             </table:table-row></table:table></office:document-content>"
        );
        archive(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_bytes())])
    };
    let repeated = sheet(&format!(
        "<table:table-cell table:number-columns-repeated=\"16\" office:value-type=\"string\"><text:p>{long}</text:p></table:table-cell>"
    ));
    assert!(repeated.len() < 2_000, "{}", repeated.len());
    let endless = xlsx(&[("a", vec![vec![Owned("x".repeat(20 << 20))]])]);
    for (name, bytes, said) in [
        ("wiederholt.ods", repeated, "mehr Text als jede Liste"),
        ("lang.xlsx", endless, "mehr Text, als eine Zelle fassen kann"),
    ] {
        let path = place.write(name, bytes);
        for words in [vec!["--map".into(), example(), path.clone()], vec!["--suggest".into(), path.clone()]] {
            let answer = place.import(&words);
            assert_eq!(answer.code, 2, "{name}: {}{}", answer.out, answer.err);
            assert!(format!("{}{}", answer.out, answer.err).contains(said), "{name}: {}{}", answer.out, answer.err);
        }
    }
}

#[test]
fn a_hidden_sheet_counts_only_where_the_mapping_names_it() {
    let place = Place::with_people();
    let sheet = |bak| {
        let header = ["Fall", "BAK", "zust. IFK", "Team", "HB seit"].map(Text).to_vec();
        vec![header, vec![Text("0000001"), Text(bak), Text("IFK0"), Text("T0"), Text("1.6.2026")]]
    };
    let book = xlsx_hiding(&[("Liste", sheet("BAK0")), ("Stand Mai", sheet("BAK1"))], "Stand Mai");
    let list = place.write("liste.xlsx", &book);
    let bak = |place: &Place| {
        place.said(&["case", "show", "1", "--format", "jsonl"]).out + &place.said(&["case", "show", "0000001"]).out
    };
    let said = place.import(&["--map".into(), place.write("map.toml", SMALL), list.clone()]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(
        said.out.contains("„Blatt Stand Mai“: Dieses Blatt ist ausgeblendet und wurde nicht gelesen"),
        "{}",
        said.out
    );
    assert!(bak(&place).contains("BAK0") && !bak(&place).contains("BAK1"), "{}", bak(&place));
    assert!(place.import(&["--suggest".into(), list.clone()]).out.contains("blatt = \"Liste\""));
    let named = place.write("map.toml", format!("blatt = \"Stand Mai\"\n{SMALL}"));
    let said = place.import(&["--map".into(), named, list]);
    assert!(said.code == 0 && !said.out.contains("ausgeblendet"), "{}", said.out);
    assert!(bak(&place).contains("BAK1"), "{}", bak(&place));
    let alone = place.write("liste.xlsx", xlsx_hiding(&[("Liste", sheet("BAK0"))], "Liste"));
    let said = place.import(&["--map".into(), place.write("map.toml", SMALL), alone]);
    assert!(said.code == 2 && said.out.contains("Nur ausgeblendete Blätter"), "{}", said.out);
}

#[test]
fn a_suggestion_quotes_no_free_text() {
    let place = Place::new();
    let words = ["Job", "Job", "hat Herrn Meier beleidigt", "hat Herrn Meier beleidigt", "schwanger", "Job"];
    let rows = words.iter().enumerate().map(|(n, word)| format!("{n:07};T0;3.11.2026;{word}"));
    let csv = std::iter::once("Fall;Team;Ende;Grund".to_owned()).chain(rows).collect::<Vec<_>>().join("\n");
    let said = place.import(&["--suggest".into(), place.write("liste.csv", csv)]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("\"Job\" = \"integration\"") && said.out.contains("2 weitere Angaben"), "{}", said.out);
    assert!(!said.out.contains("Meier") && !said.out.contains("schwanger"), "{}", said.out);
}
