//! The log of changes: what is kept of them, and that what did not happen is not in it.

use chrono::Duration;
use wiedervorlage::domain::facts::Art;
use wiedervorlage::store::import::{BETREUUNG, Stage, Staged, Value};
use wiedervorlage::store::{CaseHistory, Change, ChangeKind, Db, FieldSet, FileCounts, Limits, Undo};

use super::{CASES, House, TEAMS, at, day};

pub(crate) fn by(kind: ChangeKind, time: &str) -> Change<'static> {
    Change { kind, at: at(time), who: "mia", from: "test", undoes: None }
}

fn row(fallnr: &str, bak: &str) -> Staged {
    let (text, none) = (|text: &str| Value::Text(text.into()), Value::Day(None));
    let mut values = vec![text(fallnr), text(""), Value::Word(Some(bak.into())), Value::Word(None), text("T1")];
    values.extend([text(""), text("")]);
    values.extend(vec![none.clone(); 4]);
    values.extend([text(""), none.clone(), none]);
    Staged { line: 1, values }
}

/// The one number that is asked for.
async fn count(house: &House, sql: &'static str) -> i64 {
    match &house.db {
        Db::Sqlite { writer, .. } => sqlx::query_scalar(sql).fetch_one(writer).await,
        Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
    }
    .unwrap()
}

/// Takes over a list of one case; the number of the import.
pub(crate) async fn import(house: &House, fallnr: &str, bak: &str, time: &str) -> i64 {
    let mut write = house.db.begin_change(&by(ChangeKind::Import, time)).await.unwrap();
    let mut stage = Stage::new(&mut write, &BETREUUNG).await.unwrap();
    stage.put(vec![row(fallnr, bak)]).await.unwrap();
    stage.close().await.unwrap();
    stage.apply("liste", day("2026-11-23"), true).await.unwrap();
    stage.finish().await.unwrap();
    let file = FileCounts { table: "betreuung".into(), file: "liste.csv".into(), new: 1, ..FileCounts::default() };
    write.note_files(&[file]).await.unwrap();
    write.touch_datenstand("T1", at(time)).await.unwrap();
    let id = write.change();
    write.commit().await.unwrap();
    id
}

pub(crate) async fn a_change_is_kept_with_who_when_and_from_where(house: House) {
    house.sql(TEAMS).await;
    let first = import(&house, "1", "A", "10:00:00").await;
    let second = import(&house, "1", "B", "11:00:00").await;
    let kept = house.snapshot().await.imports(10).await.unwrap();
    let said: Vec<_> =
        kept.iter().map(|k| (k.id, k.at, k.who.as_str(), k.from.as_str(), k.files[0].file.as_str())).collect();
    assert_eq!(
        said,
        [(second, at("11:00:00"), "mia", "test", "liste.csv"), (first, at("10:00:00"), "mia", "test", "liste.csv")]
    );
    assert_eq!(house.snapshot().await.imports(1).await.unwrap()[0].id, second);

    let history = house.snapshot().await.history("1").await.unwrap();
    let field = |name: &str| history.fields.iter().find(|f| f.field == name).map(|f| (f.value.clone(), f.by)).unwrap();
    assert_eq!((field("bak"), field("team")), ((Some("B".into()), second), (Some("T1".into()), first)));
    let past = &history.past[0];
    assert_eq!((history.past.len(), past.by, past.fields.len(), past.fields[0].field), (1, second, 1, "bak"));
    assert_eq!(past.fields[0].before.as_deref(), Some("A"));
    assert_eq!(house.snapshot().await.history("2").await.unwrap(), CaseHistory::default());

    let undo = Change { undoes: Some(second), ..by(ChangeKind::Undo, "12:00:00") };
    assert_eq!(house.db.undo(&undo).await.unwrap(), Undo::Done { removed: 0, restored: 1, later: 0 });
    assert!(matches!(house.db.undo(&undo).await.unwrap(), Undo::Already(_)));
    let head = house.snapshot().await.head(None).await.unwrap();
    assert_eq!(head.datenstand["T1"], at("10:00:00"));
    let kept = house.snapshot().await.imports(1).await.unwrap();
    assert_eq!(kept[0].undone, Some((at("12:00:00"), "mia".to_owned())));
    let undo = Change { undoes: Some(first), ..undo };
    assert_eq!(house.db.undo(&undo).await.unwrap(), Undo::Done { removed: 1, restored: 0, later: 0 });
    assert_eq!(house.snapshot().await.case("1").await.unwrap(), None);
}

