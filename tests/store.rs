//! The store's promises, each kept by both databases.
//!
//! Everything below [`conformance`] runs on SQLite and on PostgreSQL; a behaviour that is not in its list runs nowhere
//! and the compiler says so. PostgreSQL comes from `support/pg.rs`; without it these tests fail.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends here")]

#[path = "store/changes.rs"]
mod changes;
#[path = "support/pg.rs"]
mod pg;
#[path = "support/queue.rs"]
mod queue;

#[path = "store/inbox.rs"]
mod inbox;
#[path = "store/keeping.rs"]
mod keeping;
#[path = "store/until.rs"]
mod until;
#[path = "store/weekly.rs"]
mod weekly;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use changes::{
    a_change_is_kept_with_who_when_and_from_where,
    a_change_that_has_had_its_time_leaves_no_trace_and_cannot_be_taken_back, a_change_that_is_dropped_was_none,
    a_field_is_set_by_its_own_name_alone, what_is_kept_of_a_case_that_nobody_knows_goes_in_time,
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use inbox::*;
use keeping::*;
use queue::{again, failed};
use tempfile::TempDir;
use until::{
    a_copy_from_before_the_first_import_knows_what_was_reported_on_its_day,
    a_copy_until_a_day_knows_nothing_of_later_changes,
};
use weekly::{the_cases_of_a_bak_come_with_their_history, what_a_form_says_is_peoples_word_and_can_be_taken_back};
use wiedervorlage::domain::calendar::Bundesland;
use wiedervorlage::domain::digest::Kind;
use wiedervorlage::domain::facts::{
    Activity, Appointment, Art, Case, CaseFile, Colleague, EndeGrund, Event, FoerderArt, Kennung, Rest, Rolle, Subsidy,
    Team, TerminArt,
};
use wiedervorlage::domain::ledger::{Entry, Marks};
use wiedervorlage::domain::obligation::{Column, Ended, Evidence, Key, Role, Roles};
use wiedervorlage::domain::rules::{Supplied, Supply};
use wiedervorlage::store::{
    Begun, Claim, Claimed, Db, Exchanged, Fate, Loose, LooseEnds, NewMail, Notice, OutboxFilter, OutboxState, Outcome,
    RunTx, Snapshot, Spoken, StoreError, WeekCount,
};

/// A fresh database, and what keeps it alive.
struct House {
    db: Db,
    url: String,
    folder: TempDir,
}

impl House {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("haus.db").display());
        Self { db: Db::open(&url, None, at("05:00:00")).await.unwrap(), url, folder }
    }

    async fn postgres() -> Self {
        let url = pg::fresh_database();
        Self { db: Db::open(&url, None, at("05:00:00")).await.unwrap(), url, folder: tempfile::tempdir().unwrap() }
    }

    /// Runs a text as it is: the way for facts to get in here, and for what no verb of the store would do.
    async fn sql(&self, sql: &'static str) {
        match &self.db {
            Db::Sqlite { writer, .. } => sqlx::raw_sql(sql).execute(writer).await.map(|_| ()),
            Db::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(|_| ()),
        }
        .unwrap();
    }

    /// A fresh database of the same kind.
    async fn another(&self) -> Self {
        match self.db {
            Db::Sqlite { .. } => Self::sqlite().await,
            Db::Postgres(_) => Self::postgres().await,
        }
    }

    /// Whether somebody waits for a morning to be written. On SQLite nobody gets that far: there is one writer.
    async fn somebody_waits(&self) -> bool {
        const WAITING: &str = "select exists (select 1 from pg_stat_activity \
             where datname = current_database() and wait_event_type = 'Lock')";
        match &self.db {
            Db::Sqlite { .. } => true,
            Db::Postgres(pool) => sqlx::query_scalar(WAITING).fetch_one(pool).await.unwrap(),
        }
    }

    async fn snapshot(&self) -> Snapshot {
        self.db.snapshot().await.unwrap()
    }

    async fn run(&self, office: &str, date: &str) -> RunTx {
        let last = self.snapshot().await.last_run(office).await.unwrap();
        match self.db.begin_run(office, day(date), at("06:30:00"), last).await.unwrap() {
            Begun::Ready(run) => run,
            other => panic!("{other:?}"),
        }
    }

    async fn queue(&self, date: &str, mails: &[NewMail]) {
        let mut run = self.run("", date).await;
        assert_eq!(run.mails(mails).await.unwrap(), Vec::<String>::new());
        run.commit().await.unwrap();
    }

    async fn claim(&self, now: DateTime<Utc>, until: DateTime<Utc>, token: &str) -> Option<Claimed> {
        queue::claim(&self.db, now, until, token).await
    }

    async fn note(&self, id: i64, token: &str, now: DateTime<Utc>, fate: Fate) -> bool {
        queue::note(&self.db, id, token, now, fate).await
    }

    async fn states(&self) -> Vec<(String, OutboxState)> {
        let list = self.db.outbox_list(&OutboxFilter::default(), 0, 1000).await.unwrap();
        list.into_iter().map(|mail| (mail.dedup_key, mail.state)).collect()
    }
}

