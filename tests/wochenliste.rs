//! The Wochenliste from outside: the binary writes the form, it is filled in, saved by one program or another, and read
//! again without any mapping; on both databases.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test says so by failing")]

#[path = "support/filled.rs"]
mod filled;
#[path = "korrektur/office.rs"]
#[expect(dead_code, reason = "corrections ask more of an office")]
mod office;
#[path = "support/pg.rs"]
mod pg;
#[path = "support/workbook.rs"]
#[expect(dead_code, reason = "lists of other shapes are made elsewhere")]
mod workbook;

use std::path::PathBuf;

use filled::{fill, resaved, rows};
use office::{Answer, Office, activities, on_both};

on_both!(
    a_form_filled_in_ends_what_it_says_is_done,
    a_form_that_nobody_has_filled_in_says_nothing,
    copies_merge_whichever_comes_first,
    what_other_programs_save_is_read_as_well,
    a_zero_takes_back_and_stands_against_the_next_delivery,
    a_form_taken_in_can_be_taken_back_whole,
);

/// Three cases of must in main care since October, one on the watch list, one that has ended with its Fazit open, and one
/// of a colleague.
const CASES: &str = "fallnr;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n\
    0000001;A. B.;must;ivo;T0;Nord;;;01.10.2025;01.10.2025;;;;\n\
    0000002;C. D.;must;ivo;T0;Nord;;;01.10.2025;01.10.2025;;;;\n\
    0000003;E. F.;;ivo;T0;Nord;;;01.10.2025;01.10.2025;;;;\n\
    0000004;G. H.;must;ivo;T0;Nord;BAK16e;01.09.2025;;;;;;\n\
    0000005;I. J.;must;ivo;T0;Nord;;;01.05.2025;01.05.2025;31.10.2025;rueckgabe_frist;;\n\
    0000006;K. L.;must;ivo;T0;Nord;;;01.05.2025;01.05.2025;30.09.2025;integration;30.09.2025;30.09.2025\n\
    0000007;M. N.;otto;ivo;T0;Süd;;;01.10.2025;01.10.2025;;;;\n";

/// Enough for every rule to be watched, and what is known of the week.
const DONE: [(&str, &str, &str, u32); 8] = [
    ("0000001", "stellensuchlauf", "03.11.2025", 1),
    ("0000001", "kontakt_telefonisch", "03.11.2025", 1),
    ("0000001", "ag_kontakt", "02.10.2025", 1),
    ("0000002", "ag_kontakt", "02.10.2025", 1),
    ("0000002", "stellensuchlauf", "04.11.2025", 3),
    ("0000002", "lebenslauf_angefordert", "06.10.2025", 1),
    ("0000002", "stellensuchlauf", "05.11.2025", 0),
    ("0000004", "stellensuchlauf", "27.10.2025", 1),
];

const WEEK: &str = "2025-W45";

impl Office {
    fn ready(self) -> Self {
        let office = self.with(CASES);
        office.deliver(&[("aktivitaeten.csv", &activities(&DONE))]).said();
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The form of the week, as a file of this name.
    fn form(&self, name: &str) -> Vec<u8> {
        let said = self.asked(&["wochenliste", "--bak", "must", "--week", WEEK, "--out", name]).said();
        assert!(said.starts_with(&format!("{name}: ")), "{said}");
        std::fs::read(self.path(name)).unwrap()
    }

    fn drop(&self, name: &str, bytes: &[u8]) -> Answer {
        std::fs::write(self.path(name), bytes).unwrap();
        self.asked(&["import", name])
    }

    async fn done(&self) -> Vec<String> {
        self.column(
            "select fallnr || ' ' || art || ' ' || datum || ' ' || anzahl from aktivitaet where datum > '2025-11-01' or art like 'leb%' \
             order by fallnr, art, datum",
        )
        .await
    }

    async fn ends(&self) -> Vec<String> {
        self.column(
            "select fallnr || ' ' || coalesce(cast(ende_am as text), '-') || ' ' || ende_grund || ' ' || \
             coalesce(cast(rueckgabegespraech_am as text), '-') || ' ' || coalesce(cast(fazit_am as text), '-') \
             from betreuung where fallnr in ('0000001', '0000005') order by fallnr",
        )
        .await
    }

    /// What is open of a case on the Friday of the week.
    fn open(&self, fallnr: &str) -> Vec<String> {
        let lines = self.asked(&["evaluate", "--on", "2025-11-07", "--format", "jsonl"]).said();
        let of_case = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (row["subject"] == fallnr).then(|| row["rule"].as_str().unwrap().to_owned())
        };
        lines.lines().filter_map(of_case).collect()
    }
}

