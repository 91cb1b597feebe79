//! What is kept, and for how long; what is forgotten, disclosed, backed up and brought back.

use super::*;

use wiedervorlage::store::{
    Aged, BackupError, CASE_TABLES, Delivering, Guard, Limits, Removed, Task, Upkeep, old_copies, restore, sha256,
};

const FACTS: &str = "insert into team (team, name, bundesland) values ('T1', 'Nord', 'BW');
    insert into betreuung (fallnr, bezeichnung, team, region, kennung, ende_grund) values
        ('0017', 'A. B.', 'T1', '', '', ''), ('0018', 'C. D.', 'T1', '', '', '');
    insert into aktivitaet (fallnr, art, datum, anzahl) values ('0017', 'ag_kontakt', '2026-11-02', 1), ('0018', 'ag_kontakt', '2026-11-03', 1),
        ('0099', 'ag_kontakt', '2026-05-01', 1), ('0099', 'ag_kontakt', '2026-11-01', 1);
    insert into foerderung (foerdernr, fallnr, art, arbeitgeber, beginn, ende, potenzial) values ('F1', '0017', 'EGZ', 'Muster GmbH', '2026-01-01', '2026-06-30', '');
    insert into pause (source, row_key, fallnr, von, bis) values ('p', '0017|x', '0017', '2026-02-01', null), ('p', '0099|y', '0099', '2026-02-01', '2026-02-03');
    insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values ('A1', 't', '0017', 'aussendienst', '2026-12-01', '09:30', 'Haus', null);
    insert into listentag (fallnr, source, spalte, art, datum, eigen) values ('0017', 'l', 'kontakt', 'ag_kontakt', '2026-11-02', true), ('0099', 'l', 'kontakt', 'ag_kontakt', '2026-05-01', true);
    insert into listenfall (source, fallnr, fehlt_seit) values ('l', '0017', '2026-11-20'), ('l', '0099', null);
    insert into abwesenheit (source, row_key, kuerzel, von, bis) values ('a', '1', 'BAK1', '2026-01-01', '2026-01-05'), ('a', '2', 'BAK1', '2026-11-01', null);
    insert into wochenstand values ('T1', '2025-W40', '', 3), ('T1', '2026-W47', '', 4);";

fn told(fallnr: &str) -> Notice {
    Notice { fallnr: fallnr.into(), key: key("fazit", fallnr, "2026-11-20"), step: "faellig".into(), role: Role::Ifk }
}

/// Two cases, what hangs on them, what was said of them, and mails that wait.
async fn filled(house: &House) {
    house.sql(FACTS).await;
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&[entry("0017", "fazit", "2026-11-20"), entry("0018", "fazit", "2026-11-20")]).await.unwrap();
    let of = |key: &str, cases: &[&str]| NewMail {
        kind: Kind::Mitteilung,
        notices: cases.iter().map(|fallnr| told(fallnr)).collect(),
        ..mail(key)
    };
    run.mails(&[of("alone", &["0017"]), of("both", &["0017", "0018"]), of("other", &["0018"])]).await.unwrap();
    run.commit().await.unwrap();
}

/// How many rows of each table are about the case.
async fn rows_of(house: &House, fallnr: &str) -> u64 {
    let all = house.snapshot().await.all_of_case(fallnr).await.unwrap();
    all.iter().map(|(_, rows)| rows.len() as u64).sum()
}