/// The one list of what both databases must do.
macro_rules! conformance {
    ($($behaviour:ident),+ $(,)?) => {
        mod sqlite { $(#[tokio::test] async fn $behaviour() { super::$behaviour(super::House::sqlite().await).await })+ }
        mod postgres { $(#[tokio::test] async fn $behaviour() { super::$behaviour(super::House::postgres().await).await })+ }
    };
}

conformance!(
    a_case_comes_back_as_it_went_in,
    a_case_with_nothing_is_a_case,
    pages_follow_the_bytes_of_the_case_numbers,
    pages_of_an_office_hold_its_cases_alone,
    an_office_may_have_more_teams_than_anybody_expects,
    cases_that_name_no_bak_are_found_by_team,
    what_cannot_be_read_is_named_by_table_and_column,
    one_bad_row_makes_its_case_faulty_and_no_other,
    the_head_holds_teams_events_colleagues_and_who_is_absent,
    the_head_of_an_office_holds_its_teams_alone,
    evidence_is_any_day_of_any_case_of_the_team,
    a_snapshot_sees_one_moment,
    a_ledger_entry_comes_back_as_it_went_in,
    the_ledger_is_read_by_range_by_key_and_by_case,
    what_moved_to_another_case_is_found_under_the_old_one,
    a_thousand_ledger_entries_are_one_call,
    a_morning_is_written_once,
    a_morning_before_the_last_one_is_refused,
    a_morning_from_an_older_memory_is_refused,
    of_two_mornings_at_once_one_is_written,
    what_is_dropped_leaves_no_trace,
    what_a_run_remembers_comes_back,
    a_mail_comes_back_as_it_went_in,
    a_mail_with_a_known_key_is_not_queued_twice,
    the_send_log_says_who_was_told_what,
    a_newer_overview_replaces_one_that_still_waits,
    reminders_look_at_the_days_before,
    what_was_given_up_is_known_by_office_and_since_which_run,
    a_mail_without_a_run_is_queued_once_and_sent_like_any_other,
    a_mail_is_claimed_by_one_worker_at_a_time,
    many_workers_share_the_queue_without_sharing_a_mail,
    an_expired_lease_passes_the_mail_on_and_ends_the_old_workers_say,
    a_failed_attempt_waits_until_its_time,
    a_mail_that_is_put_back_is_as_it_was_before_it_was_taken,
    mails_are_retried_and_called_back_by_hand,
    the_first_attempt_is_remembered_until_somebody_retries,
    a_row_that_cannot_be_sent_is_given_up_and_the_next_is_taken,
    outcomes_of_every_kind_are_noted_together_and_the_next_mails_taken,
    of_several_outcomes_each_counts_only_under_its_own_lease,
    nobody_is_given_more_mails_than_they_asked_for,
    the_queue_is_listed_by_what_is_asked,
    a_mail_that_comes_back_counts_as_given_up_from_then_on,
    a_report_changes_nothing_but_a_mail_that_counts_as_sent,
    a_record_replaces_and_says_what_it_could_not_place,
    every_change_of_facts_raises_the_revision,
    a_morning_holds_the_facts_still,
    datenstand_goes_back_only_where_it_lies_ahead,
    a_sound_database_is_said_to_be_sound,
    what_hangs_in_the_air_is_counted_and_listed,
    a_copy_holds_the_same_facts_and_no_memory,
    opening_again_changes_nothing,
    a_database_of_a_newer_program_is_refused,
    a_database_with_other_tables_is_refused,
    who_only_looks_finds_what_is_there_and_makes_no_tables,
    a_change_is_kept_with_who_when_and_from_where,
    a_change_that_has_had_its_time_leaves_no_trace_and_cannot_be_taken_back,
    what_is_kept_of_a_case_that_nobody_knows_goes_in_time,
    a_change_that_is_dropped_was_none,
    a_field_is_set_by_its_own_name_alone,
    every_table_with_a_case_is_forgotten_and_disclosed,
    a_case_is_disclosed_row_by_row_as_it_stands,
    a_forgotten_case_leaves_nothing_and_nothing_of_the_others,
    a_mail_that_may_hold_what_is_told_once_is_not_called_back,
    what_is_older_than_the_limits_is_deleted_and_nothing_else,
    a_thousand_texts_are_deleted_step_by_step,
    cases_are_removed_unless_facts_have_changed,
    the_nights_work_is_remembered,
    a_backup_comes_back_in_either_database_as_it_was,
    a_backup_that_is_not_whole_is_refused_and_changes_nothing,
    a_backup_is_one_moment_while_others_write,
    before_tables_change_the_file_is_copied,
    nothing_is_restored_under_somebody_who_works,
    a_copy_until_a_day_knows_nothing_of_later_changes,
    a_copy_from_before_the_first_import_knows_what_was_reported_on_its_day,
    a_file_is_taken_once_until_it_is_put_away,
    what_was_taken_commits_with_its_import_or_not_at_all,
    how_the_folder_stands_is_remembered,
    what_a_form_says_is_peoples_word_and_can_be_taken_back,
    the_cases_of_a_bak_come_with_their_history,
);

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An instant on Mon., 23 November 2026.
fn at(time: &str) -> DateTime<Utc> {
    day("2026-11-23").and_time(time.parse::<NaiveTime>().unwrap()).and_utc()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a field may be empty")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn key(rule: &str, subject: &str, cycle: &str) -> Key {
    Key { rule: rule.into(), subject: subject.into(), cycle: cycle.into() }
}

fn mail(key: &str) -> NewMail {
    NewMail {
        dedup_key: key.into(),
        kind: Kind::Tagesuebersicht,
        office: String::new(),
        recipient: format!("{key}@jobcenter.example"),
        day: day("2026-11-23"),
        subject: "[BAK] Tagesübersicht".into(),
        message_id: format!("<{key}@bak.example>"),
        message: b"Subject: x\r\n\r\n".to_vec(),
        sha256: "00".into(),
        created_at: at("06:30:00"),
        told_once: false,
        notices: Vec::new(),
    }
}

fn entry(fallnr: &str, rule: &str, cycle: &str) -> Entry {
    Entry {
        fallnr: fallnr.into(),
        team: "T1".into(),
        key: key(rule, fallnr, cycle),
        raw: day("2026-11-22"),
        action: day("2026-11-20"),
        next_step: None,
        step: "faellig".into(),
        sent: Marks::default(),
        addressed: Roles::NONE,
        bak: None,
        ifk: None,
        opened: day("2026-11-02"),
        ended: None,
        untold: Roles::NONE,
    }
}

fn closed(fallnr: &str, rule: &str, cycle: &str) -> Entry {
    Entry { ended: Some((day("2026-11-20"), Ended::Moot)), ..entry(fallnr, rule, cycle) }
}

const TEAMS: &str = "
    insert into team (team, name, postfach, bundesland, leitung, dienststelle, beginn) values
        ('T1', 'Team Süd', 'sued@jobcenter.example', 'BW', 'TL1', '', '2026-01-01'),
        ('T2', 'Team Nord', null, 'BY', null, 'Nord', null);";

const CASES: &str = "
    insert into betreuung (fallnr, bezeichnung, bak, ifk, team, region, kennung, kennung_seit, uebergabe_am,
        hauptbetreuer_seit, ende_am, ende_grund, rueckgabegespraech_am, fazit_am) values
        ('a', '', null, null, 'T1', '', '', null, null, null, null, '', null, null),
        ('B', '', null, null, 'T1', '', '', null, null, null, null, '', null, null),
        ('ä', '', null, null, 'T1', '', '', null, null, null, null, '', null, null),
        ('10', '', null, null, 'T1', '', '', null, null, null, null, '', null, null),
        ('9', '', 'BAK1', null, 'T1', '', '', null, null, '2026-01-01', null, '', null, null),
        ('Z', '', 'BAK1', null, 'T2', '', '', null, null, null, null, '', null, null);";

async fn a_case_comes_back_as_it_went_in(house: House) {
    house.sql(TEAMS).await;
    house
        .sql(
            "insert into betreuung (fallnr, bezeichnung, bak, ifk, team, region, kennung, kennung_seit, uebergabe_am,
                hauptbetreuer_seit, ende_am, ende_grund, rueckgabegespraech_am, fazit_am) values
                ('Fall;\"1\" ''ß''', 'Ö. Ş.', 'BAK1', 'IFK1', 'T1', 'Bad Rappenau', 'BAK16e', '0001-01-01',
                 '2024-02-29', '9999-12-31', '2026-12-31', 'rueckgabe_mitwirkung', '2026-12-01', '2026-12-02');
            insert into aktivitaet (fallnr, art, datum, anzahl) values
                ('Fall;\"1\" ''ß''', 'stellensuchlauf', '2026-11-23', 4294967295),
                ('Fall;\"1\" ''ß''', 'stellensuchlauf', '0001-01-01', 0),
                ('Fall;\"1\" ''ß''', 'ag_kontakt', '9999-12-31', 1),
                ('Fall;\"1\" ''ß''', 'kontakt_persoenlich', '2024-02-29', 2);
            insert into foerderung (foerdernr, fallnr, art, arbeitgeber, beginn, ende, potenzial) values
                ('f2', 'Fall;\"1\" ''ß''', 'EGZ', '', null, null, ''),
                ('F1', 'Fall;\"1\" ''ß''', '16i', 'Müller, Söhne & Co; KG', '2026-01-01', '2025-01-01', 'nein'),
                ('F0', 'Fall;\"1\" ''ß''', 'MAG', 'x', '2026-01-01', '2026-01-31', 'ja');
            insert into pause (source, row_key, fallnr, von, bis) values
                ('p', '3', 'Fall;\"1\" ''ß''', '2026-03-01', '2026-02-28'),
                ('p', '2', 'Fall;\"1\" ''ß''', '2026-03-01', null),
                ('p', '1', 'Fall;\"1\" ''ß''', '2026-03-01', '2026-03-01'),
                ('p', '0', 'Fall;\"1\" ''ß''', '2025-03-01', '2025-03-09');
            insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values
                ('t', 's', 'Fall;\"1\" ''ß''', 'aussendienst', null, null, '', null),
                ('A', 's', 'Fall;\"1\" ''ß''', 'rueckgabegespraech', '2026-11-24', '23:59', 'Zimmer Ü', 'IFK1');",
        )
        .await;
    let number = "Fall;\"1\" 'ß'";
    let activity = |art, date: &str, anzahl| Activity { art, day: day(date), anzahl };
    let expected = CaseFile {
        case: Case {
            fallnr: number.into(),
            bezeichnung: "Ö. Ş.".into(),
            bak: text("BAK1"),
            ifk: text("IFK1"),
            team: "T1".into(),
            region: "Bad Rappenau".into(),
            kennung: Some(Kennung::Bak16e),
            kennung_seit: Some(day("0001-01-01")),
            uebergabe_am: Some(day("2024-02-29")),
            hauptbetreuer_seit: Some(day("9999-12-31")),
            ende_am: Some(day("2026-12-31")),
            ende_grund: Some(EndeGrund::RueckgabeMitwirkung),
            rueckgabegespraech_am: Some(day("2026-12-01")),
            fazit_am: Some(day("2026-12-02")),
        },
        activities: vec![
            activity(Art::KontaktPersoenlich, "2024-02-29", 2),
            activity(Art::AgKontakt, "9999-12-31", 1),
            activity(Art::Stellensuchlauf, "0001-01-01", 0),
            activity(Art::Stellensuchlauf, "2026-11-23", u32::MAX),
        ],
        subsidies: vec![
            Subsidy {
                foerdernr: "F0".into(),
                art: FoerderArt::Mag,
                arbeitgeber: "x".into(),
                beginn: Some(day("2026-01-01")),
                ende: Some(day("2026-01-31")),
                potenzial: Some(true),
            },
            Subsidy {
                foerdernr: "F1".into(),
                art: FoerderArt::P16i,
                arbeitgeber: "Müller, Söhne & Co; KG".into(),
                beginn: Some(day("2026-01-01")),
                ende: Some(day("2025-01-01")),
                potenzial: Some(false),
            },
            Subsidy {
                foerdernr: "f2".into(),
                art: FoerderArt::Egz,
                arbeitgeber: String::new(),
                beginn: None,
                ende: None,
                potenzial: None,
            },
        ],
        rests: vec![
            Rest { von: day("2025-03-01"), bis: Some(day("2025-03-09")) },
            Rest { von: day("2026-03-01"), bis: Some(day("2026-03-01")) },
            Rest { von: day("2026-03-01"), bis: None },
        ],
        appointments: vec![
            Appointment {
                terminnr: "A".into(),
                art: TerminArt::Rueckgabegespraech,
                datum: Some(day("2026-11-24")),
                uhrzeit: NaiveTime::from_hms_opt(23, 59, 0),
                ort: "Zimmer Ü".into(),
                teilnehmer: text("IFK1"),
            },
            Appointment {
                terminnr: "t".into(),
                art: TerminArt::Aussendienst,
                datum: None,
                uhrzeit: None,
                ort: String::new(),
                teilnehmer: None,
            },
        ],
    };
    let mut snapshot = house.snapshot().await;
    assert_eq!(snapshot.case(number).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(snapshot.cases(None, "", 10).await.unwrap().files, std::slice::from_ref(&expected));
    assert_eq!(snapshot.cases_of_bak("BAK1").await.unwrap(), [expected.case]);
    assert_eq!(snapshot.case("gibt es nicht").await.unwrap(), None);
}

async fn a_case_with_nothing_is_a_case(house: House) {
    house.sql(TEAMS).await;
    house
        .sql(
            "insert into betreuung (fallnr, bezeichnung, bak, ifk, team, region, kennung, ende_grund) values
                ('1', '', null, null, 'T1', '', 'BAK99', '');
            insert into aktivitaet (fallnr, art, datum, anzahl) values ('2', 'ag_kontakt', '2026-11-23', 1);
            insert into foerderung (foerdernr, fallnr, art, arbeitgeber, potenzial) values ('F', '0', '16e', '', '');",
        )
        .await;
    let file = house.snapshot().await.case("1").await.unwrap().unwrap();
    assert_eq!(file.case.kennung, None, "an unknown Kennung counts as none");
    assert_eq!((file.case.bak, file.case.ende_grund, file.case.kennung_seit), (None, None, None));
    assert_eq!((file.activities.len(), file.subsidies.len(), file.rests.len(), file.appointments.len()), (0, 0, 0, 0));
}

async fn numbers(snapshot: &mut Snapshot, office: Option<&str>, limit: u32) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    loop {
        let after = numbers.last().cloned().unwrap_or_default();
        let page = snapshot.cases(office, &after, limit).await.unwrap();
        assert!(page.files.len() <= limit as usize);
        assert_eq!(page.faulty, [""; 0]);
        let Some(last) = page.last().map(str::to_owned) else { return numbers };
        numbers.extend(page.files.into_iter().map(|file| file.case.fallnr));
        assert_eq!(numbers.last(), Some(&last));
    }
}

async fn pages_follow_the_bytes_of_the_case_numbers(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let mut snapshot = house.snapshot().await;
    for limit in [1, 2, 3, 5, 6, 7] {
        assert_eq!(numbers(&mut snapshot, None, limit).await, ["10", "9", "B", "Z", "a", "ä"], "pages of {limit}");
    }
}

async fn pages_of_an_office_hold_its_cases_alone(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house
        .sql(
            "insert into foerderung (foerdernr, fallnr, art, arbeitgeber, potenzial)
                values ('F1', 'Z', '16e', '', ''), ('F2', 'a', '16e', '', '');",
        )
        .await;
    let mut snapshot = house.snapshot().await;
    for limit in [1, 2, 7] {
        assert_eq!(numbers(&mut snapshot, Some(""), limit).await, ["10", "9", "B", "a", "ä"]);
        assert_eq!(numbers(&mut snapshot, Some("Nord"), limit).await, ["Z"]);
        assert_eq!(numbers(&mut snapshot, Some("nirgends"), limit).await, Vec::<String>::new());
    }
    let page = snapshot.cases(Some(""), "", 10).await.unwrap();
    let with_subsidy: Vec<_> = page.files.iter().filter(|f| !f.subsidies.is_empty()).map(|f| &f.case.fallnr).collect();
    assert_eq!(with_subsidy, ["a"]);
}

async fn an_office_may_have_more_teams_than_anybody_expects(house: House) {
    house
        .sql(
            "insert into team (team, name, bundesland, dienststelle)
                with recursive n (n) as (select 1000 union all select n + 1 from n where n < 1700)
                select 'T' || n, '', 'BW', '' from n;
            insert into betreuung (fallnr, bezeichnung, team, region, kennung, ende_grund)
                with recursive n (n) as (select 1000 union all select n + 1 from n where n < 1999)
                select cast(n as text), '', 'T' || (1000 + (n * 7) % 701), '', '', '' from n;",
        )
        .await;
    let expected: Vec<_> = (1000..2000).map(|n| n.to_string()).collect();
    assert_eq!(numbers(&mut house.snapshot().await, Some(""), 300).await, expected, "the only office");
    house
        .sql(
            "insert into team (team, name, bundesland, dienststelle) values ('N', '', 'BW', 'Nord');
            insert into betreuung (fallnr, bezeichnung, team, region, kennung, ende_grund)
                select fallnr || 'x', '', 'N', '', '', '' from betreuung where team < 'T1100'",
        )
        .await;
    let mut snapshot = house.snapshot().await;
    for limit in [7, 300] {
        assert_eq!(numbers(&mut snapshot, Some(""), limit).await, expected, "one of two, pages of {limit}");
    }
    assert!(numbers(&mut snapshot, Some("Nord"), 7).await.iter().all(|number| number.ends_with('x')));
}

async fn cases_that_name_no_bak_are_found_by_team(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let mut snapshot = house.snapshot().await;
    let of = |cases: Vec<Case>| cases.into_iter().map(|c| c.fallnr).collect::<Vec<_>>();
    assert_eq!(of(snapshot.cases_without_bak("T1").await.unwrap()), ["10", "B", "a", "ä"]);
    assert_eq!(of(snapshot.cases_without_bak("T2").await.unwrap()), [""; 0]);
}

async fn a_sound_database_is_said_to_be_sound(house: House) {
    house.sql(TEAMS).await;
    house.db.check().await.unwrap();
}

async fn what_hangs_in_the_air_is_counted_and_listed(house: House) {
    house.sql(TEAMS).await;
    assert_eq!(house.snapshot().await.loose_ends(day("2026-11-23")).await.unwrap(), LooseEnds::default());
    house
        .sql(
            "insert into kollege (kuerzel, name, email, rolle, team, region, vertretung) values ('BAK1', 'x', null, 'BAK', 'T1', '', null);
            insert into betreuung (fallnr, bezeichnung, bak, ifk, team, region, kennung, kennung_seit, ende_am,
                ende_grund) values
                ('1', '', 'BAK1', 'weg', 'T1', '', '', null, null, ''),
                ('2', '', 'weg', 'weg', 'T1', '', '', null, '2026-11-24', ''),
                ('3', '', 'weg', null, 'T1', '', '', null, '2026-11-23', ''),
                ('4', '', 'weg', null, 'T1', '', 'BAK16e', '2026-11-02', '2026-11-01', '');
            insert into aktivitaet (fallnr, art, datum, anzahl) values ('1', 'ag_kontakt', '2026-11-02', 1), ('9', 'ag_kontakt', '2026-11-02', 1),
                ('9', 'ag_kontakt', '2026-11-03', 1), ('8', 'ag_kontakt', '2026-11-03', 0);
            insert into foerderung (foerdernr, fallnr, art, arbeitgeber, potenzial) values
                ('f1', 'a', 'MAG', '', ''), ('f2', 'b', 'MAG', '', ''), ('f3', 'c', 'MAG', '', ''),
                ('f4', 'd', 'MAG', '', ''), ('f5', 'e', 'MAG', '', ''), ('f6', 'f', 'MAG', '', '');
            insert into pause (source, row_key, fallnr, von, bis) values ('p', '1', '8', '2026-11-02', null), ('p', '2', '1', '2026-11-02', null);
            insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values ('t', 's', '7', 'aussendienst', null, null, '', null);",
        )
        .await;
    let loose = |count, first: &[&str]| Loose { count, first: first.iter().map(|f| (*f).to_owned()).collect() };
    assert_eq!(
        house.snapshot().await.loose_ends(day("2026-11-23")).await.unwrap(),
        LooseEnds {
            bak: loose(2, &["2", "4"]),
            ifk: loose(2, &["1", "2"]),
            activities: loose(2, &["9"]),
            subsidies: loose(6, &["a", "b", "c", "d", "e"]),
            rests: loose(1, &["8"]),
            appointments: loose(1, &["7"]),
        }
    );
}

async fn what_cannot_be_read_is_named_by_table_and_column(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house.sql("insert into aktivitaet (fallnr, art, datum, anzahl) values ('9', 'geheim', '2026-11-23', 1)").await;
    let error = house.snapshot().await.case("9").await.unwrap_err();
    assert!(matches!(error, StoreError::Content("aktivitaet")), "{error}");
    assert!(!error.to_string().contains("geheim"), "no error repeats anybody's data: {error}");
}

async fn one_bad_row_makes_its_case_faulty_and_no_other(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let pages = async |limit: u32| -> (String, String) {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        let mut snapshot = house.snapshot().await;
        let mut after = String::new();
        loop {
            let page = snapshot.cases(Some(""), &after, limit).await.unwrap();
            let Some(last) = page.last() else { return (good.join(" "), bad.join(" ")) };
            last.clone_into(&mut after);
            good.extend(page.files.into_iter().map(|f| f.case.fallnr));
            bad.extend(page.faulty);
        }
    };
    for (bad, mended) in [
        ("insert into aktivitaet (fallnr, art, datum, anzahl) values ('9', 'tanz', '2026-11-23', 1)", "delete from aktivitaet"),
        ("update betreuung set ende_grund = 'tanz' where fallnr = '9'", "update betreuung set ende_grund = ''"),
        (
            "insert into foerderung (foerdernr, fallnr, art, arbeitgeber, potenzial) values ('F', '9', 'tanz', '', '')",
            "delete from foerderung",
        ),
        (
            "insert into foerderung (foerdernr, fallnr, art, arbeitgeber, potenzial) values ('F', '9', '16e', '', 'x')",
            "delete from foerderung",
        ),
        (
            "insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values ('t', 's', '9', 'aussendienst', null, '9 Uhr', '', null),
                ('u', 's', '9', 'tanz', null, null, '', null)",
            "delete from termin",
        ),
    ] {
        house.sql(bad).await;
        for limit in [1, 2, 9] {
            assert_eq!(pages(limit).await, ("10 B a ä".to_owned(), "9".to_owned()), "{bad}, pages of {limit}");
        }
        let error = house.snapshot().await.case("9").await.unwrap_err();
        assert!(matches!(error, StoreError::Content(_)), "{error}");
        house.sql(mended).await;
        assert_eq!(pages(9).await, ("10 9 B a ä".to_owned(), String::new()));
    }
    // An unknown Kennung counts as none, and what is bad elsewhere is not ours to tell.
    house.sql("update betreuung set kennung = 'tanz'; update betreuung set ende_grund = 'x' where fallnr = 'Z'").await;
    assert_eq!(pages(9).await, ("10 9 B a ä".to_owned(), String::new()));
    house.sql("update betreuung set ende_grund = 'x' where fallnr <> '9'").await;
    assert_eq!(pages(2).await, ("9".to_owned(), "10 B a ä".to_owned()));
    if let Db::Sqlite { .. } = house.db {
        // SQLite keeps anything where a date should be.
        house
            .sql("update betreuung set ende_grund = ''; update betreuung set fazit_am = 'bald' where fallnr = '9'")
            .await;
        house
            .sql(
                "insert into foerderung (foerdernr, fallnr, art, arbeitgeber, beginn, potenzial)
                    values ('F', '10', '16e', '', 'bald', '');
                insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values ('t', 's', 'a', 'aussendienst', 'bald', null, '', null)",
            )
            .await;
        assert_eq!(pages(9).await, ("B ä".to_owned(), "10 9 a".to_owned()));
    }
}

async fn the_head_holds_teams_events_colleagues_and_who_is_absent(house: House) {
    house.sql(TEAMS).await;
    house
        .sql(
            "insert into kollege (kuerzel, name, email, rolle, team, region, vertretung) values
                ('tl', 'Ärmel, Ö.', null, 'TL', 'T9', '', null),
                ('BAK1', 'B', 'bak1@jobcenter.example', 'BAK', 'T1', 'Neckarsulm', 'tl'),
                ('heute', '', null, 'FM', 'T1', '', null), ('offen', '', null, 'FM', 'T1', '', null),
                ('verdreht', '', null, 'FM', 'T1', '', null), ('morgen', '', null, 'FM', 'T1', '', null),
                ('gestern', '', null, 'FM', 'T1', '', null);
            insert into veranstaltung (source, row_key, team, titel, art, datum, durchgefuehrt) values
                ('v', '1', 'T1', 'Messe', 'Messe', '2026-10-01', true),
                ('v', '2', 'T1', 'Tag', 'Event', '2026-09-01', false),
                ('v', '3', 'T1', 'ohne Tag', 'Event', null, false),
                ('v', '4', 'T9', 'ohne Team', 'Event', '2026-09-01', false);
            insert into abwesenheit (source, row_key, kuerzel, von, bis) values
                ('a', '1', 'heute', '2026-11-23', '2026-11-23'), ('a', '2', 'offen', '2026-11-01', null),
                ('a', '3', 'verdreht', '2026-11-23', '2026-11-22'), ('a', '4', 'morgen', '2026-11-24', null),
                ('a', '5', 'gestern', '2026-11-01', '2026-11-22'), ('b', '1', 'heute', '2026-11-20', '2026-11-30');",
        )
        .await;
    let head = house.snapshot().await.head(None).await.unwrap();
    assert_eq!(head.revision, 0);
    assert_eq!(head.offices, BTreeSet::from([String::new(), "Nord".to_owned()]));
    assert_eq!(
        head.teams,
        [
            Team {
                team: "T1".into(),
                name: "Team Süd".into(),
                postfach: text("sued@jobcenter.example"),
                bundesland: Bundesland::Bw,
                leitung: text("TL1"),
                dienststelle: String::new(),
                beginn: Some(day("2026-01-01")),
            },
            Team {
                team: "T2".into(),
                name: "Team Nord".into(),
                postfach: None,
                bundesland: Bundesland::By,
                leitung: None,
                dienststelle: "Nord".into(),
                beginn: None,
            },
        ]
    );
    assert_eq!(
        head.events["T1"],
        [
            Event { datum: day("2026-09-01"), durchgefuehrt: false },
            Event { datum: day("2026-10-01"), durchgefuehrt: true }
        ]
    );
    assert_eq!(head.events.len(), 1);
    let mut colleagues = Vec::new();
    let each = |colleague: Colleague, absent| colleagues.push((colleague, absent));
    house.snapshot().await.each_colleague(day("2026-11-23"), each).await.unwrap();
    let who: Vec<_> = colleagues.iter().map(|(c, absent)| (&*c.kuerzel, *absent)).collect();
    assert_eq!(
        who,
        [
            ("BAK1", false),
            ("gestern", false),
            ("heute", true),
            ("morgen", false),
            ("offen", true),
            ("tl", false),
            ("verdreht", false)
        ]
    );
    assert_eq!(
        colleagues[0].0,
        Colleague {
            kuerzel: "BAK1".into(),
            name: "B".into(),
            email: text("bak1@jobcenter.example"),
            rolle: Rolle::Bak,
            team: "T1".into(),
            region: "Neckarsulm".into(),
            vertretung: text("tl"),
        }
    );
    assert_eq!(
        colleagues[5].0,
        Colleague {
            kuerzel: "tl".into(),
            name: "Ärmel, Ö.".into(),
            email: None,
            rolle: Rolle::Tl,
            team: "T9".into(),
            region: String::new(),
            vertretung: None,
        }
    );
}

async fn the_head_of_an_office_holds_its_teams_alone(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house.sql("insert into aktivitaet (fallnr, art, datum, anzahl) values ('Z', 'ag_kontakt', '2026-11-23', 1)").await;
    let mut write = house.db.begin_write().await.unwrap();
    write.touch_datenstand("T1", at("16:12:00")).await.unwrap();
    write.touch_datenstand("T2", at("16:13:00.000001")).await.unwrap();
    write.commit().await.unwrap();
    let head = house.snapshot().await.head(Some("Nord")).await.unwrap();
    assert_eq!(head.teams.iter().map(|t| t.team.as_str()).collect::<Vec<_>>(), ["T2"]);
    assert_eq!(head.datenstand, [("T2".to_owned(), at("16:13:00.000001"))].into());
    assert_eq!(head.evidence.keys().collect::<Vec<_>>(), ["T2"]);
    assert_eq!(head.offices.len(), 2, "which offices there are is known to each");
}

async fn evidence_is_any_day_of_any_case_of_the_team(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house
        .sql(
            "insert into aktivitaet (fallnr, art, datum, anzahl) values
                ('ä', 'stellensuchlauf', '2031-01-01', 1),
                ('a', 'ag_kontakt', '2026-11-23', 0),
                ('Z', 'ag_kontakt', '2020-01-01', 3), ('Z', 'kontaktversuch', '2020-01-01', 0),
                ('unbekannt', 'aussendienst', '2026-11-23', 1);
            update betreuung set fazit_am = '2031-01-01' where fallnr = 'Z';",
        )
        .await;
    let head = house.snapshot().await.head(None).await.unwrap();
    let supplied = |held: &[Supply]| {
        let mut supplied = Supplied::default();
        for supply in held {
            supplied.add(*supply);
        }
        supplied
    };
    let column = Supply::Column(Column::HauptbetreuerSeit);
    assert_eq!(head.evidence["T1"], supplied(&[Supply::Activity(Art::Stellensuchlauf), column]));
    assert_eq!(head.evidence["T2"], supplied(&[Supply::Activity(Art::AgKontakt), Supply::Column(Column::FazitAm)]));
}

async fn a_snapshot_sees_one_moment(house: House) {
    house.sql(TEAMS).await;
    let mut before = house.snapshot().await;
    house.sql(CASES).await;
    let mut write = house.db.begin_write().await.unwrap();
    write.bump_revision().await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(before.cases(None, "", 10).await.unwrap().files.len(), 0);
    assert_eq!(before.head(None).await.unwrap().revision, 0);
    let mut after = house.snapshot().await;
    assert_eq!(after.head(None).await.unwrap().revision, 1);
    assert_eq!(after.cases(None, "", 10).await.unwrap().files.len(), 6);
}

async fn a_ledger_entry_comes_back_as_it_went_in(house: House) {
    let mut sent = Marks::default();
    for (role, date) in [(Role::Bak, "0001-01-01"), (Role::Team, "2026-11-20"), (Role::Tl, "9999-12-31")] {
        sent.set(role, Some(day(date)));
    }
    let full = Entry {
        next_step: Some(day("2026-11-30")),
        step: "überfällig".into(),
        sent,
        addressed: Roles::only(Role::Ifk).and(Roles::only(Role::Tl)),
        bak: text("BAK1"),
        ifk: text(""),
        untold: Role::ALL.iter().copied().collect(),
        ..entry("Ä1", "besuch-16", "2026-W48")
    };
    let mut entries = vec![full.clone(), entry("", "veranstaltung", "")];
    let ended = [
        Ended::Fulfilled(Evidence::Activity(Art::AgKontakt), Some(day("2026-11-19"))),
        Ended::Fulfilled(Evidence::Column(Column::FazitAm), None),
        Ended::Fulfilled(Evidence::Kennung, None),
        Ended::Fulfilled(Evidence::LaterSubsidy, Some(day("2026-11-19"))),
        Ended::Fulfilled(Evidence::Event, Some(day("2026-11-19"))),
        Ended::Lapsed(day("2026-11-18")),
        Ended::Resting,
        Ended::Moot,
        Ended::Withdrawn,
    ];
    for (cycle, how) in ended.into_iter().enumerate() {
        let ended = Some((day("2026-11-20"), how));
        entries.push(Entry { ended, ..entry("Ä1", "fazit", &cycle.to_string()) });
    }
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&entries).await.unwrap();
    // Written again with other content: replaced, not added.
    let changed = Entry { raw: day("2026-11-01"), sent: Marks::default(), bak: None, ..full };
    run.ledger(std::slice::from_ref(&changed)).await.unwrap();
    run.commit().await.unwrap();
    entries[0] = changed;
    let mut snapshot = house.snapshot().await;
    assert_eq!(snapshot.ledger_of("").await.unwrap(), [entries.remove(1)]);
    assert_eq!(snapshot.ledger_of("Ä1").await.unwrap(), entries);
    assert_eq!(snapshot.ledger_of("Ä2").await.unwrap(), []);
}

async fn the_ledger_is_read_by_range_by_key_and_by_case(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let told = closed("a", "fazit", "1");
    let untold = Entry { untold: Roles::only(Role::Bak), ..closed("a", "fazit", "2") };
    let (nine, a, umlaut) = (entry("9", "x", ""), entry("a", "x", ""), entry("ä", "x", ""));
    let (team, old_team) = (entry("", "x", "neu"), closed("", "x", "alt"));
    // Of a case that is gone, and of one that another office has by now.
    let (gone, north) = (entry("b", "x", ""), entry("Z", "x", ""));
    let all = [&told, &untold, &nine, &a, &umlaut, &team, &old_team, &gone, &north].map(Clone::clone);
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&all).await.unwrap();
    run.commit().await.unwrap();

    let mut snapshot = house.snapshot().await;
    let mut cycles = async |office: &str, after: &str, upto: &str| -> Vec<(String, String)> {
        let entries = snapshot.ledger(office, after, upto).await.unwrap();
        assert!(entries.is_sorted_by_key(|e| e.fallnr.clone()));
        let mut keys: Vec<_> = entries.into_iter().map(|e| (e.fallnr, e.key.cycle)).collect();
        keys.sort();
        keys
    };
    let pair = |fallnr: &str, cycle: &str| (fallnr.to_owned(), cycle.to_owned());
    assert_eq!(cycles("", "", "9").await, [pair("9", "")]);
    assert_eq!(cycles("", "9", "a").await, [pair("a", ""), pair("a", "2")]);
    assert_eq!(cycles("", "", "ö").await, [pair("9", ""), pair("a", ""), pair("a", "2"), pair("ä", "")]);
    assert_eq!(cycles("", "ä", "ö").await, []);
    assert_eq!(cycles("Nord", "", "ö").await, [pair("Z", "")]);
    assert_eq!(cycles("nirgends", "", "ö").await, []);
    assert_eq!(snapshot.ledger_of_teams().await.unwrap(), std::slice::from_ref(&team));

    let unknown = key("x", "a", "nie");
    let asked = [
        ("a", &told.key),
        ("a", &untold.key),
        ("a", &a.key),
        ("9", &told.key),
        ("a", &unknown),
        ("", &old_team.key),
        ("", &team.key),
    ];
    let mut known = snapshot.ledger_known(&asked).await.unwrap();
    known.sort_by(|one, other| one.fallnr.cmp(&other.fallnr));
    assert_eq!(known, [old_team.clone(), told.clone()], "closed and told alone: the others come by range");
    assert_eq!(snapshot.ledger_known(&[]).await.unwrap(), []);

    house.sql("delete from team where dienststelle = 'Nord'; delete from betreuung where team = 'T2'").await;
    let only = house.snapshot().await.ledger("", "9", "ö").await.unwrap();
    let of_cases: Vec<_> = only.iter().filter(|e| !["Z", "b"].contains(&e.fallnr.as_str())).collect();
    assert_eq!(of_cases, [&untold, &a, &umlaut], "the only office");
}

async fn what_moved_to_another_case_is_found_under_the_old_one(house: House) {
    let of = |fallnr: &str, subject: &str, cycle: &str, opened: &str| Entry {
        key: key("besuch-16", subject, cycle),
        opened: day(opened),
        ..entry(fallnr, "", "")
    };
    let ended = |on: &str, entry: Entry| Entry { ended: Some((day(on), Ended::Moot)), ..entry };
    // Each line: what is remembered of one key, the newest first.
    let groups = [
        vec![of("2", "F1", "", "2026-11-20"), ended("2026-11-22", of("1", "F1", "", "2026-11-02"))],
        vec![ended("2026-11-22", of("1", "F2", "", "2026-11-20")), of("2", "F2", "", "2026-11-02")],
        vec![of("1", "F3", "", "2026-11-20"), ended("2026-11-22", of("2", "F3", "", "2026-11-20"))],
        vec![
            ended("2026-11-21", of("1", "F4", "", "2026-11-20")),
            ended("2026-11-20", of("2", "F4", "", "2026-11-20")),
        ],
        vec![of("5", "5", "", "2026-11-20"), ended("2026-11-20", of("1", "5", "", "2026-11-02"))],
        vec![of("1", "6", "", "2026-11-20"), ended("2026-11-20", of("6", "6", "", "2026-11-02"))],
        vec![of("1", "F7", "2026", "2026-11-20")],
        vec![of("2", "F7", "2027", "2026-11-02")],
        vec![of("", "T1", "", "2026-11-02")],
    ];
    let all: Vec<_> = groups.iter().flatten().cloned().chain([closed("1", "fazit", "")]).collect();
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&all).await.unwrap();
    run.commit().await.unwrap();
    let unknown = [key("besuch-16", "F9", ""), key("fazit", "F1", ""), key("besuch-16", "F7", "")];
    let asked: Vec<_> = groups.iter().map(|group| &group[0].key).chain(&unknown).collect();
    let mut snapshot = house.snapshot().await;
    let mut found = snapshot.ledger_elsewhere(&asked).await.unwrap();
    found.sort_by(|one, other| (&one.key.subject, &one.key.cycle).cmp(&(&other.key.subject, &other.key.cycle)));
    let mut newest: Vec<_> = groups.iter().map(|group| group[0].clone()).collect();
    newest.sort_by(|one, other| (&one.key.subject, &one.key.cycle).cmp(&(&other.key.subject, &other.key.cycle)));
    assert_eq!(found, newest);
    assert_eq!(snapshot.ledger_elsewhere(&[]).await.unwrap(), []);
    // More keys than one query takes.
    let many: Vec<_> = (0..600).map(|n| key("besuch-16", &format!("X{n}"), "")).collect();
    let asked: Vec<_> = many.iter().chain([&groups[0][0].key]).collect();
    assert_eq!(snapshot.ledger_elsewhere(&asked).await.unwrap(), [groups[0][0].clone()]);
}

