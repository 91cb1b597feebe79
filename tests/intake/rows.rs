//! Row by row: what is refused, what is kept and reported, and what is stored (RULES.md §1).

use crate::world::{CASES, Expected, World, check};
use wiedervorlage::intake::Severity::{Kept, Refused};

/// (file, header, rows, refused, kept, table, stored)
type Case<'a> = (&'a str, &'a str, &'a str, &'a [Expected<'a>], &'a [Expected<'a>], &'a str, &'a [&'a str]);

async fn run(cases: &[Case<'_>]) {
    for (file, header, rows, refused, kept, table, stored) in cases {
        let mut w = World::sqlite().await.with_cases(&["1", "2"]).await;
        let before = w.table(table).await;
        let report = w.one(file, format!("{header}\n{rows}\n")).await;
        assert_eq!(report.fatal, None, "{file} {rows}");
        check(&report, Refused, refused);
        check(&report, Kept, kept);
        assert_eq!(report.counts.reported, kept.len() as u64, "{file} {rows}");
        let now = w.table(table).await;
        let new: Vec<_> = now.iter().filter(|row| !before.contains(row)).collect();
        assert_eq!(new, stored.iter().collect::<Vec<_>>(), "{file} {rows}");
    }
}

#[tokio::test]
async fn teams_and_colleagues() {
    const T: &str = "team;name;postfach;bundesland;leitung;dienststelle;beginn";
    const P: &str = "kuerzel;name;email;rolle;team;region;vertretung";
    run(&[
        (
            "teams.csv",
            T,
            " T1 ;Team 1;t1@a.example;bw;TL1;HN;1.2.2026",
            &[],
            &[],
            "team",
            &["T1|Team 1|t1@a.example|BW|TL1|HN|2026-02-01"],
        ),
        ("teams.csv", T, ";x;;BW;;;", &[(2, "team", "", "team fehlt")], &[], "team", &[]),
        ("teams.csv", T, "T1;x;;XX;;;", &[(2, "bundesland", "XX", "bundesland ist unbekannt")], &[], "team", &[]),
        ("teams.csv", T, "T1;x;;;;;", &[(2, "bundesland", "", "bundesland fehlt")], &[], "team", &[]),
        ("teams.csv", T, "T1;x;;BW;;;31.02.2026", &[(2, "beginn", "31.02.2026", "kein Datum")], &[], "team", &[]),
        (
            "teams.csv",
            T,
            "T1;x;a@b@c;BW;;;1.1.1949",
            &[],
            &[(2, "postfach", "a@b@c", "keine einzelne Mailadresse"), (2, "beginn", "1.1.1949", "vor 1950")],
            "team",
            &["T1|x|-|BW|-||1949-01-01"],
        ),
        ("teams.csv", "team;name;postfach;bundesland;leitung", "T1;x;;BY;", &[], &[], "team", &["T1|x|-|BY|-||-"]),
        ("personal.csv", P, "I1;Ş. Ä\u{7f};;ifk;T9;;I2", &[], &[], "kollege", &["I1|Ş. Ä|-|IFK|T9||I2"]),
        ("personal.csv", P, "I1;x;;IFM;T0;;", &[(2, "rolle", "IFM", "rolle ist unbekannt")], &[], "kollege", &[]),
        ("personal.csv", P, ";x;;FM;T0;;", &[(2, "kuerzel", "", "kuerzel fehlt")], &[], "kollege", &[]),
        (
            "personal.csv",
            P,
            "I1;x;Max <a@b.de>;TL;T0;;",
            &[],
            &[(2, "email", "Max <a@b.de>", "keine einzelne Mailadresse")],
            "kollege",
            &["I1|x|-|TL|T0||-"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn cases_of_clients() {
    let h = CASES.trim_end();
    run(&[
        (
            "betreuungen.csv",
            h,
            "3;123A4;Max Mustermann;;I9;T0;Öhringen;bak16E;1.2.2026;2026-02-03;04.02.2026;05.08.2026;Integration;06.08.2026;07.08.2026",
            &[],
            &[(0, "fallnr", "1, 2", "2 bekannte Fälle stehen nicht mehr in der Liste")],
            "betreuung",
            &["3|M. M.|-|I9|T0|Öhringen|BAK16e|2026-02-01|2026-02-03|2026-02-04|2026-08-05|integration|2026-08-06|2026-08-07"],
        ),
        (
            "betreuungen.csv",
            h,
            "1;;;;;T0;;;;;;;;;\n2;;;;;T9;;;;;;;;;\n;;;;;T0;;;;;;;;;\n3;;;;;;;;;;;;;;\n4;;;;;T0;;;;;;;umzug;;\n5;;;;;T0;;;gestern;;;30.2.26;;;",
            &[
                (3, "team", "T9", "Team ist unbekannt"),
                (4, "fallnr", "", "fallnr fehlt"),
                (5, "team", "", "team fehlt"),
                (6, "ende_grund", "umzug", "ende_grund ist unbekannt"),
                (7, "kennung_seit", "gestern", "kein Datum"),
                (7, "ende_am", "30.2.26", "kein Datum"),
            ],
            &[],
            "betreuung",
            &["1||-|-|T0|||-|-|-|-||-|-"],
        ),
        (
            "betreuungen.csv",
            h,
            "1;;;;;T0;;BAK17;;;;31.12.9999;;;\n2;;;;;T0;;;;;01.01.0202;;;;",
            &[],
            &[
                (2, "kennung", "BAK17", "Kennung ist unbekannt"),
                (3, "hauptbetreuer_seit", "01.01.0202", "vor 1950"),
            ],
            "betreuung",
            &["1||-|-|T0||BAK17|-|-|-|9999-12-31||-|-", "2||-|-|T0|||-|-|0202-01-01|-||-|-"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn activities() {
    const H: &str = "fallnr;art;datum;anzahl;bemerkung";
    run(&[
        (
            "aktivitaeten.csv",
            H,
            "1;AG_Kontakt;1.11.2026;;vertraulich\n1;stellensuchlauf;2026-11-02;0;\n1;aussendienst;03.11.2026;9999;",
            &[],
            &[],
            "aktivitaet",
            &["1|ag_kontakt|2026-11-01|1", "1|aussendienst|2026-11-03|9999", "1|stellensuchlauf|2026-11-02|0"],
        ),
        (
            "aktivitaeten.csv",
            H,
            ";ag_kontakt;1.11.2026;;\n1;;1.11.2026;;\n1;telefonat;1.11.2026;;\n1;ag_kontakt;;;\n1;ag_kontakt;1.13.2026;;\n\
             1;ag_kontakt;1.11.2026;10000;\n1;ag_kontakt;1.11.2026;-1;\n1;x;y;z;",
            &[
                (2, "fallnr", "", "fallnr fehlt"),
                (3, "art", "", "art fehlt"),
                (4, "art", "telefonat", "art ist unbekannt"),
                (5, "datum", "", "datum fehlt"),
                (6, "datum", "1.13.2026", "kein Datum"),
                (7, "anzahl", "10000", "keine Anzahl"),
                (8, "anzahl", "-1", "keine Anzahl"),
                (9, "anzahl", "z", "keine Anzahl"),
                (9, "art", "x", "art ist unbekannt"),
                (9, "datum", "y", "kein Datum"),
            ],
            &[],
            "aktivitaet",
            &[],
        ),
        (
            "aktivitaeten.csv",
            H,
            "1;ag_kontakt;1.11.2026;;\n99;ag_kontakt;1.11.2026;;\n;;;;\n1;ag_kontakt;1.1.2101;;",
            &[],
            &[(3, "fallnr", "99", "(noch) nicht bekannt"), (5, "datum", "1.1.2101", "nach 2100")],
            "aktivitaet",
            &["1|ag_kontakt|2026-11-01|1", "1|ag_kontakt|2101-01-01|1", "99|ag_kontakt|2026-11-01|1"],
        ),
        (
            "aktivitaeten.csv",
            "bemerkung;datum;anzahl;art;fallnr;farbe;farbe;",
            "x;1.11.2026;2;ag_kontakt;1;rot;blau",
            &[],
            &[(1, "", "farbe, farbe", "Spalten sind unbekannt"), (2, "", "", "7 statt 8 Felder")],
            "aktivitaet",
            &["1|ag_kontakt|2026-11-01|2"],
        ),
        (
            "aktivitaeten.csv",
            H,
            "1;ag_kontakt;1.11.2026;;krank; im Bett\n1;ag_kontakt;2.11.2026;1",
            &[],
            &[(2, "", "", "6 statt 5 Felder"), (3, "", "", "4 statt 5 Felder")],
            "aktivitaet",
            &["1|ag_kontakt|2026-11-01|1", "1|ag_kontakt|2026-11-02|1"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn subsidies() {
    const H: &str = "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial";
    run(&[
        (
            "foerderungen.csv",
            H,
            "F1;1;16E;\"\"\"Zum Löwen\"\" Gastro\";1.1.2026;31.12.2027;NEIN\nF2;1;EGZ;;;;\nF3;1;egz;;2.1.2026;1.1.2026;ja",
            &[],
            &[],
            "foerderung",
            &[
                "F1|1|16e|\"Zum Löwen\" Gastro|2026-01-01|2027-12-31|nein",
                "F2|1|EGZ||-|-|",
                "F3|1|EGZ||2026-01-02|2026-01-01|ja",
            ],
        ),
        (
            "foerderungen.csv",
            H,
            "F1;1;16e;;;31.12.2027;\nF2;1;16i;;1.1.2026;;\nF3;1;MAG;;2.1.2026;1.1.2026;\nF4;9;MAG;;1.1.2026;2.1.2026;vielleicht",
            &[],
            &[
                (2, "beginn", "", "beginn fehlt"),
                (3, "ende", "", "ende fehlt"),
                (4, "ende", "1.1.2026", "ende liegt vor beginn"),
                (5, "potenzial", "vielleicht", "weder ja noch nein"),
                (5, "fallnr", "9", "(noch) nicht bekannt"),
            ],
            "foerderung",
            &[
                "F1|1|16e||-|2027-12-31|",
                "F2|1|16i||2026-01-01|-|",
                "F3|1|MAG||2026-01-02|2026-01-01|",
                "F4|9|MAG||2026-01-01|2026-01-02|",
            ],
        ),
        (
            "foerderungen.csv",
            H,
            ";1;16e;;;;\nF1;;16e;;;;\nF2;1;16f;;;;\nF3;1;MAG;;x;;",
            &[
                (2, "foerdernr", "", "foerdernr fehlt"),
                (3, "fallnr", "", "fallnr fehlt"),
                (4, "art", "16f", "art ist unbekannt"),
                (5, "beginn", "x", "kein Datum"),
            ],
            &[],
            "foerderung",
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn rests_absences_and_events() {
    const P: &str = "fallnr;von;bis;grund";
    const A: &str = "kuerzel;von;bis";
    const V: &str = "team;titel;art;datum;durchgefuehrt";
    run(&[
        (
            "pausen.csv",
            P,
            "1;1.11.2026;3.11.2026;krank\n1;4.11.2026;;Kur\n2;5.11.2026;31.12.9999;\n9;1.1.2026;;",
            &[],
            &[(5, "fallnr", "9", "(noch) nicht bekannt")],
            "pause",
            &[
                "lieferung|1|2026-11-01|2026-11-03",
                "lieferung|1|2026-11-04|-",
                "lieferung|2|2026-11-05|-",
                "lieferung|9|2026-01-01|-",
            ],
        ),
        (
            "pausen.csv",
            P,
            "1;3.11.2026;1.11.2026;verdreht\n1;;1.11.2026;\n;1.11.2026;;\n1;x;;",
            &[(3, "von", "", "von fehlt"), (4, "fallnr", "", "fallnr fehlt"), (5, "von", "x", "kein Datum")],
            &[(2, "bis", "1.11.2026", "bis liegt vor von")],
            "pause",
            &["lieferung|1|2026-11-03|2026-11-01"],
        ),
        (
            "abwesenheiten.csv",
            A,
            "BAK0;1.11.2026;\nBAK0;3.11.2026;1.11.2026\nX;1.11.2026;2.11.2026\n;1.11.2026;",
            &[(5, "kuerzel", "", "kuerzel fehlt")],
            &[(3, "bis", "1.11.2026", "bis liegt vor von"), (4, "kuerzel", "X", "Kürzel ist (noch) nicht bekannt")],
            "abwesenheit",
            &["lieferung|BAK0|2026-11-01|-", "lieferung|BAK0|2026-11-03|2026-11-01", "lieferung|X|2026-11-01|2026-11-02"],
        ),
        (
            "veranstaltungen.csv",
            V,
            "T0;Messe;Messe;1.11.2026;JA\nT0;Später;Event;;\nT9;Fremd;;2.11.2026;nein\n;x;;1.11.2026;ja\nT0;x;;1.11.2026;vielleicht",
            &[(5, "team", "", "team fehlt"), (6, "durchgefuehrt", "vielleicht", "weder ja noch nein")],
            &[(3, "datum", "", "datum fehlt"), (4, "team", "T9", "Team ist (noch) nicht bekannt")],
            "veranstaltung",
            &[
                "lieferung|T0|Messe|Messe|2026-11-01|ja",
                "lieferung|T0|Später|Event|-|nein",
                "lieferung|T9|Fremd||2026-11-02|nein",
            ],
        ),
    ])
    .await;
}

#[tokio::test]
async fn appointments_and_vacancies() {
    const T: &str = "terminnr;fallnr;art;datum;uhrzeit;ort;teilnehmer";
    const S: &str = "refnr;titel;arbeitgeber;ort;arbeitszeit;eingestellt_am;link;quelle";
    run(&[
        (
            "termine.csv",
            T,
            "A1;1;Aussendienst;1.12.2026;9:30;HN;TL0\nA2;1;rueckgabegespraech;;;;\nA3;7;vorstellungsgespraech;2.12.2026;halb zehn;;",
            &[],
            &[
                (3, "datum", "", "datum fehlt"),
                (4, "uhrzeit", "halb zehn", "keine Uhrzeit"),
                (4, "fallnr", "7", "(noch) nicht bekannt"),
            ],
            "termin",
            &[
                "A1|lieferung|1|aussendienst|2026-12-01|09:30|HN|TL0",
                "A2|lieferung|1|rueckgabegespraech|-|-||-",
                "A3|lieferung|7|vorstellungsgespraech|2026-12-02|-||-",
            ],
        ),
        (
            "termine.csv",
            "terminnr;fallnr;art;datum;uhrzeit;ort",
            ";1;aussendienst;1.12.2026;;\nA1;;aussendienst;1.12.2026;;\nA2;1;besuch;1.12.2026;;\nA3;1;aussendienst;bald;;",
            &[
                (2, "terminnr", "", "terminnr fehlt"),
                (3, "fallnr", "", "fallnr fehlt"),
                (4, "art", "besuch", "art ist unbekannt"),
                (5, "datum", "bald", "kein Datum"),
            ],
            &[],
            "termin",
            &[],
        ),
        (
            "stellen.csv",
            S,
            "R1;Koch (m/w/d);Härle;HN;vz;20.11.2026;;Jobbörse\n;Koch;;;;;;\nR2;;;;;neulich;;",
            &[(3, "refnr", "", "refnr fehlt"), (4, "eingestellt_am", "neulich", "kein Datum")],
            &[],
            "stelle",
            &["R1|Koch (m/w/d)|Härle|HN|vz|2026-11-20||Jobbörse|2026-11-23"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn fields_beyond_size_are_refused_and_the_limit_counts_characters() {
    let (key, text) = ("ä".repeat(200), "ä".repeat(1000));
    let mut w = World::sqlite().await;
    let rows = format!("{key};{text};;BW;;;\n{key}x;n;;BW;;;\nT2;{text}x;;BW;;;\nT3;n;;BW;{key}x;;\n");
    let file = w.one("teams.csv", format!("team;name;postfach;bundesland;leitung;dienststelle;beginn\n{rows}")).await;
    let shown = format!("{}…", "ä".repeat(80));
    check(
        &file,
        Refused,
        &[
            (3, "team", &shown, "länger als 200 Zeichen"),
            (4, "name", &shown, "länger als 1.000 Zeichen"),
            (5, "leitung", &shown, "länger als 200 Zeichen"),
        ],
    );
    assert_eq!((file.counts.read, file.counts.new, file.counts.refused), (4, 1, 3));
}

#[tokio::test]
async fn texts_at_their_limits_fit_into_both_databases() {
    crate::world::on_both(|mut w| async move {
        let (key, text) = ("𝄞".repeat(200), "𝄞".repeat(1000));
        let report = w
            .deliver(&[
                ("teams.csv", &format!("team;name;postfach;bundesland;leitung\n{key};{text};;BW;\n")),
                (
                    "veranstaltungen.csv",
                    &format!(
                        "team;titel;art;datum;durchgefuehrt\n{key};{text};{text};;ja\n{key};{text};{text};;nein\n"
                    ),
                ),
                ("pausen.csv", &format!("fallnr;von;bis\n{key};1.1.2026;\n")),
                ("aktivitaeten.csv", &format!("fallnr;art;datum;anzahl\n{key};ag_kontakt;1.1.2026;\n")),
            ])
            .await;
        assert_eq!(report.exit_code(), 0, "{report:?}");
        assert_eq!(w.table("veranstaltung").await.len(), 2);
    })
    .await;
}