async fn a_form_filled_in_ends_what_it_says_is_done(office: Office) {
    let office = office.ready();
    for (fallnr, rules) in [
        ("0000001", &["ag-kontakt", "lebenslauf-anfordern", "stellensuchlauf"][..]),
        ("0000002", &["ag-kontakt", "kundenkontakt", "lebenslauf-erinnern"]),
        ("0000005", &["fazit", "rueckgabe-gespraech"]),
    ] {
        let open = office.open(fallnr);
        assert!(rules.iter().all(|rule| open.iter().any(|o| o == rule)), "{fallnr}: {open:?}");
    }
    let form = office.form("liste.xlsx");
    let listed: Vec<_> = rows(&form, filled::SHEETS[1]).iter().skip(7).map(|row| row[0].to_string()).collect();
    assert_eq!(listed, ["0000001", "0000002", "0000003", "0000004", "0000005"]);
    let filled = fill(
        &form,
        &[
            ("0000001", "fr.suche", "x"),
            ("0000001", "do.ag", "x"),
            ("0000001", "ll_angefordert", "45966"),
            ("0000002", "mi.kunde", "p"),
            ("0000002", "di.ag", "2"),
            ("0000002", "di.versuch", "x"),
            ("0000002", "ll_erinnert", "05.11.2025"),
            ("0000005", "rueckgabegespraech_am", "04.11.25"),
            ("0000005", "fazit_am", "45967"),
        ],
    );
    let said = office.drop("liste.xlsx", &filled).said();
    assert!(said.contains("Alles übernommen."), "{said}");
    for fallnr in ["0000001", "0000002", "0000005"] {
        let open = office.open(fallnr);
        let left = [
            "ag-kontakt",
            "kundenkontakt",
            "lebenslauf-anfordern",
            "lebenslauf-erinnern",
            "stellensuchlauf",
            "fazit",
            "rueckgabe-gespraech",
        ];
        assert!(!open.iter().any(|rule| left.contains(&&**rule)), "{fallnr}: {open:?}");
    }
    assert_eq!(office.ends().await[1], "0000005 2025-10-31 rueckgabe_frist 2025-11-04 2025-11-06");
    // The same file again brings nothing new, and no new number.
    let (facts, revision) = (office.facts().await, office.revision().await);
    let again = office.drop("liste.xlsx", &filled).said();
    assert!(again.contains("Nichts geändert"), "{again}");
    assert_eq!((office.facts().await, office.revision().await), (facts, revision));
    // The next form holds it.
    let next = office.form("neu.xlsx");
    let again = office.drop("neu.xlsx", &next).said();
    assert!(again.contains("Nichts geändert"), "{again}");
}

async fn a_form_that_nobody_has_filled_in_says_nothing(office: Office) {
    let office = office.ready();
    let (facts, revision, imports) = (office.facts().await, office.revision().await, office.count("vorgang").await);
    office.form("liste.xlsx");
    let folder = office.path("eingang");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(office.path("liste.xlsx"), folder.join("irgendein Name.XLSX")).unwrap();
    std::fs::write(folder.join("~$irgendein Name.xlsx"), "Excel").unwrap();
    let said = office.asked(&["import", "eingang"]).said();
    assert!(said.contains("Nichts geändert"), "{said}");
    assert_eq!((office.facts().await, office.revision().await), (facts, revision));
    assert_eq!(office.count("vorgang").await, imports);
}