async fn a_thousand_ledger_entries_are_one_call(house: House) {
    let entries: Vec<_> = (0..1001).map(|n| closed(&format!("{n:05}"), "x", "")).collect();
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&entries).await.unwrap();
    run.ledger(&[]).await.unwrap();
    run.commit().await.unwrap();
    let keys: Vec<_> = entries.iter().map(|e| (e.fallnr.as_str(), &e.key)).collect();
    let mut known = house.snapshot().await.ledger_known(&keys).await.unwrap();
    known.sort_by(|one, other| one.fallnr.cmp(&other.fallnr));
    assert_eq!(known, entries);
}

/// What beginning a morning came to, in a word.
async fn begun(db: &Db, office: &str, date: &str, last_run: Option<&str>) -> String {
    match db.begin_run(office, day(date), at("07:00:00"), last_run.map(day)).await.unwrap() {
        Begun::Ready(_) => "ready".to_owned(),
        Begun::Done => "done".to_owned(),
        Begun::Later(later) => format!("later {later}"),
        Begun::Moved => "moved".to_owned(),
    }
}

async fn a_morning_is_written_once(house: House) {
    house.run("", "2026-11-23").await.commit().await.unwrap();
    assert_eq!(begun(&house.db, "", "2026-11-23", None).await, "done");
    assert_eq!(begun(&house.db, "", "2026-11-23", Some("2026-11-23")).await, "done");
    house.run("Nord", "2026-11-23").await.commit().await.unwrap();
    house.run("", "2026-11-24").await.commit().await.unwrap();
    let mut snapshot = house.snapshot().await;
    assert_eq!(snapshot.last_run("").await.unwrap(), Some(day("2026-11-24")));
    assert_eq!(snapshot.last_run("Nord").await.unwrap(), Some(day("2026-11-23")));
    assert_eq!(snapshot.last_run("Süd").await.unwrap(), None);
}

