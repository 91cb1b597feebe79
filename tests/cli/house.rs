//! An office of one team and four cases, and the binary that is asked about it.

use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use tempfile::TempDir;
use wiedervorlage::config::rulebooks::Rulebooks;
use wiedervorlage::config::settings::Settings;
use wiedervorlage::domain::digest::Digest;
use wiedervorlage::mail::{Letterhead, Renderer};
use wiedervorlage::morning::Morning;
use wiedervorlage::store::{Db, Fate};

use super::queue;

/// Monday 24 November 2025 is the day on which most tests look.
const OFFICE: &str = "
insert into team (team, name, postfach, bundesland, leitung, dienststelle, beginn) values
    ('T0', 'BAK Nord', 'nord@jobcenter.example', 'BW', 'chef', '', '2025-01-01');
insert into kollege (kuerzel, name, email, rolle, team, region, vertretung) values
    ('must', 'Mia Muster', 'mia@jobcenter.example', 'BAK', 'T0', 'Nord', null),
    ('abel', 'Ada Abel', 'ada@jobcenter.example', 'BAK', 'T0', 'Süd', null),
    ('ivo', 'Ivo Falk', 'ivo@jobcenter.example', 'IFK', 'T0', 'Nord', null),
    ('chef', 'Carla Chef', 'carla@jobcenter.example', 'TL', 'T0', '', null);
insert into betreuung (fallnr, bezeichnung, bak, ifk, team, region, kennung, kennung_seit, uebergabe_am,
    hauptbetreuer_seit, ende_am, ende_grund, rueckgabegespraech_am, fazit_am) values
    ('0000017', 'A. B.', 'must', 'ivo', 'T0', 'Nord', 'BAK', '2025-06-02', '2025-06-10', '2025-06-12', null, '', null,
        null),
    ('0000018', '', null, 'ivo', 'T0', 'Nord', 'BAK16e', '2025-09-01', null, null, null, '', null, null),
    ('0000019', '', 'must', 'ivo', 'T0', 'Nord', '', null, '2025-05-02', '2025-05-02', '2025-10-31', 'integration',
        null, null),
    ('0000020', '', 'must', 'ivo', 'T0', 'Nord', '', null, '2025-10-01', '2025-10-01', null, '', null, null);
insert into aktivitaet (fallnr, art, datum, anzahl) values
    ('0000017', 'lebenslauf_eingegangen', '2025-06-16', 1), ('0000017', 'kontakt_persoenlich', '2025-10-20', 1),
    ('0000017', 'ag_kontakt', '2025-10-27', 1), ('0000017', 'stellensuchlauf', '2025-11-18', 2),
    ('0000017', 'kontaktversuch', '2025-11-19', 1), ('0000020', 'ag_kontakt', '2025-10-06', 1);
insert into foerderung (foerdernr, fallnr, art, arbeitgeber, beginn, ende, potenzial) values
    ('F1', '0000018', '16e', 'Beispiel GmbH', '2024-02-01', '2026-01-31', '');
insert into pause (source, row_key, fallnr, von, bis) values ('pausen.csv', 'a', '0000020', '2025-11-03', null);
insert into termin (terminnr, source, fallnr, art, datum, uhrzeit, ort, teilnehmer) values
    ('t1', 'termine.csv', '0000017', 'rueckgabegespraech', '2025-12-01', '10:00', 'Zimmer 3', 'ivo');
";

pub(crate) fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

/// An early morning of that day.
pub(crate) fn morning_of(iso: &str) -> DateTime<Utc> {
    day(iso).and_time(NaiveTime::from_hms_opt(5, 30, 0).unwrap()).and_utc()
}

/// The office's database in a folder of its own.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) db: Db,
}

impl House {
    /// No tables filled.
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("haus.db").display());
        Self { db: Db::open(&url, None, morning_of("2025-11-03")).await.unwrap(), folder }
    }

    /// The office, imported on 3 November 2025.
    pub(crate) async fn new() -> Self {
        let house = Self::empty().await;
        house.sql(OFFICE).await;
        house.delivered().await;
        house
    }

    /// The last list of the office came on Friday, 21 November 2025.
    pub(crate) async fn delivered(&self) {
        let mut write = self.db.begin_write().await.unwrap();
        write.touch_datenstand("T0", "2025-11-21T15:12:00Z".parse().unwrap()).await.unwrap();
        write.bump_revision().await.unwrap();
        write.commit().await.unwrap();
    }

    pub(crate) async fn sql(&self, sql: &'static str) {
        // A house is always built on a file.
        if let Db::Sqlite { writer, .. } = &self.db {
            sqlx::raw_sql(sql).execute(writer).await.unwrap();
        }
    }

    /// The mornings of these days, as the service makes them.
    pub(crate) async fn mornings(&self, days: &[&str]) {
        let settings = Settings::load(None).unwrap();
        let rulebooks = Rulebooks::load(&settings).unwrap();
        let renderer = Renderer::new(&rulebooks.wordings(), Letterhead::default()).unwrap();
        let mut words = |digest: &Digest| renderer.render(digest);
        let mut morning =
            Morning { db: &self.db, settings: &settings, rulebooks: &rulebooks, fresh: true, words: &mut words };
        for iso in days {
            morning.run("", day(iso), morning_of(iso)).await.unwrap().unwrap();
        }
    }

    /// The morning of a day, and all its mails taken.
    pub(crate) async fn morning_sent(&self, iso: &str) {
        self.mornings(&[iso]).await;
        let now = morning_of(iso);
        while let Some(mail) = queue::claim(&self.db, now, now, "token").await {
            assert!(queue::note(&self.db, mail.id, "token", now, Fate::Sent).await);
        }
    }

    pub(crate) fn mails(&self) -> PathBuf {
        self.folder.path().join("mails")
    }

    /// The binary with these words, in the office's folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::cargo_bin("wiedervorlage").unwrap();
        let url = format!("sqlite:{}", self.folder.path().join("haus.db").display());
        command.env_clear().current_dir(self.folder.path()).args(words);
        command.env("WIEDERVORLAGE__DATABASE__URL", url).env("WIEDERVORLAGE__MAIL__FILE__DIR", self.mails());
        command
    }

    pub(crate) fn asked(&self, words: &[&str]) -> Answer {
        Answer(self.command(words).assert())
    }
}

/// What the binary said.
pub(crate) struct Answer(pub(crate) Assert);

impl Answer {
    pub(crate) fn code(&self) -> i32 {
        self.0.get_output().status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.get_output().stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.get_output().stderr.clone()).unwrap()
    }

    /// The standard output of an answer that must have been given.
    pub(crate) fn said(self) -> String {
        assert_eq!((self.code(), self.err()), (0, String::new()), "{}", self.out());
        self.out()
    }
}
