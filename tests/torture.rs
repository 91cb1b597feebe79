//! A service in bad times against a house in which nothing ever happens.
//!
//! Days go by. Lists come in, things are recorded, the clock jumps, the mail server refuses, cuts and forgets, the
//! service is killed, stopped and started at random moments. The quiet house gets the same lists on the same days and
//! runs its mornings by hand. In the end both must have said the same: no mail lost, none twice but where nobody can
//! know, none to anybody else, the same memory of it.
//!
//! One minute as a test; by hand as long as wanted: `WIEDERVORLAGE_TORTURE_SECONDS=3600 cargo test --test torture`.
//! A seed that failed is played again with `WIEDERVORLAGE_TORTURE_SEED`. Torture alone may wait in real time: a kill
//! needs a moment.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/pg.rs"]
mod pg;
#[path = "support/plain.rs"]
mod plain;
#[path = "torture/rows.rs"]
mod rows;
#[path = "support/running.rs"]
mod running;
#[path = "torture/sink.rs"]
mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use plain::{Delivery, House};
use running::{Running, libfaketime, set};
use sink::{Mood, Sink};

/// Nobody of this name is at the mail server.
const NOBODY: &str = "bak1@jobcenter.example";

/// splitmix64: the same seed, the same times.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// Two houses and the time in both.
struct Yard {
    dice: Dice,
    sentence: String,
    troubled: House,
    url: String,
    quiet: House,
    sink: Sink,
    service: Option<Running>,
    now: NaiveDateTime,
    /// How often a service died with a mail possibly under way.
    kills: u64,
    /// In a row.
    bad_days: u32,
}

impl Yard {
    fn new(seed: u64, server: bool) -> Self {
        let sink = Sink::new(NOBODY);
        let troubled = House::new();
        let url = if server { pg::fresh_database() } else { troubled.database_url() };
        let mut troubled = troubled.with("MAIL__TRANSPORT", "smtp".to_owned());
        for (key, value) in [
            ("DATABASE__URL", url.clone()),
            ("MAIL__SMTP__HOST", "127.0.0.1".to_owned()),
            ("MAIL__SMTP__PORT", sink.port.to_string()),
            ("MAIL__SMTP__TLS", "none".to_owned()),
            ("MAIL__FROM", "wiedervorlage@jobcenter.example".to_owned()),
            ("MAIL__SMTP__CONNECTIONS", (1 + seed % 3).to_string()),
        ] {
            troubled = troubled.with(key, value);
        }
        let mut dice = Dice(seed);
        let start: NaiveDate = "2026-01-05".parse().unwrap();
        let now = (start + Days::new(dice.roll(500))).and_hms_opt(4, 0, 0).unwrap();
        let both = |house: House| house.with("MAIL__ALLOWED_DOMAINS", "jobcenter.example".to_owned());
        let (troubled, quiet) = (both(troubled), both(House::new()));
        let sentence = format!("WIEDERVORLAGE_TORTURE_SEED={seed} ({})", if server { "PostgreSQL" } else { "SQLite" });
        Self { dice, sentence, troubled, url, quiet, sink, service: None, now, kills: 0, bad_days: 0 }
    }