async fn a_morning_before_the_last_one_is_refused(house: House) {
    house.run("", "2026-11-23").await.commit().await.unwrap();
    for _ in 0..2 {
        // The refusal leaves no row behind.
        assert_eq!(begun(&house.db, "", "2026-11-20", None).await, "later 2026-11-23");
    }
}

async fn a_morning_from_an_older_memory_is_refused(house: House) {
    house.run("", "2026-11-19").await.commit().await.unwrap();
    house.run("", "2026-11-20").await.commit().await.unwrap();
    for (last_run, expected) in
        [(None, "moved"), (Some("2026-11-19"), "moved"), (Some("2026-11-23"), "moved"), (Some("2026-11-20"), "ready")]
    {
        assert_eq!(begun(&house.db, "", "2026-11-23", last_run).await, expected, "{last_run:?}");
    }
    assert_eq!(begun(&house.db, "Nord", "2026-11-23", None).await, "ready", "offices do not meet");
    assert_eq!(begun(&house.db, "Nord", "2026-11-23", Some("2026-11-20")).await, "moved", "what was is gone");
}

async fn of_two_mornings_at_once_one_is_written(house: House) {
    for (date, expected) in [("2026-11-23", "done"), ("2026-11-20", "later 2026-11-23"), ("2026-11-24", "moved")] {
        let house = house.another().await;
        let db = house.db.clone();
        let first = house.run("", "2026-11-23").await;
        let second = tokio::spawn(async move { begun(&db, "", date, None).await });
        while !second.is_finished() && !house.somebody_waits().await {
            tokio::task::yield_now().await;
        }
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), expected, "{date}");
    }
}

