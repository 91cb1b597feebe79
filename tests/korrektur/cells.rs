//! What an office's list says cell by cell: what cannot be read changes nothing, what several rows say counts, and a day goes
//! only if nobody but its column has ever said it.

use crate::office::{Answer, Office, activities, on_both};
use crate::workbook::Cell::{Error, Owned};
use crate::workbook::{Cell, xlsx};

on_both!(
    a_cell_that_cannot_be_read_leaves_what_was,
    a_line_that_is_cut_off_is_held_back,
    a_day_goes_that_only_its_column_said_however_often_it_moved,
    a_day_that_others_say_as_well_stays,
    every_day_of_a_case_counts_in_whatever_order_its_rows_stand,
    a_row_that_begins_like_a_sum_is_a_case_all_the_same,
    another_header_below_the_list_refuses_the_file,
    a_remark_below_the_list_brings_no_activity,
    two_files_of_one_list_are_one_list,
    refused_rows_can_be_corrected_and_read_again,
    a_file_in_two_encodings_is_told,
    data_of_a_time_to_come_is_said_and_set_right_by_the_next_list,
);

const MAP: &str = "quelle = \"liste\"\nvollstaendig = true\nnicht_lesen = [\"Notiz\"]\n[fest]\nteam = \"T0\"\n[spalten]\n\
    \"Fall\" = \"fallnr\"\n\"Berater\" = \"bak\"\n\"Ende\" = \"ende_am\"\n\"Grund\" = \"ende_grund\"\n[taetigkeiten]\n\
    \"Kontakt\" = \"ag_kontakt\"\n";

/// A log of contacts: nothing but days of cases that others state.
const LOG: &str = "quelle = \"log\"\n[spalten]\n\"Fall\" = \"fallnr\"\n[taetigkeiten]\n\"Kontakt\" = \"ag_kontakt\"\n";

const HEADER: &str = "Notiz;Fall;Berater;Ende;Grund;Kontakt\n";