    fn clock(&self) -> String {
        self.now.format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// A command of the house at this time; how it ended.
    fn command(&self, house: &House, arguments: &[&str]) -> std::process::Command {
        let mut command = house.command(arguments);
        command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", format!("@{}", self.clock())).env("TZ", "UTC");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    fn does(&self, house: &House, arguments: &[&str]) {
        let output = self.command(house, arguments).output().unwrap();
        // 1: something was refused or is left, which is the same in both.
        let fine = matches!(output.status.code(), Some(0 | 1));
        assert!(fine, "{}: {arguments:?}: {}", self.sentence, String::from_utf8_lossy(&output.stderr));
    }

    /// The service, started if it is not there.
    fn service(&mut self) -> &Running {
        let at = self.clock();
        self.service.get_or_insert_with(|| {
            let service = Running::start(&self.troubled, &[], &at);
            service.hears("service ready");
            service
        })
    }

    /// Time goes on, and the service hears of it.
    fn passes(&mut self, time: TimeDelta) {
        self.now += time;
        let at = self.clock();
        if let Some(service) = &self.service {
            set(&service.clock, &at);
            service.ring();
        }
    }

    /// A little real time, in which anything may be under way.
    fn moment(&mut self) {
        std::thread::sleep(Duration::from_millis(self.dice.roll(120)));
    }

    /// What may befall a service.
    fn befalls(&mut self) {
        match self.dice.roll(8) {
            0 | 1 => {
                self.service();
                self.moment();
                if let Some(service) = self.service.take() {
                    service.signal("KILL");
                    self.kills += 1;
                }
            }
            2 => {
                if let Some(service) = self.service.take() {
                    let stopped = service.stop();
                    assert!(stopped.success(), "{}: stopped with {stopped}", self.sentence);
                }
            }
            3 => {
                if let Some(service) = &self.service {
                    service.signal("STOP");
                    std::thread::sleep(Duration::from_millis(20));
                    service.signal("CONT");
                }
            }
            _ => {}
        }
    }

    fn mood(&mut self) {
        let moods = Mood::ALL.len() as u64;
        let mood = Mood::ALL[usize::try_from(self.dice.roll(moods)).unwrap()];
        self.sink.be(mood);
    }

    /// A list comes in; where it is killed, it comes in again.
    fn list_comes_in(&mut self, number: u64) {
        let day = self.now.date();
        let delivery = Delivery::new(self.dice.roll(1_000), 20 + self.dice.roll(30), day);
        let folder: PathBuf = self.quiet.generate(&format!("d{number}"), &delivery);
        let folder = folder.to_str().unwrap().to_owned();
        let arguments = ["import", &folder, "--force"];
        if self.dice.one_in(3) {
            let mut child = self
                .command(&self.troubled, &arguments)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            self.moment();
            let _ = child.kill();
            let _ = child.wait();
        }
        self.does(&self.troubled, &arguments);
        self.does(&self.quiet, &arguments);
    }

    /// One day.
    async fn day(&mut self, number: u64) {
        if number == 0 || self.dice.one_in(3) {
            self.list_comes_in(number);
        }
        self.mood();
        self.befalls();
        self.service();
        // 04:00 UTC is before any morning of theirs, 07:00 after it.
        self.passes(TimeDelta::hours(3));
        self.befalls();
        for _ in 0..self.dice.roll(4) {
            self.moment();
            self.mood();
            let minutes = 1 + self.dice.roll(90);
            self.passes(TimeDelta::minutes(i64::try_from(minutes).unwrap()));
            self.befalls();
        }
        // The morning of the day is had before the next list comes in, as in the quiet house.
        self.does(&self.quiet, &["morning"]);
        self.has_its_morning().await;
        // Never bad for three days: what is then given up is told again, as the quiet house would not.
        self.bad_days += 1;
        let (recovers, days_off) = (self.bad_days == 2 || self.dice.one_in(3), 3 * u64::from(self.dice.one_in(4)));
        let tomorrow = (self.now.date() + Days::new(1)).and_hms_opt(4, 0, 0).unwrap();
        if recovers || days_off > 0 {
            self.recovers(&[1, 2, 5]);
            self.now = tomorrow;
            self.recovers(&[0]);
            self.bad_days = 0;
        }
        let time = tomorrow + Days::new(days_off) - self.now;
        self.passes(time);
    }

    /// The service has its morning of this day, if the quiet house has, whatever befell it before.
    async fn has_its_morning(&mut self) {
        let run = format!("run where day = '{}'", self.now.date());
        let wanted = rows::rows(&self.quiet.database_url(), &["day"], &run).await;
        // The first look that is heard may have begun earlier; a morning that failed pauses for a minute.
        for _ in 0..10 {
            if rows::rows(&self.url, &["day"], &run).await == wanted {
                return;
            }
            self.passes(TimeDelta::minutes(1));
            self.service().hears("looked for mornings");
        }
        panic!("{}: no morning on {}", self.sentence, self.now);
    }

    /// The mail server is well again, after so many hours each.
    fn recovers(&mut self, after: &[i64]) {
        self.sink.be(Mood::Good);
        for hours in after {
            self.passes(TimeDelta::hours(*hours));
            self.does(&self.troubled, &["deliver"]);
        }
    }

    /// All is well again, for long enough that everything that was to be tried again has been.
    fn heals(&mut self) {
        // Without the service, which would run mornings of days that the quiet house does not have.
        if let Some(service) = self.service.take() {
            assert!(service.stop().success(), "{}", self.sentence);
        }
        self.recovers(&[1, 2, 4, 8, 8, 8]);
    }

    async fn compares(&mut self) {
        let quiet = self.quiet.database_url();
        let said = &self.sentence;
        let runs = ["office", "day"];
        assert_eq!(rows::rows(&self.url, &runs, "run").await, rows::rows(&quiet, &runs, "run").await, "{said}: runs");
        let keys = ["dedup_key"];
        let mails = rows::rows(&self.url, &keys, "outbox").await;
        assert_eq!(mails, rows::rows(&quiet, &keys, "outbox").await, "{said}: mails written");
        let told = ["o.dedup_key", "n.fallnr", "n.rule", "n.subject", "n.cycle", "n.step"];
        let log = "notice n join outbox o on o.id = n.outbox_id";
        assert_eq!(rows::rows(&self.url, &told, log).await, rows::rows(&quiet, &told, log).await, "{said}: told");
        let entry = ["fallnr", "rule", "subject", "cycle", "opened", "ended", "ended_how"];
        assert_eq!(
            rows::rows(&self.url, &entry, "ledger").await,
            rows::rows(&quiet, &entry, "ledger").await,
            "{said}: the ledger"
        );
        self.mails_arrived().await;
    }

    /// Nothing lost, nothing twice but where nobody can know, nothing to anybody else.
    async fn mails_arrived(&self) {
        let said = &self.sentence;
        let outbox = rows::rows(&self.url, &["message_id", "recipient", "state", "error"], "outbox").await;
        let mut arrived: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
        for taken in self.sink.taken() {
            arrived.entry(taken.message_id).or_default().push((taken.recipient, taken.confirmed));
        }
        let mut twice = 0;
        let mut known = BTreeSet::new();
        for row in &outbox {
            let [id, recipient, state, _] = row.splitn(4, '|').collect::<Vec<_>>()[..] else { panic!("{row}") };
            known.insert(id.to_owned());
            let copies = arrived.get(id).map(Vec::as_slice).unwrap_or_default();
            assert!(copies.iter().all(|(to, _)| to == recipient), "{said}: {row} went to {copies:?}");
            match state {
                "sent" => assert!(!copies.is_empty(), "{said}: lost: {row}"),
                "failed" => assert_eq!(recipient, NOBODY, "{said}: given up: {row}"),
                "superseded" => {}
                _ => panic!("{said}: still {row}"),
            }
            // A copy more for every one that the service was not told of; or for a service that died before its mark.
            let confirmed = copies.iter().filter(|(_, confirmed)| *confirmed).count();
            twice += u64::try_from(confirmed.saturating_sub(1)).unwrap();
        }
        assert!(arrived.keys().all(|id| known.contains(id)), "{said}: a mail that nobody wrote");
        let connections = 3;
        assert!(twice <= self.kills * connections, "{said}: {twice} mails twice with {} kills", self.kills);
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text}: expected a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_in_bad_times_says_what_a_quiet_house_says() {
    let given = number("WIEDERVORLAGE_TORTURE_SEED");
    let seconds = number("WIEDERVORLAGE_TORTURE_SECONDS").unwrap_or(60);
    let first = given.unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000_000);
    let since = Instant::now();
    let (mut rounds, mut days, mut kills, mut mails) = (0, 0, 0, 0);
    while rounds < 2 || since.elapsed() < Duration::from_secs(seconds) {
        let (seed, server) = (first + rounds / 2, rounds % 2 == 1);
        let mut yard = Yard::new(seed, server);
        println!("{}", yard.sentence);
        let length = 4 + yard.dice.roll(8);
        for number in 0..length {
            yard.day(number).await;
        }
        yard.heals();
        yard.compares().await;
        (rounds, days, kills) = (rounds + 1, days + length, kills + yard.kills);
        mails += yard.sink.taken().len();
        if given.is_some() && rounds == 2 {
            break;
        }
    }
    println!("{rounds} rounds, {days} days, {kills} kills, {mails} mails taken in {:?}", since.elapsed());
}