async fn what_is_dropped_leaves_no_trace(house: House) {
    let mut run = house.run("", "2026-11-23").await;
    run.ledger(&[entry("1", "x", "")]).await.unwrap();
    run.mails(&[mail("a")]).await.unwrap();
    run.team_runs(["T1"]).await.unwrap();
    drop(run);
    let mut write = house.db.begin_write().await.unwrap();
    write.bump_revision().await.unwrap();
    drop(write);
    let mut snapshot = house.snapshot().await;
    assert_eq!(snapshot.head(None).await.unwrap().revision, 0);
    assert_eq!(snapshot.ledger_of("1").await.unwrap(), []);
    assert_eq!(snapshot.last_run("").await.unwrap(), None);
    assert_eq!(house.states().await, []);
    house.run("", "2026-11-23").await.commit().await.unwrap();
}

async fn what_a_run_remembers_comes_back(house: House) {
    house.sql(TEAMS).await;
    let count = |bak: &str, open| WeekCount { team: "T1".into(), week: "2026-W48".into(), bak: bak.into(), open };
    let mut run = house.run("", "2026-11-20").await;
    run.team_runs(["T1", "T2"]).await.unwrap();
    run.add_team_rules("T1", ["fazit", "ag-kontakt"]).await.unwrap();
    run.add_team_rules("T2", ["fazit"]).await.unwrap();
    run.wochenstand(&[count("", 40), count("BAK1", u32::MAX)]).await.unwrap();
    run.commit().await.unwrap();
    let mut run = house.run("", "2026-11-23").await;
    run.team_runs(["T1"]).await.unwrap();
    run.add_team_rules("T1", ["fazit"]).await.unwrap();
    run.remove_team_rules("T2", ["fazit", "nie gehabt"]).await.unwrap();
    run.wochenstand(&[count("", 41)]).await.unwrap();
    run.commit().await.unwrap();

    let mut snapshot = house.snapshot().await;
    let (friday, monday) = (day("2026-11-20"), day("2026-11-23"));
    let team_runs = |pairs: &[(&str, NaiveDate)]| pairs.iter().map(|(t, d)| ((*t).to_owned(), *d)).collect();
    assert_eq!(snapshot.team_runs_before(friday).await.unwrap(), team_runs(&[]));
    assert_eq!(snapshot.last_run_at("").await.unwrap().map(|(day, _)| day), Some(monday));
    assert_eq!(snapshot.last_run_at("Nord").await.unwrap(), None);
    assert_eq!(snapshot.team_runs_before(monday).await.unwrap(), team_runs(&[("T1", friday), ("T2", friday)]));
    let tuesday = monday + Duration::days(1);
    assert_eq!(snapshot.team_runs_before(tuesday).await.unwrap(), team_runs(&[("T1", monday), ("T2", friday)]));
    let since_friday = |rule: &str| (rule.to_owned(), friday);
    assert_eq!(snapshot.team_rules("T1").await.unwrap(), [since_friday("fazit"), since_friday("ag-kontakt")].into());
    assert_eq!(snapshot.team_rules("T2").await.unwrap(), [].into());
    assert_eq!(snapshot.teams_reported("2026-W48").await.unwrap(), ["T1".to_owned()].into());
    assert_eq!(snapshot.teams_reported("2026-W47").await.unwrap(), [].into());
    assert_eq!(snapshot.wochenstand("2026-W48").await.unwrap(), [count("", 41), count("BAK1", u32::MAX)]);
    assert_eq!(snapshot.wochenstand("2026-W47").await.unwrap(), []);
}

async fn a_mail_comes_back_as_it_went_in(house: House) {
    let every_byte: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let full = NewMail {
        kind: Kind::Eskalation,
        office: "Außenstelle".into(),
        recipient: "ä@jobcenter.example".into(),
        subject: "[BAK] „Überfällig“ – 'x'; \"y\"".into(),
        message: every_byte.clone(),
        created_at: at("06:30:00.123456"),
        ..mail("eskalation:x:2026-11-23")
    };
    let empty = NewMail { recipient: String::new(), message: Vec::new(), ..mail("leer") };
    house.queue("2026-11-23", &[full.clone(), empty]).await;
    let list = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap();
    let got = house.db.outbox_get(list[0].id).await.unwrap().unwrap();
    assert_eq!(got.message, Some(every_byte.clone()));
    assert_eq!(got.entry, list[0]);
    let shown = &list[0];
    assert_eq!((&shown.dedup_key, shown.kind, &shown.office), (&full.dedup_key, Some(full.kind), &full.office));
    assert_eq!((&shown.recipient, shown.day, &shown.subject), (&full.recipient, full.day, &full.subject));
    assert_eq!((&shown.message_id, &shown.sha256), (&full.message_id, &full.sha256));
    assert_eq!((shown.state, shown.attempts), (OutboxState::Queued, 0));
    assert_eq!((shown.created_at, shown.next_attempt_at), (full.created_at, full.created_at));
    assert_eq!((shown.sent_at, &shown.error), (None, &None));
    assert_eq!(house.db.outbox_get(list[1].id).await.unwrap().unwrap().message, Some(Vec::new()));
    assert_eq!(house.db.outbox_get(list[1].id + 1).await.unwrap(), None);

    assert_eq!(house.claim(at("06:30:00.123455"), at("07:00:00"), "A").await.unwrap().message, b"");
    assert_eq!(house.claim(at("06:30:00.123455"), at("07:00:00"), "A").await, None);
    let claimed = house.claim(at("06:30:00.123456"), at("07:00:00"), "A").await.unwrap();
    assert_eq!((claimed.id, claimed.attempt, claimed.message), (shown.id, 1, every_byte));
    assert_eq!((claimed.kind, claimed.recipient, claimed.day), (full.kind, full.recipient, full.day));
    assert_eq!((claimed.message_id, claimed.created_at), (full.message_id, full.created_at));
}

async fn a_mail_with_a_known_key_is_not_queued_twice(house: House) {
    house.queue("2026-11-20", &[mail("a")]).await;
    let mut run = house.run("", "2026-11-23").await;
    let again = |key: &str, id: &str| NewMail { message_id: format!("<{id}>"), ..mail(key) };
    let known = run.mails(&[mail("b"), again("a", "2"), again("b", "3"), mail("c")]).await.unwrap();
    run.commit().await.unwrap();
    assert_eq!(known, ["a", "b"]);
    let keys: Vec<_> = house.states().await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(keys.len(), 3);
}

async fn the_send_log_says_who_was_told_what(house: House) {
    let notice = |fallnr: &str, step: &str, role| Notice {
        fallnr: fallnr.into(),
        key: key("besuch-16", "F1", "2027-02-28"),
        step: step.into(),
        role,
    };
    let notices = vec![notice("1", "planung", Role::Ifk), notice("1", "planung", Role::Bak), notice("", "x", Role::Tl)];
    let first = NewMail { kind: Kind::Mitteilung, day: day("2026-11-20"), notices, ..mail("m") };
    house.queue("2026-11-20", std::slice::from_ref(&first)).await;
    house.queue("2026-11-23", &[NewMail { notices: vec![notice("1", "faellig", Role::Bak)], ..mail("t") }]).await;
    let sent = house.claim(at("07:00:00"), at("08:00:00"), "A").await.unwrap();
    assert!(house.note(sent.id, "A", at("07:00:01"), Fate::Sent).await);

    let told = house.snapshot().await.told("1").await.unwrap();
    let short: Vec<_> = told.iter().map(|t| (t.step.as_str(), t.role, t.kind, t.day, t.state)).collect();
    assert_eq!(
        short,
        [
            ("planung", Role::Bak, Kind::Mitteilung, day("2026-11-20"), OutboxState::Sent),
            ("planung", Role::Ifk, Kind::Mitteilung, day("2026-11-20"), OutboxState::Sent),
            ("faellig", Role::Bak, Kind::Tagesuebersicht, day("2026-11-23"), OutboxState::Queued),
        ]
    );
    assert_eq!(told[0].key, key("besuch-16", "F1", "2027-02-28"));
    assert_eq!(told[0].recipient, first.recipient);
    assert_eq!(house.snapshot().await.told("").await.unwrap().len(), 1);
}

async fn a_newer_overview_replaces_one_that_still_waits(house: House) {
    let other = NewMail { kind: Kind::Mitteilung, ..mail("mitteilung") };
    let elsewhere = NewMail { office: "Nord".into(), ..mail("nord") };
    house.queue("2026-11-20", &[mail("unterwegs"), mail("wartet"), other, elsewhere]).await;
    let claimed = house.claim(at("07:00:00"), at("08:00:00"), "A").await.unwrap();
    assert_eq!(claimed.message_id, "<unterwegs@bak.example>");
    let waiting = house.snapshot().await.undelivered(Kind::Tagesuebersicht, "").await.unwrap();
    assert_eq!(
        waiting.iter().map(|m| (m.recipient.as_str(), m.day)).collect::<Vec<_>>(),
        [("wartet@jobcenter.example", day("2026-11-23"))]
    );
    let mut run = house.run("", "2026-11-23").await;
    assert_eq!(run.supersede(&[claimed.id, waiting[0].id]).await.unwrap(), 1, "one is on its way already");
    run.commit().await.unwrap();
    let states = house.states().await;
    assert_eq!(states[0], ("unterwegs".to_owned(), OutboxState::Sending));
    assert_eq!(states[1], ("wartet".to_owned(), OutboxState::Superseded));
    assert_eq!(states[2].1, OutboxState::Queued);
    assert!(!house.db.outbox_cancel(waiting[0].id).await.unwrap());
}