async fn copies_merge_whichever_comes_first(office: Office) {
    let office = office.ready();
    let form = office.form("liste.xlsx");
    let mine = fill(
        &form,
        &[
            ("0000001", "mo.suche", "2"),
            ("0000001", "mo.kunde", "p"),
            ("0000001", "di.ag", "x"),
            ("0000002", "di.suche", "1"),
            ("0000003", "fr.suche", "1"),
            ("0000001", "ende_am", "06.11.2025"),
            ("0000001", "ende_grund", "Vermittlung"),
        ],
    );
    let yours = fill(
        &form,
        &[
            ("0000001", "mo.suche", "3"),
            ("0000001", "mo.kunde", ""),
            ("0000001", "mi.ag", "x"),
            ("0000002", "di.suche", ""),
            ("0000003", "fr.suche", "2"),
            ("0000001", "ende_am", "07.11.2025"),
            ("0000007", "fr.suche", "x"),
        ],
    );
    let mut results = Vec::new();
    for (n, copies) in [[&mine, &yours], [&yours, &mine]].into_iter().enumerate() {
        let names = ["a.xlsx", "b.xlsx"].map(|name| format!("{n}{name}"));
        for (name, copy) in names.iter().zip(copies) {
            office.drop(name, copy).said();
        }
        results.push((office.done().await, office.ends().await));
        let imports = office.column("select cast(max(id) as text) from vorgang").await;
        let last: i64 = imports[0].parse().unwrap();
        for id in [last, last - 1] {
            office.asked(&["undo", &id.to_string()]).said();
        }
    }
    assert_eq!(results[0], results[1]);
    let (done, ends) = &results[0];
    let expected = [
        "0000001 ag_kontakt 2025-11-04 1",
        "0000001 ag_kontakt 2025-11-05 1",
        "0000001 kontakt_persoenlich 2025-11-03 1",
        // The cell said by phone, and one copy wrote it anew; the other's is only empty.
        "0000001 kontakt_telefonisch 2025-11-03 0",
        "0000001 stellensuchlauf 2025-11-03 3",
        "0000002 lebenslauf_angefordert 2025-10-06 1",
        "0000002 stellensuchlauf 2025-11-04 1",
        "0000002 stellensuchlauf 2025-11-05 0",
        "0000003 stellensuchlauf 2025-11-07 2",
        "0000007 stellensuchlauf 2025-11-07 1",
    ];
    assert_eq!(done, &expected.map(str::to_owned));
    assert_eq!(ends[0], "0000001 2025-11-07 integration - -");
}

async fn what_other_programs_save_is_read_as_well(office: Office) {
    let office = office.ready();
    let form = office.form("liste.xlsx");
    let filled =
        fill(&form, &[("0000002", "mo.suche", "2"), ("0000001", "fazit_am", "07.11.2025"), ("21", "mo.suche", "x")]);
    for (name, bytes) in ["anders.xlsx", "libre.ods"].into_iter().zip(resaved(&filled)) {
        let answer = office.drop(name, &bytes);
        let said = answer.out();
        assert_eq!(answer.code(), 1, "{said}");
        assert!(said.contains("Diese Fallnummer ist nicht bekannt"), "{said}");
        assert!(office.done().await.contains(&"0000002 stellensuchlauf 2025-11-03 2".to_owned()));
        assert!(office.ends().await[0].ends_with(" 2025-11-07"), "{:?}", office.ends().await);
        let last = office.column("select cast(max(id) as text) from vorgang").await;
        office.asked(&["undo", &last[0]]).said();
    }
}