pub(super) async fn every_table_with_a_case_is_forgotten_and_disclosed(house: House) {
    // Whoever adds a table with a column for the case adds it to that list.
    let tables: BTreeSet<String> = match &house.db {
        Db::Sqlite { readers, .. } => sqlx::query_scalar(
            "select m.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' and c.name = 'fallnr'",
        )
        .fetch_all(readers)
        .await
        .unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(
            "select cast(table_name as text) from information_schema.columns \
             where column_name = 'fallnr' and table_schema = current_schema()",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    }
    .into_iter()
    .collect();
    assert_eq!(tables, CASE_TABLES.iter().map(|table| (*table).to_owned()).collect());
}

pub(super) async fn a_case_is_disclosed_row_by_row_as_it_stands(house: House) {
    filled(&house).await;
    let all = house.snapshot().await.all_of_case("0017").await.unwrap();
    let counts: Vec<_> = all.iter().map(|(table, rows)| (*table, rows.len())).collect();
    assert_eq!(
        counts,
        [
            ("betreuung", 1),
            ("notice", 2),
            ("ledger", 1),
            ("listenfall", 1),
            ("listentag", 1),
            ("termin", 1),
            ("pause", 1),
            ("foerderung", 1),
            ("aktivitaet", 1)
        ]
    );
    let of = |table: &str| &all.iter().find(|(name, _)| *name == table).unwrap().1[0];
    assert_eq!(of("listentag")["eigen"], true);
    assert_eq!(of("foerderung")["arbeitgeber"], "Muster GmbH");
    assert_eq!(of("aktivitaet")["datum"], "2026-11-02");
    assert_eq!(of("notice")["recipient"], "alone@jobcenter.example");
    assert!(house.snapshot().await.all_of_case("0001").await.unwrap().is_empty());
}

pub(super) async fn a_forgotten_case_leaves_nothing_and_nothing_of_the_others(house: House) {
    filled(&house).await;
    let others = rows_of(&house, "0018").await;
    let before = house.snapshot().await.revision();
    let done = house.db.forget("0017", &["mitteilung"], day("2026-10-20")).await.unwrap();
    assert_eq!(done.rows.iter().map(|(_, rows)| rows).sum::<u64>(), 10);
    assert_eq!((done.called_back, done.texts, done.waiting), (1, 2, 2));
    assert_eq!(rows_of(&house, "0017").await, 0);
    assert_eq!(rows_of(&house, "0018").await, others);
    assert_eq!(house.snapshot().await.revision(), before + 1, "a morning under way must not bring it back");
    let states = house.states().await;
    assert_eq!(states[0], ("alone".to_owned(), OutboxState::Cancelled));
    assert_eq!(states[1].1, OutboxState::Queued, "it tells of another case as well");
    assert!(house.db.outbox_get(1).await.unwrap().unwrap().message.is_none());
    let nothing = house.db.forget("0017", &["mitteilung"], day("2026-10-20")).await.unwrap();
    assert!(nothing.rows.iter().all(|(_, rows)| *rows == 0));
}

pub(super) async fn a_mail_that_may_hold_what_is_told_once_is_not_called_back(house: House) {
    filled(&house).await;
    house.sql("update ledger set ended = '2026-11-22', ended_how = 'lapsed' where fallnr = '0018'").await;
    let done = house.db.forget("0017", &["mitteilung"], day("2026-10-20")).await.unwrap();
    assert_eq!((done.called_back, done.texts), (0, 3));
}

fn limits(now: DateTime<Utc>) -> Limits {
    Limits {
        texts: now - Duration::days(14),
        log: now - Duration::days(730),
        rows: day("2026-05-23"),
        weeks: day("2025-11-23"),
    }
}

pub(super) async fn what_is_older_than_the_limits_is_deleted_and_nothing_else(house: House) {
    filled(&house).await;
    let now = at("12:00:00");
    let claimed = house.claim(now, now + Duration::hours(1), "t").await.unwrap();
    assert!(house.note(claimed.id, "t", now, Fate::Sent).await);
    assert!(house.db.outbox_cancel(2).await.unwrap());
    // What was called back ended when it was due.
    assert_eq!(house.db.aged(&limits(now + Duration::days(13))).await.unwrap().texts, 0);
    assert_eq!(house.db.aged(&limits(now + Duration::days(14))).await.unwrap().texts, 1);
    let later = now + Duration::days(15);
    let expected = Aged { texts: 2, log: 0, changes: 0, loose: 4, absences: 1, weeks: 1 };
    assert_eq!(house.db.aged(&limits(later)).await.unwrap(), expected);
    assert_eq!(house.db.aged(&limits(later)).await.unwrap(), expected, "asking changes nothing");
    assert_eq!(house.db.delete_aged(&limits(later)).await.unwrap(), expected);
    assert_eq!(house.db.delete_aged(&limits(later)).await.unwrap(), Aged::default());
    // The send log stays, and what has not left keeps its text.
    assert_eq!(house.states().await.len(), 3);
    assert!(house.db.outbox_get(3).await.unwrap().unwrap().message.is_some());
    assert_eq!(rows_of(&house, "0017").await, 10, "what hangs on a case is the case's");
    let years = now + Duration::days(800);
    assert_eq!(house.db.delete_aged(&limits(years)).await.unwrap().log, 2, "what waits stays however old it is");
}

pub(super) async fn a_thousand_texts_are_deleted_step_by_step(house: House) {
    let mails: Vec<_> = (0..1_234).map(|n| mail(&format!("m{n}"))).collect();
    house.queue("2026-11-23", &mails).await;
    house.sql("update outbox set state = 'sent', sent_at = next_attempt_at").await;
    let done = house.db.delete_aged(&limits(at("12:00:00") + Duration::days(15))).await.unwrap();
    assert_eq!(done.texts, 1_234);
}

pub(super) async fn cases_are_removed_unless_facts_have_changed(house: House) {
    filled(&house).await;
    let revision = house.snapshot().await.revision();
    let cases = ["0017".to_owned()];
    assert_eq!(house.db.remove_cases(&cases, revision - 1).await.unwrap(), Removed::Moved);
    assert_eq!(rows_of(&house, "0017").await, 10);
    assert_eq!(house.db.remove_cases(&cases, revision).await.unwrap(), Removed::Gone(revision + 1));
    assert_eq!((rows_of(&house, "0017").await, house.snapshot().await.revision()), (0, revision + 1));
    assert_eq!(rows_of(&house, "0018").await, 5);
}

pub(super) async fn the_nights_work_is_remembered(house: House) {
    assert_eq!(house.db.upkeep().await.unwrap(), []);
    let of = |task, ok| Upkeep { task, day: day("2026-11-23"), at: at("01:30:00"), ok, report: "3 Mailtexte".into() };
    for upkeep in [of(Task::Backup, false), of(Task::Retention, true), of(Task::Backup, true)] {
        house.db.note_upkeep(&upkeep).await.unwrap();
    }
    assert_eq!(house.db.upkeep().await.unwrap(), [of(Task::Backup, true), of(Task::Retention, true)]);
}

/// A copy with its checksum.
async fn backup(house: &House) -> std::path::PathBuf {
    let file = house.folder.path().join("s.db");
    house.db.copy_all_to(&file, at("02:30:00")).await.unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!house.folder.path().join("s.db-wal").exists(), "one file is all of it");
    std::fs::write(house.folder.path().join("s.db.sha256"), format!("{}  s.db\n", sha256(&file).unwrap())).unwrap();
    file
}