async fn reminders_look_at_the_days_before(house: House) {
    let on = |date: &str, key: &str| NewMail { kind: Kind::Mitteilung, day: day(date), ..mail(key) };
    let mails = [on("2026-11-16", "a"), on("2026-11-17", "b"), on("2026-11-20", "c"), on("2026-11-20", "d")];
    house.queue("2026-11-20", &mails).await;
    let list = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap();
    assert!(house.db.outbox_cancel(list[3].id).await.unwrap());
    let mut snapshot = house.snapshot().await;
    let (from, to) = (day("2026-11-17"), day("2026-11-20"));
    let reached = snapshot.recipients(Kind::Mitteilung, from, to).await.unwrap();
    let expected = [("b@jobcenter.example".to_owned(), from), ("c@jobcenter.example".to_owned(), to)];
    assert_eq!(reached, expected.into());
    assert_eq!(snapshot.recipients(Kind::Eskalation, from, to).await.unwrap(), BTreeSet::new());
}

async fn what_was_given_up_is_known_by_office_and_since_which_run(house: House) {
    let of = |office: &str, key: &str| NewMail { office: office.into(), ..mail(key) };
    house.queue("2026-11-20", &[of("", "a"), of("", "b"), of("Nord", "c"), of("", "d")]).await;
    let mut ids = Vec::new();
    while let Some(mail) = house.claim(at("07:00:00"), at("20:00:00"), "A").await {
        ids.push((mail.recipient, mail.id));
    }
    ids.sort();
    let ids: Vec<i64> = ids.into_iter().map(|(_, id)| id).collect();
    assert!(house.note(ids[0], "A", at("06:29:59"), failed("550")).await, "before the run");
    assert!(house.note(ids[1], "A", at("06:30:00"), failed("550")).await);
    assert!(house.note(ids[2], "A", at("07:00:01"), failed("550")).await);
    assert!(house.note(ids[3], "A", at("07:00:01"), Fate::Sent).await);
    house.run("Nord", "2026-11-23").await.commit().await.unwrap();
    let mut snapshot = house.snapshot().await;
    assert_eq!(snapshot.failed_since("", day("2026-11-20")).await.unwrap(), [ids[1]]);
    assert_eq!(snapshot.failed_since("Nord", day("2026-11-23")).await.unwrap(), [ids[2]]);
    assert_eq!(snapshot.failed_since("Nord", day("2026-11-20")).await.unwrap(), [0; 0], "no run of that day");
}

async fn a_mail_without_a_run_is_queued_once_and_sent_like_any_other(house: House) {
    assert!(house.db.queue(mail("a")).await.unwrap());
    let again = NewMail { subject: "anders".to_owned(), ..mail("a") };
    assert!(!house.db.queue(again).await.unwrap());
    // Two services at once: one of them does it.
    let (one, other) = tokio::join!(house.db.queue(mail("b")), house.db.queue(mail("b")));
    assert!(one.unwrap() ^ other.unwrap());
    assert_eq!(house.states().await.len(), 2);
    let taken = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert!(house.note(taken.id, "A", at("07:00:01"), Fate::Sent).await);
    assert!(!house.db.queue(mail("a")).await.unwrap(), "sent or not, it was queued");
    assert_eq!(house.snapshot().await.last_run("").await.unwrap(), None, "there was no run");
}

async fn a_mail_is_claimed_by_one_worker_at_a_time(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    assert_eq!(house.claim(at("06:29:59"), at("07:30:00"), "A").await, None, "not due yet");
    let mail = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert_eq!(house.claim(at("07:29:59"), at("08:00:00"), "B").await, None);
    assert!(!house.note(mail.id, "B", at("07:01:00"), Fate::Sent).await, "not B's to say");
    assert!(house.note(mail.id, "A", at("07:01:00.5"), Fate::Sent).await);
    assert!(!house.note(mail.id, "A", at("07:02:00"), Fate::Sent).await, "said once");
    let shown = house.db.outbox_get(mail.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.sent_at, shown.attempts), (OutboxState::Sent, Some(at("07:01:00.5")), 1));
    assert_eq!(house.claim(at("23:00:00"), at("23:30:00"), "B").await, None);
}

async fn many_workers_share_the_queue_without_sharing_a_mail(house: House) {
    let mails: Vec<_> = (0..60).map(|n| mail(&format!("m{n:02}"))).collect();
    house.queue("2026-11-23", &mails).await;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let db = house.db.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                let token = worker.to_string();
                while let Some(mail) = queue::claim(&db, at("07:00:00"), at("07:30:00"), &token).await {
                    mine.push(mail.recipient);
                    assert!(queue::note(&db, mail.id, &token, at("07:00:01"), Fate::Sent).await);
                }
                mine
            })
        })
        .collect();
    let mut sent = Vec::new();
    for worker in workers {
        sent.extend(worker.await.unwrap());
    }
    sent.sort();
    assert_eq!(sent, mails.into_iter().map(|mail| mail.recipient).collect::<Vec<_>>());
}

async fn an_expired_lease_passes_the_mail_on_and_ends_the_old_workers_say(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    let first = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    let second = house.claim(at("07:30:00"), at("08:00:00"), "B").await.unwrap();
    assert_eq!((first.id, first.attempt, second.id, second.attempt), (second.id, 1, first.id, 2));
    assert_eq!(first.message_id, second.message_id);
    for fate in [Fate::Sent, again(at("07:31:00"), ""), failed("")] {
        assert!(!house.note(first.id, "A", at("07:31:00"), fate).await);
    }
    assert!(house.note(second.id, "B", at("07:31:00"), failed("550")).await);
    let shown = house.db.outbox_get(second.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.error, shown.sent_at), (OutboxState::Failed, text("550"), None));
}

async fn a_failed_attempt_waits_until_its_time(house: House) {
    house.queue("2026-11-23", &[mail("a"), mail("b")]).await;
    let a = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert!(house.note(a.id, "A", at("07:05:00.000001"), again(at("07:05:00.000001"), "451 später")).await);
    let shown = house.db.outbox_get(a.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.next_attempt_at), (OutboxState::Queued, at("07:05:00.000001")));
    assert_eq!(shown.error, text("451 später"));
    assert_eq!(house.claim(at("07:05:00"), at("07:30:00"), "A").await.unwrap().message_id, "<b@bak.example>");
    assert_eq!(house.claim(at("07:05:00"), at("07:30:00"), "A").await, None);
    let again = house.claim(at("07:05:00.5"), at("07:30:00"), "A").await.unwrap();
    assert_eq!((again.id, again.attempt), (a.id, 2));
    assert!(house.note(a.id, "A", at("07:06:00"), Fate::Sent).await);
    assert_eq!(house.db.outbox_get(a.id).await.unwrap().unwrap().entry.error, None);
}

async fn a_mail_that_is_put_back_is_as_it_was_before_it_was_taken(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    let first = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert!(
        !house.note(first.id, "B", at("07:01:00"), Fate::Back { at: at("07:01:00"), error: None }).await,
        "somebody else's"
    );
    assert!(
        house.note(first.id, "A", at("07:01:00"), Fate::Back { at: at("07:01:00"), error: text("kein Server") }).await
    );
    let shown = house.db.outbox_get(first.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.attempts, shown.error), (OutboxState::Queued, 0, text("kein Server")));
    assert_eq!(house.claim(at("07:00:59"), at("07:30:00"), "A").await, None);
    // The days of trying begin with the next one, and a later one leaves them as they are.
    let second = house.claim(at("08:00:00"), at("08:30:00"), "A").await.unwrap();
    assert_eq!((second.attempt, second.first_attempt_at), (1, at("08:00:00")));
    assert!(house.note(first.id, "A", at("08:05:00"), again(at("08:05:00"), "451")).await);
    assert_eq!(house.claim(at("08:05:00"), at("08:30:00"), "A").await.unwrap().attempt, 2);
    assert!(house.note(first.id, "A", at("08:06:00"), Fate::Back { at: at("08:06:00"), error: None }).await);
    assert_eq!(house.db.outbox_get(first.id).await.unwrap().unwrap().entry.error, text("451"));
    let third = house.claim(at("08:06:00"), at("08:30:00"), "A").await.unwrap();
    assert_eq!((third.attempt, third.first_attempt_at), (2, at("08:00:00")));
}

async fn mails_are_retried_and_called_back_by_hand(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    let mail = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert!(!house.db.outbox_cancel(mail.id).await.unwrap(), "somebody is sending it");
    assert!(!house.db.outbox_retry(mail.id, at("07:01:00")).await.unwrap());
    assert!(house.note(mail.id, "A", at("12:00:00"), failed("550")).await);
    assert_eq!(house.claim(at("09:00:00"), at("09:30:00"), "A").await, None, "given up");
    assert!(house.db.outbox_retry(mail.id, at("10:00:00")).await.unwrap());
    assert!(house.db.outbox_cancel(mail.id).await.unwrap());
    assert_eq!(house.states().await[0].1, OutboxState::Cancelled);
    assert_eq!(house.claim(at("11:00:00"), at("11:30:00"), "A").await, None);
    assert!(house.db.outbox_retry(mail.id, at("12:00:00")).await.unwrap());
    assert!(house.claim(at("11:59:59"), at("12:30:00"), "A").await.is_none());
    assert!(house.claim(at("12:00:00"), at("12:30:00"), "A").await.is_some());
    assert!(house.note(mail.id, "A", at("12:00:00"), failed("550")).await);
    house.sql("delete from outbox_text").await;
    assert!(!house.db.outbox_retry(mail.id, at("13:00:00")).await.unwrap(), "there is nothing left to send");
    assert_eq!(house.db.outbox_get(mail.id).await.unwrap().unwrap().message, None);
    assert!(!house.db.outbox_retry(mail.id + 1, at("13:00:00")).await.unwrap());
}

async fn the_first_attempt_is_remembered_until_somebody_retries(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    let first = house.claim(at("07:00:00.5"), at("07:30:00"), "A").await.unwrap();
    assert_eq!((first.created_at, first.first_attempt_at), (at("06:30:00"), at("07:00:00.5")));
    assert!(house.note(first.id, "A", at("08:00:00"), again(at("08:00:00"), "451")).await);
    let second = house.claim(at("08:00:00"), at("08:30:00"), "A").await.unwrap();
    assert_eq!((second.attempt, second.first_attempt_at), (2, at("07:00:00.5")));
    assert!(house.note(first.id, "A", at("08:01:00"), failed("451")).await);
    assert!(house.db.outbox_retry(first.id, at("09:00:00")).await.unwrap());
    assert_eq!(house.db.outbox_get(first.id).await.unwrap().unwrap().entry.attempts, 0);
    let anew = house.claim(at("09:30:00"), at("10:00:00"), "A").await.unwrap();
    assert_eq!((anew.attempt, anew.first_attempt_at), (1, at("09:30:00")));
}

async fn a_row_that_cannot_be_sent_is_given_up_and_the_next_is_taken(house: House) {
    house.queue("2026-11-23", &[mail("a"), mail("b"), mail("c")]).await;
    house.sql("update outbox set kind = 'tanz' where dedup_key = 'a'").await;
    house.sql("delete from outbox_text where outbox_id = (select id from outbox where dedup_key = 'b')").await;
    let list = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap();
    assert_eq!(list.iter().map(|m| m.kind).collect::<Vec<_>>(), [None, Some(mail("").kind), Some(mail("").kind)]);
    assert_eq!(house.db.outbox_left().await.unwrap(), 3);
    for (row, why) in list.iter().zip(["Art", "Text"]) {
        let claims = house.db.exchange(&[], at("07:00:00"), at("07:30:00"), "A", 1).await.unwrap().claims;
        assert_eq!(claims, [Claim::Unreadable(row.id)]);
        let shown = house.db.outbox_get(row.id).await.unwrap().unwrap().entry;
        assert_eq!((shown.state, shown.attempts), (OutboxState::Failed, 1));
        let said = shown.error.unwrap();
        assert!(said.contains(why) && !said.contains("tanz"), "{said}");
    }
    let good = house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert_eq!(good.id, list[2].id);
    assert_eq!(house.db.outbox_left().await.unwrap(), 1);
    assert_eq!(house.claim(at("07:00:00"), at("07:30:00"), "A").await, None);
    assert_eq!(house.snapshot().await.failed_since("", day("2026-11-23")).await.unwrap(), [list[0].id, list[1].id]);
}