pub(crate) async fn a_change_that_is_dropped_was_none(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    drop(house.db.begin_change(&by(ChangeKind::Import, "10:00:00")).await.unwrap());
    assert_eq!(house.snapshot().await.imports(10).await.unwrap(), []);
    let nobody = ["nie gesehen".to_owned()];
    house.db.record(Art::AgKontakt, &nobody, day("2026-11-23"), 1, at("11:00:00"), "mia").await.unwrap();
    // Without a change there is no Stage: facts without a trace are a defect.
    let mut write = house.db.begin_write().await.unwrap();
    assert!(Stage::new(&mut write, &BETREUUNG).await.is_err());
    drop(write);
    let none = Change { undoes: Some(1), ..by(ChangeKind::Undo, "12:00:00") };
    assert_eq!(house.db.undo(&none).await.unwrap(), Undo::Unknown);
    assert_eq!(house.db.undo(&by(ChangeKind::Undo, "12:00:00")).await.unwrap(), Undo::Unknown);
}

pub(crate) async fn a_field_is_set_by_its_own_name_alone(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let set = async |fallnr: &str, field: &str, value| {
        house.db.set_field(fallnr, field, value, &by(ChangeKind::Set, "10:00:00")).await.unwrap()
    };
    let word = |text: &str| Value::Word(Some(text.into()));
    for (fallnr, field) in [("nie gesehen", "bak"), ("9", "fallnr"), ("9", "vorgang"), ("9", "bak = 'x' --")] {
        assert_eq!(set(fallnr, field, word("x")).await, None, "{fallnr} {field}");
    }
    let said = set("9", "region", Value::Text("Süd".into())).await.unwrap();
    assert_eq!(said.new.as_deref(), Some("Süd"));
    let again = set("9", "region", Value::Text("Süd".into())).await;
    assert_eq!(again, Some(FieldSet { old: Some("Süd".into()), new: Some("Süd".into()) }));
    assert_eq!(house.snapshot().await.revision(), 1, "saying the same again changes no facts");
}

pub(crate) async fn a_change_that_has_had_its_time_leaves_no_trace_and_cannot_be_taken_back(house: House) {
    house.sql(TEAMS).await;
    let first = import(&house, "1", "A", "10:00:00").await;
    let second = import(&house, "1", "B", "11:00:00").await;
    let third = import(&house, "1", "C", "12:00:00").await;
    let limits =
        |time: &str| Limits { texts: at("00:00:00"), log: at(time), rows: day("2026-05-23"), weeks: day("2025-11-23") };
    assert_eq!(house.db.aged(&limits("11:30:00")).await.unwrap().changes, 2);
    assert_eq!(house.db.delete_aged(&limits("11:30:00")).await.unwrap().changes, 2);
    assert_eq!(count(&house, "select count(*) from protokoll").await, 1, "what the third found is the third's");
    assert_eq!(count(&house, "select count(*) from vorgang_datei").await, 1);
    let undo = |import| Change { undoes: Some(import), ..by(ChangeKind::Undo, "13:00:00") };
    for gone in [first, second] {
        assert_eq!(house.db.undo(&undo(gone)).await.unwrap(), Undo::Unknown);
    }
    assert_eq!(house.db.undo(&undo(third)).await.unwrap(), Undo::Done { removed: 0, restored: 1, later: 0 });
    let history = house.snapshot().await.history("1").await.unwrap();
    let bak = history.fields.iter().find(|field| field.field == "bak").unwrap();
    assert_eq!((bak.value.as_deref(), bak.by), (Some("B"), second), "the fact stays, who brought it is forgotten");
    assert!(!history.changes.contains_key(&second));
}

pub(crate) async fn what_is_kept_of_a_case_that_nobody_knows_goes_in_time(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house
        .sql(
            "insert into vorgang (art, at, wer, woher) \
             values ('set', '2026-06-01T08:00:00.000000+00:00', 'mia', 'test'); \
             insert into korrektur (fallnr, tabelle, schluessel, feld, wert, vorgang) \
             values ('9', 'betreuung', '[\"9\"]', 'region', 'Süd', 0), \
                    ('unbekannt', 'betreuung', '[\"unbekannt\"]', 'region', 'Süd', 0); \
             insert into protokoll (fallnr, tabelle, schluessel, vorgang, vor_vorgang, vorher) \
             values ('9', 'betreuung', '[\"9\"]', 1, 0, '[]'), ('unbekannt', 'betreuung', '[\"unbekannt\"]', 1, 0, '[]')",
        )
        .await;
    let limits = |rows: &str| Limits {
        texts: at("00:00:00"),
        log: at("00:00:00") - Duration::days(730),
        rows: day(rows),
        weeks: day("2025-11-23"),
    };
    // What hangs on no change at all is older than the log.
    assert_eq!(house.db.delete_aged(&limits("2026-06-01")).await.unwrap().loose, 1);
    assert_eq!(house.db.delete_aged(&limits("2026-06-02")).await.unwrap().loose, 1);
    assert_eq!(count(&house, "select count(*) from korrektur").await, 1, "that of a known case stays");
    assert_eq!(count(&house, "select count(*) from protokoll").await, 1);
}