/// Everything that the verbs of the store tell.
async fn all(db: &Db) -> String {
    let mut snapshot = db.snapshot().await.unwrap();
    let mut told = Vec::new();
    for fallnr in ["0017", "0018", "0099"] {
        told.push(format!("{:?}", snapshot.all_of_case(fallnr).await.unwrap()).replace(".000000", ""));
    }
    told.push(format!("{:?}", snapshot.head(None).await.unwrap()));
    told.push(format!("{:?} {:?}", snapshot.last_run_at("").await.unwrap(), snapshot.team_rules("T1").await.unwrap()));
    drop(snapshot);
    let list = db.outbox_list(&OutboxFilter::default(), 0, 1000).await.unwrap();
    for mail in &list {
        told.push(format!("{:?}", db.outbox_get(mail.id).await.unwrap()));
    }
    told.push(format!("{:?} {:?}", db.secret().await.unwrap(), db.upkeep().await.unwrap()));
    told.join("\n").replace("T05:30:00+00:00", "")
}

pub(super) async fn a_backup_comes_back_in_either_database_as_it_was(house: House) {
    filled(&house).await;
    house.sql("update outbox set sent_at = next_attempt_at where id = 1").await;
    let file = backup(&house).await;
    let was = all(&house.db).await;
    for target in [House::sqlite().await, House::postgres().await] {
        target.queue("2026-11-24", &[mail("later")]).await;
        target.db.close().await;
        // What a restore that was killed has left.
        for log in ["haus.db.einspielen", "haus.db.einspielen-wal"] {
            std::fs::write(target.folder.path().join(log), "x").unwrap();
        }
        let restored = restore(&target.url, None, &file, at("09:00:00")).await.unwrap();
        assert_eq!((restored.waiting, restored.older, restored.last_run), (3, None, Some(day("2026-11-23"))));
        assert!(restored.kept.unwrap().exists());
        let db = Db::open(&target.url, None, at("09:00:00")).await.unwrap();
        assert_eq!(all(&db).await, was);
        // Numbers go on behind those that were brought.
        assert!(db.queue(mail("new")).await.unwrap());
        let last = db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap().pop().unwrap();
        assert!(last.id >= 4 && last.dedup_key == "new", "{last:?}");
        db.close().await;
        std::fs::remove_file(house.folder.path().join("s.db.vor-wiederherstellung-20261123T090000Z")).ok();
    }
}