/// Takes mails under a token.
async fn take(house: &House, token: &str, want: usize) -> Vec<i64> {
    let taken = house.db.exchange(&[], at("07:00:00"), at("07:30:00"), token, want).await.unwrap();
    assert!(taken.noted.is_empty());
    ids(&taken)
}

fn ids(exchanged: &Exchanged) -> Vec<i64> {
    let ids = exchanged.claims.iter().map(|claim| match claim {
        Claim::Mail(mail) => mail.id,
        Claim::Unreadable(id) => -id,
    });
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

async fn outcomes_of_every_kind_are_noted_together_and_the_next_mails_taken(house: House) {
    let mails: Vec<_> = (0..9).map(|n| mail(&format!("m{n}"))).collect();
    house.queue("2026-11-23", &mails).await;
    let all: Vec<_> = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|m| m.id).collect();
    assert_eq!(take(&house, "A", 5).await, all[..5]);
    house.sql("update outbox set kind = 'tanz' where dedup_key = 'm6'").await;
    let outcome = |n: usize, fate| Outcome { id: all[n], token: "A".to_owned(), fate };
    let outcomes = [
        outcome(3, again(at("09:00:00"), "451")),
        outcome(0, Fate::Sent),
        outcome(4, Fate::Back { at: at("08:00:00"), error: None }),
        outcome(2, failed("550")),
        outcome(1, Fate::Sent),
    ];
    let done = house.db.exchange(&outcomes, at("07:01:00"), at("07:31:00"), "B", 3).await.unwrap();
    assert_eq!(done.noted, [true; 5]);
    assert_eq!(ids(&done), [-all[6], all[5], all[7]]);
    let mut states = Vec::new();
    for id in &all {
        let entry = house.db.outbox_get(*id).await.unwrap().unwrap().entry;
        states.push((entry.state, entry.attempts, entry.next_attempt_at, entry.sent_at, entry.error.is_some()));
    }
    let (sent, queued) = (OutboxState::Sent, OutboxState::Queued);
    let (begin, noted) = (at("06:30:00"), at("07:01:00"));
    let wanted = [
        (sent, 1, begin, Some(noted), false),
        (sent, 1, begin, Some(noted), false),
        (OutboxState::Failed, 1, noted, None, true),
        (queued, 1, at("09:00:00"), None, true),
        (queued, 0, at("08:00:00"), None, false),
        (OutboxState::Sending, 1, begin, None, false),
        (OutboxState::Failed, 1, noted, None, true),
        (OutboxState::Sending, 1, begin, None, false),
        (queued, 0, begin, None, false),
    ];
    assert_eq!(states, wanted);
}

async fn of_several_outcomes_each_counts_only_under_its_own_lease(house: House) {
    house.queue("2026-11-23", &[mail("a"), mail("b"), mail("c")]).await;
    let (a, b) = (take(&house, "A", 1).await, take(&house, "B", 2).await);
    let outcome = |id: i64, token: &str| Outcome { id, token: token.to_owned(), fate: Fate::Sent };
    // Another's lease, one's own, one that is no row, one that nobody holds, and one that is said twice.
    let outcomes = [
        outcome(b[0], "A"),
        outcome(a[0], "A"),
        outcome(b[1] + 1, "B"),
        outcome(b[0], ""),
        outcome(b[1], "B"),
        outcome(b[1], "B"),
    ];
    let done = house.db.exchange(&outcomes, at("07:01:00"), at("07:31:00"), "C", 9).await.unwrap();
    assert_eq!(done.noted, [false, true, false, false, true, false]);
    assert!(done.claims.is_empty());
    assert_eq!(house.db.outbox_left().await.unwrap(), 1);
}

async fn nobody_is_given_more_mails_than_they_asked_for(house: House) {
    let mails: Vec<_> = (0..40).map(|n| mail(&format!("m{n:02}"))).collect();
    house.queue("2026-11-23", &mails).await;
    let workers: Vec<_> = (0..4)
        .map(|worker: usize| {
            let db = house.db.clone();
            tokio::spawn(async move {
                let (mut all, mut hold) = (Vec::<i64>::new(), Vec::new());
                loop {
                    let token = format!("{worker}.{}", all.len());
                    let done = db.exchange(&hold, at("07:00:00"), at("07:30:00"), &token, worker + 1).await.unwrap();
                    assert!(done.noted.iter().all(|noted| *noted));
                    assert!(done.claims.len() <= worker + 1);
                    let held = ids(&done);
                    if held.is_empty() {
                        return all;
                    }
                    all.extend(&held);
                    hold = held.into_iter().map(|id| Outcome { id, token: token.clone(), fate: Fate::Sent }).collect();
                }
            })
        })
        .collect();
    let mut sent = Vec::new();
    for worker in workers {
        sent.extend(worker.await.unwrap());
    }
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 40);
    assert_eq!(house.db.outbox_left().await.unwrap(), 0);
}

async fn the_queue_is_listed_by_what_is_asked(house: House) {
    let other = NewMail { kind: Kind::Admin, day: day("2026-11-20"), recipient: "admin@x.example".into(), ..mail("b") };
    house.queue("2026-11-23", &[mail("a"), other, mail("c")]).await;
    house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    let list = async |filter: OutboxFilter, after, limit| -> String {
        house.db.outbox_list(&filter, after, limit).await.unwrap().into_iter().map(|mail| mail.dedup_key).collect()
    };
    let all = OutboxFilter::default;
    assert_eq!(list(all(), 0, 10).await, "abc");
    assert_eq!(list(OutboxFilter { state: Some(OutboxState::Queued), ..all() }, 0, 10).await, "bc");
    assert_eq!(list(OutboxFilter { kind: Some(Kind::Admin), ..all() }, 0, 10).await, "b");
    assert_eq!(list(OutboxFilter { day: Some(day("2026-11-23")), ..all() }, 0, 10).await, "ac");
    assert_eq!(list(OutboxFilter { recipient: text("admin@x.example"), ..all() }, 0, 10).await, "b");
    let first = house.db.outbox_list(&all(), 0, 1).await.unwrap();
    assert_eq!(list(all(), first[0].id, 1).await, "b");
    let counts = house.db.outbox_counts().await.unwrap();
    let counts: Vec<_> = counts.iter().map(|c| (c.state, c.mails, c.oldest)).collect();
    let written = mail("").created_at;
    assert_eq!(counts, [(OutboxState::Queued, 2, written), (OutboxState::Sending, 1, written)]);
}

async fn a_mail_that_comes_back_counts_as_given_up_from_then_on(house: House) {
    house.queue("2026-11-20", &[mail("a"), mail("b")]).await;
    house.run("", "2026-11-23").await.commit().await.unwrap();
    for _ in 0..2 {
        let claimed = house.claim(at("06:31:00"), at("07:30:00"), "A").await.unwrap();
        assert!(house.note(claimed.id, "A", at("06:31:00"), Fate::Sent).await);
    }
    let list = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap();
    let (a, b) = (&list[0], &list[1]);
    assert_eq!(house.db.note_delayed(&a.message_id, "4.4.1").await.unwrap(), Spoken::Noted(a.id));
    let shown = house.db.outbox_get(a.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.error.as_deref()), (OutboxState::Sent, Some("4.4.1")), "only noted");
    assert_eq!(house.db.mark_bounced(&a.message_id, at("09:00:00"), "5.1.1").await.unwrap(), Spoken::Noted(a.id));
    let shown = house.db.outbox_get(a.id).await.unwrap().unwrap().entry;
    assert_eq!((shown.state, shown.error.as_deref()), (OutboxState::Failed, Some("5.1.1")));
    assert_eq!(shown.sent_at, Some(at("06:31:00")), "it was sent all the same");
    assert_eq!(house.db.outbox_get(b.id).await.unwrap().unwrap().entry.state, OutboxState::Sent);
    assert_eq!(house.snapshot().await.failed_since("", day("2026-11-23")).await.unwrap(), [a.id]);
    assert_eq!(house.db.outbox_left().await.unwrap(), 0, "nobody sends it again by himself");
    assert!(house.db.outbox_retry(a.id, at("10:00:00")).await.unwrap());
    assert_eq!(house.db.outbox_get(a.id).await.unwrap().unwrap().entry.sent_at, None, "not this time");
    assert!(house.claim(at("10:00:00"), at("10:30:00"), "B").await.is_some());
}

async fn a_report_changes_nothing_but_a_mail_that_counts_as_sent(house: House) {
    house.queue("2026-11-23", &[mail("a")]).await;
    let id = "<a@bak.example>";
    let (bounced, delayed) = (
        async || house.db.mark_bounced(id, at("09:00:00"), "5.1.1").await.unwrap(),
        async || house.db.note_delayed(id, "4.4.1").await.unwrap(),
    );
    let row = house.db.outbox_list(&OutboxFilter::default(), 0, 10).await.unwrap()[0].id;
    assert_eq!((bounced().await, delayed().await), (Spoken::Elsewhere(row), Spoken::Elsewhere(row)), "queued");
    house.claim(at("07:00:00"), at("07:30:00"), "A").await.unwrap();
    assert_eq!((bounced().await, delayed().await), (Spoken::TooEarly(row), Spoken::TooEarly(row)), "being sent");
    assert!(house.note(row, "A", at("07:00:01"), Fate::Sent).await);
    assert_eq!(bounced().await, Spoken::Noted(row));
    assert_eq!((bounced().await, delayed().await), (Spoken::Elsewhere(row), Spoken::Elsewhere(row)), "a second time");
    assert!(house.db.outbox_cancel(row).await.unwrap());
    assert_eq!(bounced().await, Spoken::Elsewhere(row), "called back");
    assert_eq!(house.states().await[0].1, OutboxState::Cancelled);
    for unknown in ["<b@bak.example>", "a@bak.example", "", "' or 1=1 --", "<A@bak.example>"] {
        assert_eq!(house.db.mark_bounced(unknown, at("09:00:00"), "x").await.unwrap(), Spoken::Unknown, "{unknown}");
        assert_eq!(house.db.note_delayed(unknown, "x").await.unwrap(), Spoken::Unknown, "{unknown}");
    }
}