async fn a_zero_takes_back_and_stands_against_the_next_delivery(office: Office) {
    let office = office.ready();
    let form = office.form("liste.xlsx");
    let filled = fill(
        &form,
        &[
            ("0000001", "mo.suche", "0"),
            ("0000001", "mo.kunde", "0"),
            ("0000002", "di.suche", "2"),
            ("0000002", "ll_angefordert", "0"),
            // The form shows that it was taken back; a tick over it counts again.
            ("0000002", "mi.suche", "x"),
        ],
    );
    office.drop("liste.xlsx", &filled).said();
    let expected = [
        "0000001 kontakt_persoenlich 2025-11-03 0",
        "0000001 kontakt_telefonisch 2025-11-03 0",
        "0000001 stellensuchlauf 2025-11-03 0",
        "0000002 lebenslauf_angefordert 2025-10-06 0",
        "0000002 stellensuchlauf 2025-11-04 2",
        "0000002 stellensuchlauf 2025-11-05 1",
    ];
    assert_eq!(office.done().await, expected);
    office.deliver(&[("aktivitaeten.csv", &activities(&DONE))]).said();
    assert_eq!(office.done().await, expected);
    // An older copy of the list does not bring it back either.
    office.drop("alt.xlsx", &fill(&form, &[("0000001", "mo.kunde", "t")])).said();
    assert_eq!(office.done().await, expected);
}

async fn a_form_taken_in_can_be_taken_back_whole(office: Office) {
    let office = office.ready();
    let before = office.facts().await;
    let form = office.form("liste.xlsx");
    let filled = fill(
        &form,
        &[
            ("0000001", "mo.suche", "0"),
            ("0000002", "di.suche", "5"),
            ("0000003", "mo.ag", "x"),
            ("0000005", "fazit_am", "06.11.2025"),
            ("0000001", "ende_am", "06.11.2025"),
            ("0000001", "ende_grund", "Rückgabe Frist"),
        ],
    );
    let said = office.drop("liste.xlsx", &filled).said();
    assert!(said.contains("undo 3"), "{said}");
    let shown = office.asked(&["case", "show", "0000005"]).said();
    assert!(shown.contains("die Liste sagt leer, hier gilt Do., 06.11.2025"), "{shown}");
    office.asked(&["undo", "3"]).said();
    assert_eq!(office.facts().await, before);
}

/// Writes what is attached to the mails of a kind into a folder; prints to whom, the subject and the names.
const DETACH: &str = "import email, email.policy, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.eml')):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if mail['X-BAK-Art'] == 'wochenliste':
        for file in mail.iter_attachments():
            pathlib.Path(sys.argv[2], file.get_filename()).write_bytes(file.get_content())
            print(mail['to'], mail['subject'], file.get_filename())";