pub(super) async fn a_backup_that_is_not_whole_is_refused_and_changes_nothing(house: House) {
    filled(&house).await;
    let file = backup(&house).await;
    let was = all(&house.db).await;
    house.db.close().await;
    let bytes = std::fs::read(&file).unwrap();
    let sum = house.folder.path().join("s.db.sha256");
    let refused = async |words: &str| {
        let error = restore(&house.url, None, &file, at("09:00:00")).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let mut bent = bytes.clone();
    bent[5_000] ^= 1;
    std::fs::write(&file, &bent).unwrap();
    refused("Prüfsumme").await;
    // Damaged before its checksum was taken.
    bent.truncate(bytes.len() / 2);
    std::fs::write(&file, &bent).unwrap();
    std::fs::write(&sum, sha256(&file).unwrap()).unwrap();
    refused("beschädigt").await;
    std::fs::write(&file, "nichts").unwrap();
    std::fs::write(&sum, sha256(&file).unwrap()).unwrap();
    refused("keine Datenbank").await;
    std::fs::write(&file, &bytes).unwrap();
    std::fs::remove_file(&sum).unwrap();
    refused("fehlt die Prüfsumme").await;
    let db = Db::open(&house.url, None, at("09:00:00")).await.unwrap();
    assert_eq!(all(&db).await, was);
}

pub(super) async fn a_backup_is_one_moment_while_others_write(house: House) {
    filled(&house).await;
    let writing = async {
        for n in 0..50 {
            house.db.queue(NewMail { day: day("2026-11-24"), ..mail(&format!("w{n}")) }).await.unwrap();
        }
    };
    let (file, ()) = tokio::join!(backup(&house), writing);
    let target = House::sqlite().await;
    target.db.close().await;
    restore(&target.url, None, &file, at("09:00:00")).await.unwrap();
    let db = Db::open(&target.url, None, at("09:00:00")).await.unwrap();
    let mails = db.outbox_list(&OutboxFilter::default(), 0, 1000).await.unwrap();
    // A prefix of what was written, each with its text.
    for (n, mail) in mails.iter().skip(3).enumerate() {
        assert_eq!(mail.dedup_key, format!("w{n}"));
        assert!(db.outbox_get(mail.id).await.unwrap().unwrap().message.is_some());
    }
}

pub(super) async fn before_tables_change_the_file_is_copied(house: House) {
    filled(&house).await;
    // As the program before the table of the night's work has left it.
    let later = "drop table upkeep; drop table eingang; drop table eingang_stand;
        delete from _sqlx_migrations where version >= 4";
    house.sql(later).await;
    house.db.close().await;
    let db = Db::open(&house.url, None, at("09:00:00")).await.unwrap();
    assert_eq!(db.upkeep().await.unwrap(), []);
    assert_eq!(db.outbox_left().await.unwrap(), 3);
    db.close().await;
    let copies: Vec<_> = std::fs::read_dir(house.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".schema-"))
        .collect();
    if matches!(house.db, Db::Postgres(_)) {
        assert!(copies.is_empty());
        return;
    }
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    assert!(copy.to_string_lossy().ends_with("-20261123T090000Z"), "{}", copy.display());
    assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
    let url = format!("sqlite:{}", copy.display());
    assert!(matches!(Db::look(&url, None).await, Err(StoreError::Older(_))), "it is as it was before");
    assert!(old_copies(&house.url, at("09:00:00") + Duration::days(30)).is_empty());
    assert_eq!(old_copies(&house.url, at("09:00:01") + Duration::days(30)), copies);
    // An older backup is brought up to date as it comes back.
    std::fs::write(format!("{}.sha256", copy.display()), sha256(copy).unwrap()).unwrap();
    for target in [House::sqlite().await, House::postgres().await] {
        target.db.close().await;
        let restored = restore(&target.url, None, copy, at("10:00:00")).await.unwrap();
        assert!(restored.older.is_some());
        let db = Db::look(&target.url, None).await.unwrap();
        assert_eq!((db.outbox_left().await.unwrap(), db.upkeep().await.unwrap().len()), (3, 0));
        db.close().await;
    }
}

pub(super) async fn nothing_is_restored_under_somebody_who_works(house: House) {
    filled(&house).await;
    let file = backup(&house).await;
    let refused = restore(&house.url, None, &file, at("09:00:00")).await.unwrap_err();
    assert!(matches!(refused, BackupError::InUse), "{refused}");
    house.db.close().await;
    if matches!(house.db, Db::Sqlite { .. }) {
        let service = Guard::take(&house.url).unwrap();
        let refused = restore(&house.url, None, &file, at("09:00:00")).await.unwrap_err();
        assert!(matches!(refused, BackupError::Served), "{refused}");
        drop(service);
        let delivery = Delivering::begin(&house.url).unwrap();
        let refused = restore(&house.url, None, &file, at("09:00:00")).await.unwrap_err();
        assert!(matches!(refused, BackupError::Served), "{refused}");
        drop(delivery);
    }
    restore(&house.url, None, &file, at("09:00:00")).await.unwrap();
}