async fn a_record_replaces_and_says_what_it_could_not_place(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    let cases = ["9", "nie gesehen", "Z", "9"].map(str::to_owned);
    let record = async |anzahl, now| {
        house.db.record(Art::Stellensuchlauf, &cases, day("2026-11-23"), anzahl, now, "root").await.unwrap()
    };
    let first = record(2, at("12:00:00")).await;
    assert_eq!((first.changed, first.unknown), (vec!["9".to_owned(), "Z".into()], vec!["nie gesehen".to_owned()]));
    let second = record(2, at("13:00:00")).await;
    assert_eq!((second.changed.len(), second.unchanged), (0, vec!["9".to_owned(), "Z".into()]));
    let head = house.snapshot().await.head(None).await.unwrap();
    assert_eq!(head.revision, 1, "saying the same again changes no facts");
    assert_eq!(head.datenstand, [("T1".to_owned(), at("13:00:00")), ("T2".to_owned(), at("13:00:00"))].into());
    assert!(head.evidence["T2"].has(Supply::Activity(Art::Stellensuchlauf)));
    assert_eq!(record(0, at("14:00:00")).await.changed.len(), 2);
    let head = house.snapshot().await.head(None).await.unwrap();
    assert_eq!(head.evidence.get("T2"), None);
    let file = house.snapshot().await.case("9").await.unwrap().unwrap();
    assert_eq!(file.activities, [Activity { art: Art::Stellensuchlauf, day: day("2026-11-23"), anzahl: 0 }]);

    let nobody = ["nie gesehen".to_owned()];
    house.db.record(Art::AgKontakt, &nobody, day("2026-11-23"), 1, at("15:00:00"), "root").await.unwrap();
    let head = house.snapshot().await.head(None).await.unwrap();
    assert_eq!((head.revision, head.datenstand["T1"]), (2, at("14:00:00")));
}

async fn every_change_of_facts_raises_the_revision(house: House) {
    for expected in 1..=3 {
        let mut write = house.db.begin_write().await.unwrap();
        assert_eq!(write.bump_revision().await.unwrap(), expected);
        write.analyze().await.unwrap();
        write.commit().await.unwrap();
    }
    let mut run = house.run("", "2026-11-23").await;
    assert_eq!(run.facts_revision().await.unwrap(), 3);
}

async fn a_morning_holds_the_facts_still(house: House) {
    let mut run = house.run("", "2026-11-23").await;
    let read = run.facts_revision().await.unwrap();
    let db = house.db.clone();
    let import = tokio::spawn(async move {
        let mut write = db.begin_write().await.unwrap();
        let revision = write.bump_revision().await.unwrap();
        write.commit().await.unwrap();
        revision
    });
    tokio::task::yield_now().await;
    assert_eq!(run.facts_revision().await.unwrap(), read);
    run.commit().await.unwrap();
    assert_eq!(import.await.unwrap(), read + 1);
}

async fn datenstand_goes_back_only_where_it_lies_ahead(house: House) {
    house.sql(TEAMS).await;
    for (time, expected) in [
        ("12:00:00", "12:00:00"),
        ("11:59:59.999999", "12:00:00"),
        ("12:00:00.5", "12:00:00.5"),
        // Of a clock that was wrong.
        ("10:30:00", "10:30:00"),
    ] {
        let mut write = house.db.begin_write().await.unwrap();
        write.touch_datenstand("T1", at(time)).await.unwrap();
        write.commit().await.unwrap();
        let head = house.snapshot().await.head(None).await.unwrap();
        assert_eq!(head.datenstand["T1"], at(expected), "after {time}");
        assert_eq!(house.snapshot().await.datenstand(None).await.unwrap(), head.datenstand);
    }
}

async fn a_copy_holds_the_same_facts_and_no_memory(house: House) {
    house.sql(TEAMS).await;
    house.sql(CASES).await;
    house
        .sql(
            "insert into aktivitaet (fallnr, art, datum, anzahl) values
                ('9', 'ag_kontakt', '2026-11-23', 10), ('9', 'aussendienst', '2026-11-23', 0);
            insert into kollege (kuerzel, name, email, rolle, team, region, vertretung) values
                ('B', 'Ä', null, 'FM', 'T1', '', null);
            insert into foerderung (foerdernr, fallnr, art, arbeitgeber, beginn, ende, potenzial) values
                ('F', '9', 'MAG', 'x', '2026-01-01', null, 'ja');
            insert into pause (source, row_key, fallnr, von, bis) values ('p', '1', 'a', '2026-03-01', null);
            insert into abwesenheit (source, row_key, kuerzel, von, bis) values ('a', '1', 'B', '2026-01-01', null);
            insert into veranstaltung (source, row_key, team, titel, art, datum, durchgefuehrt) values
                ('v', '1', 'T1', 'M', 'M', '2026-10-01', true), ('v', '2', 'T1', 'M', 'M', '2026-10-02', false);
            insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values
                ('t', 's', 'Z', 'aussendienst', '2026-12-01', '09:05', '', null);
            insert into stelle (refnr, titel, arbeitgeber, ort, arbeitszeit, eingestellt_am, link, quelle, erstmals_am)
                values ('r', 'Koch', '', '', '', null, '', '', '2026-11-01');",
        )
        .await;
    let mut write = house.db.begin_write().await.unwrap();
    write.touch_datenstand("T1", at("12:00:00.000001")).await.unwrap();
    write.bump_revision().await.unwrap();
    write.commit().await.unwrap();
    let mut run = house.run("", "2026-11-20").await;
    run.ledger(&[entry("9", "x", "")]).await.unwrap();
    run.add_team_rules("T1", ["x"]).await.unwrap();
    run.commit().await.unwrap();

    let path = house.folder.path().join("neu/kopie.db");
    let copy = house.db.copy_facts_to(&path, at("06:00:00"), None).await.unwrap();
    let (mut old, mut new) = (house.snapshot().await, copy.snapshot().await.unwrap());
    assert_eq!(new.head(None).await.unwrap(), old.head(None).await.unwrap());
    assert_eq!(new.cases(None, "", 99).await.unwrap(), old.cases(None, "", 99).await.unwrap());
    assert_eq!(new.ledger_of("9").await.unwrap(), []);
    assert_eq!(new.last_run("").await.unwrap(), None);
    assert!(new.team_rules("T1").await.unwrap().is_empty());
    let Db::Sqlite { readers, .. } = &copy else { panic!("a copy is a file") };
    let typed: (i64, String) = sqlx::query_as(
        "select (select count(*) from stelle where erstmals_am = '2026-11-01' and eingestellt_am is null), \
         (select group_concat(typeof(anzahl)) from aktivitaet)",
    )
    .fetch_one(readers)
    .await
    .unwrap();
    assert_eq!(typed, (1, "integer,integer".to_owned()));
    assert!(matches!(house.db.copy_facts_to(&path, at("06:00:00"), None).await, Err(StoreError::Exists(_))));
    drop(new);
    copy.close().await;

    // The other copy remembers as well, is the same installation, and goes its own way.
    let path = house.folder.path().join("neu/alles.db");
    let copy = house.db.copy_everything_to(&path, at("06:00:00")).await.unwrap();
    let mut new = copy.snapshot().await.unwrap();
    assert_eq!(new.head(None).await.unwrap(), old.head(None).await.unwrap());
    assert_eq!(new.ledger_of("9").await.unwrap(), old.ledger_of("9").await.unwrap());
    assert_eq!(new.last_run("").await.unwrap(), old.last_run("").await.unwrap());
    assert_eq!(copy.secret().await.unwrap(), house.db.secret().await.unwrap());
    drop((old, new));
    let Begun::Ready(run) =
        copy.begin_run("", day("2026-11-23"), at("06:00:00"), Some(day("2026-11-20"))).await.unwrap()
    else {
        panic!("a copy takes a run")
    };
    run.commit().await.unwrap();
    copy.close().await;
    assert_eq!(house.snapshot().await.last_run("").await.unwrap(), Some(day("2026-11-20")));
}

async fn opening_again_changes_nothing(house: House) {
    let secret = house.db.secret().await.unwrap();
    assert_eq!(secret.len(), 32);
    assert_ne!(secret, [0; 32]);
    house.sql(TEAMS).await;
    house.db.close().await;
    let again = Db::open(&house.url, None, at("09:00:00")).await.unwrap();
    assert_eq!(again.secret().await.unwrap(), secret);
    assert_eq!(again.snapshot().await.unwrap().head(None).await.unwrap().teams.len(), 2);
}

async fn a_database_of_a_newer_program_is_refused(house: House) {
    house
        .sql(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                select 9001, 'later', success, checksum, 0 from _sqlx_migrations where version = 1",
        )
        .await;
    let error = Db::open(&house.url, None, at("09:00:00")).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(9001)), "{error}");
    assert!(error.to_string().contains("neueren Version"), "{error}");
    assert!(matches!(Db::look(&house.url, None).await, Err(StoreError::Newer(9001))));
}

async fn a_database_with_other_tables_is_refused(house: House) {
    house.sql("update _sqlx_migrations set description = 'x', checksum = checksum || checksum where version = 1").await;
    let error = Db::open(&house.url, None, at("09:00:00")).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema(1)), "{error}");
    assert!(matches!(Db::look(&house.url, None).await, Err(StoreError::Schema(1))));
}

async fn who_only_looks_finds_what_is_there_and_makes_no_tables(house: House) {
    house.sql(TEAMS).await;
    let seen = Db::look(&house.url, None).await.unwrap();
    assert_eq!(seen.snapshot().await.unwrap().head(None).await.unwrap().teams.len(), 2);
    seen.close().await;
    house.sql("delete from _sqlx_migrations").await;
    for _ in 0..2 {
        assert!(matches!(Db::look(&house.url, None).await, Err(StoreError::Empty)));
    }
    house.sql("drop table _sqlx_migrations").await;
    for _ in 0..2 {
        assert!(matches!(Db::look(&house.url, None).await, Err(StoreError::Empty)));
    }
}

// ---------------------------------------------------------------- what only a file can be

#[tokio::test]
async fn a_new_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("var/lib/haus.db");
    let db = Db::open(&format!("sqlite:{}", path.display()), None, at("05:00:00")).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("haus.db-wal")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    db.close().await;
}

#[tokio::test]
async fn who_only_looks_at_a_file_neither_makes_nor_changes_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("var/haus.db").display());
    assert!(matches!(Db::look(&url, None).await, Err(StoreError::Missing(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    Db::open(&url, None, at("05:00:00")).await.unwrap().close().await;
    let seen = Db::look(&url, None).await.unwrap();
    assert!(matches!(seen.begin_write().await.map(drop), Err(StoreError::ReadOnly)));
}

#[tokio::test]
async fn what_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("liste.csv");
    std::fs::write(&file, "fallnr;art;datum\n".repeat(100)).unwrap();
    let open = async |url: String| Db::open(&url, None, at("05:00:00")).await.unwrap_err();
    assert!(matches!(open(format!("sqlite:{}", file.display())).await, StoreError::NotADatabase));
    assert!(matches!(open(format!("sqlite:{}/x/haus.db", file.display())).await, StoreError::Directory(_)));
    assert!(matches!(open(format!("sqlite:{}", folder.path().display())).await, StoreError::File(_)));
    for url in ["", "sqlite:", "sqlite::memory:", "mysql://x", "haus.db"] {
        assert!(matches!(open(url.to_owned()).await, StoreError::Url), "{url}");
    }
    let nobody = open(format!("postgres:///x?host={}&user=x", folder.path().display())).await;
    assert!(matches!(nobody, StoreError::Unreachable), "{nobody}");
}

#[tokio::test]
async fn a_server_that_refuses_connections_is_said_not_to_answer() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // A service's pool, once its connections are gone; with less patience.
    let pool = sqlx::postgres::PgPoolOptions::new().acquire_timeout(std::time::Duration::from_millis(50));
    let db = Db::Postgres(pool.connect_lazy(&format!("postgres://a@127.0.0.1:{port}/b")).unwrap());
    assert!(matches!(db.snapshot().await, Err(StoreError::Unreachable)));
    assert!(matches!(db.queue(mail("a")).await, Err(StoreError::Unreachable)));
}