impl Office {
    fn mapped(&self, map: &str, files: &[(&str, &[u8])]) -> Answer {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("m.toml"), map).unwrap();
        let mut words = vec!["import".to_owned(), "--map".into(), path("m.toml")];
        for (name, bytes) in files {
            std::fs::write(path(name), bytes).unwrap();
            words.push(path(name));
        }
        self.asked(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn csv(&self, rows: &str) -> Answer {
        self.mapped(MAP, &[("liste.csv", format!("{HEADER}{rows}").as_bytes())])
    }

    fn contacts(&self, days: &[&str]) -> Answer {
        self.csv(&days.iter().map(|day| format!(";1;must;;;{day}\n")).collect::<Vec<_>>().concat())
    }

    /// All facts but how fresh they are.
    async fn said_by_all(&self) -> Vec<Vec<String>> {
        let mut facts = self.facts().await;
        facts.pop();
        facts
    }

    async fn cases(&self) -> Vec<String> {
        self.column(
            "select fallnr || ' ' || coalesce(bak, '-') || ' ' || coalesce(cast(ende_am as text), '-') || ' ' || ende_grund \
             from betreuung order by fallnr",
        )
        .await
    }
}

async fn a_cell_that_cannot_be_read_leaves_what_was(office: Office) {
    let office = office.with_people().await;
    office.csv(";1;must;03.11.2025;integration;02.11.2025\n").said();
    office.asked(&["case", "set", "1", "ende_am", "05.11.2025"]).said();
    let header: Vec<Cell> = HEADER.trim_end().split(';').map(|h| Owned(h.to_owned())).collect();
    let text = |t: &str| Owned(t.to_owned());
    let broken = xlsx(&[(
        "a",
        vec![header, vec![Cell::Nothing, text("1"), Error("#N/A"), Error("#REF!"), text("#NV"), Error("#N/A")]],
    )]);
    let before = office.said_by_all().await;
    for (name, bytes) in [
        ("liste.xlsx", &*broken),
        ("liste.csv", format!("{HEADER};1;#NV;#BEZUG!;#NAME?;#NV\n").as_bytes()),
        ("liste.ods", &errors_of_libreoffice()),
    ] {
        let said = office.mapped(MAP, &[(name, bytes)]);
        assert_eq!(said.code(), 1, "{name}: {}{}", said.out(), said.err());
        for column in ["Berater", "Ende", "Grund"] {
            let told = format!(
                "Zeile 2, Spalte {column}: Die Formel hat keinen gespeicherten Wert oder einen Fehler; die Angabe bleibt"
            );
            assert!(said.out().contains(&told), "{name}: {told}\n{}", said.out());
        }
        assert_eq!(office.said_by_all().await, before, "{name}");
    }
    // What was corrected by hand is still so when the list says again what it said.
    assert_eq!(office.cases().await, ["1 must 2025-11-05 integration"]);
    office.csv(";1;must;03.11.2025;integration;02.11.2025\n").said();
    assert_eq!(office.cases().await, ["1 must 2025-11-05 integration"]);
    // Of two rows the last counts, whichever of them can be read.
    office.csv(";1;#NV;03.11.2025;integration;\n;1;ivo;03.11.2025;integration;\n");
    assert_eq!(office.cases().await, ["1 ivo 2025-11-05 integration"]);
}

/// LibreOffice remembers beside an error an empty text, or a zero.
fn errors_of_libreoffice() -> Vec<u8> {
    let text =
        |t: &str| format!("<table:table-cell office:value-type=\"string\"><text:p>{t}</text:p></table:table-cell>");
    let header: String = HEADER.trim_end().split(';').map(text).collect();
    let lost = "<table:table-cell table:formula=\"of:=NA()\" office:value-type=\"string\" office:string-value=\"\" \
                calcext:value-type=\"error\"><text:p>#NV</text:p></table:table-cell>";
    let zero = "<table:table-cell office:value-type=\"float\" office:value=\"0\" calcext:value-type=\"error\">\
                <text:p>#DIV/0!</text:p></table:table-cell>";
    let plain = "<table:table-cell office:value-type=\"string\" office:string-value=\"\"><text:p>#NV</text:p></table:table-cell>";
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\"><table:table-row>{header}\
         </table:table-row><table:table-row><table:table-cell/>{}{lost}{zero}{plain}{zero}</table:table-row></table:table>\
         </office:spreadsheet></office:body></office:document-content>",
        text("1")
    );
    crate::workbook::archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<m/>"),
        ("content.xml", content.as_bytes()),
    ])
}

async fn a_line_that_is_cut_off_is_held_back(office: Office) {
    let office = office.with_people().await;
    office.csv(";1;must;;;\n;2;must;03.11.2025;integration;02.11.2025\n").said();
    let before = office.said_by_all().await;
    for cut in [";2;mu", ";2;must;03.11.2025;integration", ";2"] {
        let said = office.csv(&format!(";1;must;;;\n{cut}"));
        assert_eq!(said.code(), 1, "{cut}: {}", said.out());
        assert!(
            said.out().contains("Zeile 3: Die Zeile hat ") && said.out().contains(" statt 6 Felder"),
            "{}",
            said.out()
        );
        assert_eq!(office.said_by_all().await, before, "{cut}");
    }
}