#[tokio::test(flavor = "multi_thread")]
async fn the_form_that_comes_by_mail_is_the_one_that_goes_back() {
    let office = Office::sqlite().await.ready();
    let away = "kuerzel;von;bis\nmust;03.11.2025;07.11.2025\n";
    let people = "kuerzel;name;email;rolle;team;region;vertretung\n\
        must;Mia Muster;mia@jobcenter.example;BAK;T0;Nord;otto\notto;Otto Ohm;otto@jobcenter.example;BAK;T0;Süd;\n\
        ivo;Ivo Falk;ivo@jobcenter.example;IFK;T0;Nord;\n";
    office.deliver(&[("personal.csv", people), ("abwesenheiten.csv", away)]).said();
    for words in [&["morning", "--on", "2025-11-03"][..], &["deliver"]] {
        office.asked(words).said();
    }
    let mut python = std::process::Command::new("python3");
    let done = python.args(["-c", DETACH]).arg(office.path("var/mails")).arg(office.folder.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let expected = "otto@jobcenter.example [BAK] Wochenliste KW 45 – 6 Fälle Wochenliste_2025-W45_must.xlsx\n\
        otto@jobcenter.example [BAK] Wochenliste KW 45 – 6 Fälle Wochenliste_2025-W45_otto.xlsx\n";
    assert_eq!(String::from_utf8(done.stdout).unwrap(), expected);
    let attached = std::fs::read(office.path("Wochenliste_2025-W45_must.xlsx")).unwrap();
    assert!(rows(&attached, filled::SHEETS[0])[1][0].to_string().contains("Mia Muster (in Vertretung)"));
    let listed: Vec<_> = rows(&attached, filled::SHEETS[1]).iter().skip(7).map(|row| row[0].to_string()).collect();
    assert_eq!(listed, ["0000001", "0000002", "0000003", "0000004", "0000005"]);
    office.drop("zurück.xlsx", &fill(&attached, &[("0000004", "mo.suche", "x")])).said();
    assert!(office.done().await.contains(&"0000004 stellensuchlauf 2025-11-03 1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_never_written_over_another() {
    let office = Office::sqlite().await.ready();
    office.form("liste.xlsx");
    for (words, part) in [
        (&["--bak", "must", "--week", WEEK, "--out", "liste.xlsx"][..], "gibt es schon"),
        (&["--bak", "niemand"], "Bekannt sind: must"),
        (&["--bak", "must", "--week", "KW 45"], "2026-W48"),
    ] {
        let refused = office.asked(&[&["wochenliste"], words].concat()).refused();
        assert!(refused.contains(part), "{refused}");
    }
}

/// What Excel and LibreOffice need to show, check and print it, as Python's libraries see it.
const LOOK: &str = "import sys, zipfile, xml.dom.minidom as dom
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for n in z.namelist():
    if n.endswith(('.xml', '.rels')): dom.parseString(z.read(n))
sheet = dom.parseString(z.read('xl/worksheets/sheet1.xml'))
one = lambda name: sheet.getElementsByTagName(name)[0]
page = one('pageSetup')
print('page', page.getAttribute('paperSize'), page.getAttribute('orientation'), page.getAttribute('fitToHeight'), one('pageSetUpPr').getAttribute('fitToPage'))
pane = one('pane')
print('pane', pane.getAttribute('xSplit'), pane.getAttribute('ySplit'), pane.getAttribute('state'))
print('protected', one('sheetProtection').getAttribute('sheet'), one('sheetProtection').getAttribute('password'))
print('checks', one('dataValidations').getAttribute('count'), sorted({v.getAttribute('type') for v in sheet.getElementsByTagName('dataValidation')}))
print('formulas', len(sheet.getElementsByTagName('f')))
book = dom.parseString(z.read('xl/workbook.xml'))
for s in book.getElementsByTagName('sheet'): print('sheet', s.getAttribute('name'), s.getAttribute('state'))
for d in book.getElementsByTagName('definedName'): print('name', d.getAttribute('name'), d.firstChild.data)
rows = {r.getAttribute('r'): r for r in sheet.getElementsByTagName('row')}
print('hidden', [n for n, r in rows.items() if r.getAttribute('hidden')])
width = sum(float(c.getAttribute('width')) * (int(c.getAttribute('max')) - int(c.getAttribute('min')) + 1) for c in sheet.getElementsByTagName('col'))
print('cm', round(width * 7 / 96 * 2.54, 1))";

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_checked_protected_and_fits_the_page() {
    let office = Office::sqlite().await.ready();
    // Nothing of a file is a formula, whatever it looks like.
    let odd = "fallnr;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;rueckgabegespraech_am;fazit_am\n\
               =1+1;A. B.;otto;ivo;T0;Nord;;;01.10.2025;01.10.2025;;;;\n";
    office.deliver(&[("betreuungen.csv", odd)]).said();
    for bak in ["must", "otto"] {
        office.asked(&["wochenliste", "--bak", bak, "--week", "2025-W44", "--out", "."]).said();
    }
    let look = |bak: &str| {
        let mut python = std::process::Command::new("python3");
        let done =
            python.args(["-c", LOOK]).arg(office.path(&format!("Wochenliste_2025-W44_{bak}.xlsx"))).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let seen = look("otto");
    let width: f64 = seen.lines().last().unwrap().trim_start_matches("cm ").parse().unwrap();
    // 27.7 cm are printed: letters of 10 points must not fall below 8.
    assert!((27.7..27.7 / 0.8).contains(&width), "{width}");
    let expected = "page 9 landscape 0 1\npane 2 7 frozen\nprotected 1 \nchecks 27 ['custom', 'list']\nformulas 0\n\
        sheet Wochenliste \nsheet Wochenliste-Stand hidden\n\
        name ColumnTitle Wochenliste!$A$6\nname _xlnm.Print_Area Wochenliste!$A$1:$AE$14\n\
        name _xlnm.Print_Titles Wochenliste!$5:$6\nhidden ['7']\n";
    assert!(seen.starts_with(expected), "{seen}");
    assert!(look("must").contains("checks 27"));
}