async fn a_day_goes_that_only_its_column_said_however_often_it_moved(office: Office) {
    let office = office.with_people().await;
    for day in ["09.11.2025", "19.11.2025"] {
        office.contacts(&[day]).said();
    }
    assert_eq!(office.done().await, ["1 2025-11-09 1", "1 2025-11-19 1"]);
    let said = office.contacts(&["09.11.2025"]).said();
    assert!(said.contains("ein späterer Tag (19.11.2025); er wurde ersetzt"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-09 1", "1 2025-11-19 0"]);
    let said = office.contacts(&["02.11.2025"]).said();
    assert!(said.contains("ein späterer Tag (09.11.2025); er wurde ersetzt"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-02 1", "1 2025-11-09 0", "1 2025-11-19 0"]);
    assert!(office.contacts(&["02.11.2025"]).said().contains("Nichts geändert"));
    // A column that means something else has moved nothing back.
    let other = MAP.replace("ag_kontakt", "kontakt_telefonisch");
    let said = office.mapped(&other, &[("liste.csv", format!("{HEADER};1;must;;;02.11.2025\n").as_bytes())]).said();
    assert!(said.contains("Diese Spalte bedeutet jetzt etwas anderes") && !said.contains("späterer Tag"), "{said}");
}

async fn a_day_that_others_say_as_well_stays(office: Office) {
    let office = office.with_people().await;
    let stated = activities(&[("1", "ag_kontakt", "12.11.2025", 1)]);
    office.contacts(&["09.11.2025"]).said();
    office.asked(&["record", "ag_kontakt", "1", "--on", "09.11.2025"]).said();
    office.contacts(&["12.11.2025"]).said();
    office.deliver(&[("aktivitaeten.csv", &stated)]).said();
    let said = office.contacts(&["02.11.2025"]).said();
    for day in ["09.11.2025", "12.11.2025"] {
        assert!(said.contains(&format!("ein späterer Tag ({day}); er bleibt eingetragen")), "{day}: {said}");
    }
    assert_eq!(office.done().await, ["1 2025-11-02 1", "1 2025-11-09 1", "1 2025-11-12 1"]);
}

async fn every_day_of_a_case_counts_in_whatever_order_its_rows_stand(office: Office) {
    let office = office.with_people().await;
    office.contacts(&["10.11.2025", "03.11.2025"]);
    assert_eq!(office.done().await, ["1 2025-11-03 1", "1 2025-11-10 1"]);
    let said = office.contacts(&["03.11.2025", "10.11.2025"]).out();
    assert!(!said.contains("späterer Tag"), "{said}");
    assert_eq!(office.done().await, ["1 2025-11-03 1", "1 2025-11-10 1"]);
    let log = b"Fall;Kontakt\n1;12.11.2025\n1;13.11.2025\n1;11.11.2025\n1;13.11.2025\n";
    office.mapped(LOG, &[("log.csv", log)]).said();
    assert_eq!(office.done().await.len(), 5);
    assert!(office.mapped(LOG, &[("log.csv", log)]).said().contains("Nichts geändert"));
}

async fn a_row_that_begins_like_a_sum_is_a_case_all_the_same(office: Office) {
    let office = office.with_people().await;
    let said = office
        .csv("Gesamt gutes Bild;1;must;;;\nTotal motiviert;2;must;;;\nAnzahl Kinder 3;3;must;;;\nErgebnis offen;4;must;;;\nSumme;4;4;;;\n")
        .said();
    assert_eq!(office.cases().await.len(), 4, "{said}");
    assert!(said.contains("liste.csv: 1 Zeile übergangen (Summen, Anmerkungen)"), "{said}");
}

async fn another_header_below_the_list_refuses_the_file(office: Office) {
    let office = office.with_people().await;
    let again = office.csv(&format!(";1;must;;;\n{HEADER};2;must;;;\n")).said();
    assert_eq!(office.cases().await.len(), 2, "{again}");
    let said = office.csv(";1;must;;;\nNotiz;Fall;Ende;Berater;Grund;Kontakt\n;3;03.11.2025;must;;\n");
    assert!(
        said.code() == 2
            && said.out().contains("noch einmal, aber mit anderen Spalten: Unter „Berater“ steht dort „Ende“"),
        "{}",
        said.out()
    );
    assert_eq!(office.cases().await.len(), 2);
}

async fn a_remark_below_the_list_brings_no_activity(office: Office) {
    let office = office.with_people().await;
    let map = MAP.replace("[fest]\nteam = \"T0\"\n", "").replace("\"Berater\" = \"bak\"", "\"Berater\" = \"team\"");
    office.mapped(&map, &[("liste.csv", format!("{HEADER};1;T0;;;02.11.2025\n;Müller;;;;03.11.2025\n").as_bytes())]);
    assert_eq!(office.done().await, ["1 2025-11-02 1"]);
    office.mapped(LOG, &[("log.csv", "Fall;Kontakt\nMüller;03.11.2025\n".as_bytes())]);
    assert_eq!(office.done().await, ["1 2025-11-02 1"]);
}

async fn two_files_of_one_list_are_one_list(office: Office) {
    let office = office.with_people().await;
    let of = |cases: std::ops::Range<u32>| {
        let rows = cases.map(|n| format!(";{n};must;;;\n")).collect::<Vec<_>>().concat();
        format!("{HEADER}{rows}").into_bytes()
    };
    let (one, two) = (of(1..6), of(6..11));
    for _ in 0..2 {
        let said = office.mapped(MAP, &[("adler.csv", &one), ("buche.csv", &two)]).said();
        assert!(!said.contains("nicht mehr in der Liste"), "{said}");
    }
    assert_eq!(office.cases().await.len(), 10);
    let said = office.mapped(MAP, &[("adler.csv", &one), ("buche.csv", &of(6..10))]).said();
    assert!(said.contains("„10“: Ein laufender Fall steht nicht mehr in der Liste"), "{said}");
    let before = office.said_by_all().await;
    let said = office.mapped(MAP, &[("kunden.csv", &of(1..11)), ("kunden_alt.csv", &of(1..9))]);
    assert_eq!(said.code(), 1, "{}", said.out());
    assert!(said.out().contains("Der Fall 1 und 7 weitere stehen auch in kunden.csv"), "{}", said.out());
    assert!(said.out().contains("eigener quelle"), "{}", said.out());
    assert_eq!(office.said_by_all().await, before, "{}", said.out());
}

async fn refused_rows_can_be_corrected_and_read_again(office: Office) {
    let office = office.with_people().await;
    let said = office.csv(";1;=cmd();bald;;\n");
    assert!(said.code() == 1 && said.out().contains("zum Berichtigen"), "{}", said.out());
    let path = office.folder.path().join("liste.abgelehnt.csv");
    let rows = std::fs::read_to_string(&path).unwrap();
    assert!(rows.contains(";'=cmd();"), "{rows}");
    let rows = rows.replacen("'=cmd();bald", "must;03.11.2025", 1);
    let map = MAP.replace("nicht_lesen = [\"Notiz\"]\n", "");
    office.mapped(&map, &[("berichtigt.csv", rows.as_bytes())]).said();
    assert_eq!(office.cases().await, ["1 must 2025-11-03 "]);
}

async fn a_file_in_two_encodings_is_told(office: Office) {
    let office = office.with_people().await;
    let bytes = [HEADER.as_bytes(), "Müller;1;must;;;\n".as_bytes(), b"M\xfcller;2;must;;;\n"].concat();
    let said = office.mapped(MAP, &[("liste.csv", &bytes)]).said();
    assert!(said.contains("Zeile 3: Bis hierher ist die Datei UTF-8"), "{said}");
}

async fn data_of_a_time_to_come_is_said_and_set_right_by_the_next_list(office: Office) {
    let office = office.with_people().await;
    office.contacts(&["02.11.2025"]).said();
    let now = wiedervorlage::clock::Clock::system().now();
    let mut write = office.db.begin_write().await.unwrap();
    write.touch_datenstand("T0", now + chrono::TimeDelta::days(365)).await.unwrap();
    write.commit().await.unwrap();
    let said = office.asked(&["check"]);
    assert!(
        said.out().lines().any(|l| l.starts_with("!!  Team T0: Datenstand ") && l.contains("liegt in der Zukunft")),
        "{}",
        said.out()
    );
    let said = office.asked(&["status"]);
    assert!(said.out().contains("Der Datenstand liegt in der Zukunft (Team T0)"), "{}{}", said.out(), said.err());
    office.contacts(&["02.11.2025"]).said();
    assert!(!office.asked(&["check"]).out().contains("liegt in der Zukunft"));
}
