//! Who gets which mail when: `simulate` is what tests/oracle/reckon.py reckons from RULES.md section 5, and what the
//! mornings themselves do, day by day.
//!
//! `cargo test --test simulate` takes a few deliveries of every kind. More of them:
//! `WIEDERVORLAGE_SIMULATE_SEEDS=0..500 cargo test --test simulate bent`.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "simulate/data.rs"]
mod data;
#[path = "support/plain.rs"]
mod plain;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use plain::{Delivery, Dice, House, day, difference, objects, plus, python, seeds};
use serde_json::{Value, json};
use wiedervorlage::app::App;
use wiedervorlage::clock::Clock;
use wiedervorlage::config::settings::Settings;
use wiedervorlage::domain::digest::{Digest, News};
use wiedervorlage::intake;
use wiedervorlage::morning::{Morning, Skipped};
use wiedervorlage::store::{OutboxFilter, OutboxState};

/// So many days every simulation lasts.
const DAYS: i64 = 120;
/// Seeds of the run that always happens.
const SEEDS: std::ops::Range<u64> = 0..16;
const VARIABLE: &str = "WIEDERVORLAGE_SIMULATE_SEEDS";
const KINDS: [&str; 9] =
    ["absent", "addresses", "deputies", "unknown", "regions", "shared", "leads", "appointments", "lively"];

/// First and last day, and those of a standstill.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: NaiveDate,
    to: NaiveDate,
    down: Option<(NaiveDate, NaiveDate)>,
    data_until: Option<NaiveDate>,
}

impl Span {
    fn from(from: NaiveDate) -> Self {
        Self { from, to: plus(from, DAYS - 1), down: None, data_until: None }
    }

    fn down(self, from: NaiveDate, days: i64) -> Self {
        Self { down: Some((from, plus(from, days - 1))), ..self }
    }

    fn arguments(&self) -> Vec<String> {
        let mut all = vec!["--from".to_owned(), self.from.to_string(), "--to".to_owned(), self.to.to_string()];
        if let Some((from, to)) = self.down {
            all.extend(["--down".to_owned(), format!("{from}..{to}")]);
        }
        if let Some(until) = self.data_until {
            all.extend(["--data-until".to_owned(), until.to_string()]);
        }
        all
    }

    fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let Self { from, to, down, .. } = *self;
        let runs = move |d: &NaiveDate| down.is_none_or(|(first, last)| *d < first || last < *d);
        from.iter_days().take_while(move |d| *d <= to).filter(runs)
    }
}

/// Lines in the order of the plain reckoning: by day, kind and address. Their days are in order already.
fn in_order(mut mails: Vec<Value>) -> Vec<String> {
    assert!(mails.is_sorted_by_key(|m| m["date"].as_str().map(str::to_owned)));
    mails.sort_by_cached_key(|m| ["date", "kind", "to"].map(|key| m[key].as_str().unwrap().to_owned()));
    mails.iter().map(Value::to_string).collect()
}

fn same(ours: &[String], plain: &[String], replay: &str) {
    assert!(
        ours == plain,
        "{} mails, {} plain ones\n{}  of: {replay}",
        ours.len(),
        plain.len(),
        difference(ours, plain)
    );
}

fn simulated(house: &House, span: Span) -> Vec<String> {
    let arguments = span.arguments();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.splice(0..0, ["simulate", "--format", "jsonl"]);
    in_order(objects(&house.says(&arguments)))
}

fn reckoned(folder: &Path, span: Span) -> Vec<String> {
    let arguments = span.arguments();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.insert(0, folder.to_str().unwrap());
    in_order(objects(&python("reckon.py", &arguments)))
}

/// That `simulate` says of the delivery what the plain reckoning says.
fn check(delivery: &Delivery, span: Span) {
    // The Wochenliste is a form and no mail about what is due: nobody reckons it here.
    let house = House::new().with("MAIL__WOCHENLISTE", "aus".to_owned());
    let folder = house.generate("delivery", delivery);
    house.import(&folder);
    let replay = format!("{delivery}, {}", span.arguments().join(" "));
    let mails = simulated(&house, span);
    assert!(mails.len() > 20, "too few mails to prove anything: {} of {replay}", mails.len());
    same(&mails, &reckoned(&folder, span), &replay);
}

#[test]
fn a_small_office_gets_what_is_reckoned() {
    for (seed, odd) in [(1, false), (2, true)] {
        check(&Delivery { odd, ..Delivery::new(seed, 30, day("2026-11-23")) }, Span::from(day("2026-11-23")));
    }
}

#[test]
fn a_service_that_starts_on_a_weekend_or_between_the_years_begins_on_the_first_workday() {
    for (seed, start) in [(3, "2026-11-28"), (4, "2026-12-25"), (5, "2027-10-31")] {
        check(&Delivery { odd: true, ..Delivery::new(seed, 30, day("2026-12-01")) }, Span::from(day(start)));
    }
}

#[test]
fn a_week_of_standstill_is_made_up_for() {
    for (seed, down, days) in [
        (6, "2026-12-07", 5),  // Monday to Friday: last week's missed search runs are told afterwards
        (7, "2026-12-09", 7),  // begins in the middle of a week and swallows a Monday
        (8, "2026-12-22", 14), // over Christmas and the year's end
        (9, "2026-11-20", 7),  // begins before the first day
        (10, "2026-12-05", 2), // a weekend: nobody notices
    ] {
        let delivery = Delivery { odd: seed % 2 == 0, ..Delivery::new(seed, 30, day("2026-11-23")) };
        check(&delivery, Span::from(day("2026-11-23")).down(day(down), days));
    }
}

#[test]
fn several_teams_that_share_colleagues_get_what_is_reckoned() {
    let delivery = Delivery { odd: true, ..Delivery::new(11, 400, day("2027-03-01")) };
    check(&delivery, Span::from(day("2027-03-01")));
}

#[test]
fn several_teams_at_a_standstill_get_what_is_reckoned() {
    let bent = vec!["absent", "leads", "lively"];
    let delivery = Delivery { bent, ..Delivery::new(12, 400, day("2025-10-06")) };
    check(&delivery, Span::from(day("2025-10-11")).down(day("2025-12-03"), 7));
}

#[test]
fn each_way_to_be_rare_alone_gives_what_is_reckoned() {
    for (seed, kind) in (20..).zip(KINDS) {
        let delivery = Delivery { odd: seed % 2 == 0, bent: vec![kind], ..Delivery::new(seed, 40, day("2026-02-16")) };
        check(&delivery, Span::from(day("2026-02-16")).down(day("2026-04-02"), 7));
    }
}

/// A third of the seeds, each a delivery bent in several ways, a start and perhaps a standstill.
fn bent(part: u64) {
    for seed in seeds(VARIABLE, SEEDS).filter(|seed| seed % 3 == part) {
        let dice = &mut Dice::new(seed + 90_000);
        let on = plus(day("2025-01-01"), dice.between(0, 1300));
        let ways = KINDS.into_iter().filter(|_| dice.between(0, 1) == 0).collect();
        // Nine cases in ten are of a small office: what is rare is so in every size, and three teams are enough.
        let cases = if dice.between(0, 9) == 0 { 130 } else { dice.between(20, 45) };
        let odd = dice.between(0, 1) == 0;
        let delivery = Delivery { odd, bent: ways, ..Delivery::new(seed, cases.unsigned_abs(), on) };
        let from = plus(on, dice.between(-3, 40));
        let mut span = Span::from(from);
        if dice.between(0, 2) > 0 {
            span = span.down(plus(from, dice.between(-2, 90)), dice.one_of(&[1, 4, 7, 7, 14]));
        }
        check(&delivery, span);
    }
}

#[test]
fn a_delivery_bent_in_many_ways_gives_what_is_reckoned() {
    bent(0);
}

#[test]
fn another_delivery_bent_in_many_ways_gives_what_is_reckoned() {
    bent(1);
}

#[test]
fn one_more_delivery_bent_in_many_ways_gives_what_is_reckoned() {
    bent(2);
}

/// Early on that day, in Berlin.
fn early(d: NaiveDate) -> DateTime<Utc> {
    d.and_hms_opt(5, 30, 0).unwrap().and_utc()
}

/// What a mail tells anew: day, kind, address, rule, subject, cycle, step, role.
type Fired = BTreeSet<[String; 8]>;

/// An office over its own store, driven from outside.
struct Driven {
    app: App,
    /// Whether data counts as fresh, as it does in a simulation without end of data.
    fresh: bool,
    mails: Vec<Value>,
    fired: Fired,
}

impl Driven {
    async fn open(house: &House, folder: &Path) -> Self {
        Self::open_at(house, folder, early(day("2025-01-01"))).await
    }

    /// With its first delivery at that instant.
    async fn open_at(house: &House, folder: &Path, now: DateTime<Utc>) -> Self {
        let mut settings = Settings::load(None).unwrap();
        settings.database_url = house.database_url();
        settings.mail.file_dir = house.mails();
        let app = App::with(settings, Clock::from_fn(move || now)).await.unwrap();
        let driven = Self { app, fresh: true, mails: Vec::new(), fired: Fired::new() };
        driven.import(folder, now).await;
        driven
    }

    async fn import(&self, folder: &Path, now: DateTime<Utc>) {
        let options = intake::Options { force: true, ..intake::Options::new(now) };
        let report = intake::import(&self.app.db, &[folder.to_owned()], &options).await.unwrap();
        assert_eq!(report.exit_code(), 0);
    }

    /// The morning of `d`; its mails are brought away or stay.
    async fn morning(&mut self, d: NaiveDate, deliver: bool) {
        let renderer = self.app.renderer().await.unwrap();
        let (fresh, mails, fired) = (self.fresh, &mut self.mails, &mut self.fired);
        let mut words = |digest: &Digest| {
            let mut told = BTreeSet::new();
            for (role, item) in digest.items() {
                let step = &item.step;
                told.insert((item.rule.to_string(), item.subject.clone(), item.cycle.clone(), step.clone()));
                if item.news != News::Known {
                    let (kind, role) = (digest.kind.to_string(), role.to_string());
                    let what = [&*item.rule, &item.subject, &item.cycle, step].map(str::to_owned);
                    let [rule, subject, cycle, step] = what;
                    fired.insert([digest.day.to_string(), kind, digest.to.clone(), rule, subject, cycle, step, role]);
                }
            }
            let keys =
                |(rule, subject, cycle, step)| json!({"rule": rule, "subject": subject, "cycle": cycle, "step": step});
            let obligations: Vec<Value> = told.into_iter().map(keys).collect();
            let head = (digest.day.to_string(), digest.kind.as_str(), &digest.to);
            let mut mail = json!({"date": head.0, "kind": head.1, "to": head.2, "obligations": obligations});
            if !fresh {
                mail["stale"] = digest.data.iter().any(|d| d.fresh.stale).into();
            }
            mails.push(mail);
            renderer.render(digest)
        };
        let mut morning = Morning {
            db: &self.app.db,
            settings: &self.app.settings,
            rulebooks: &self.app.rulebooks,
            fresh,
            words: &mut words,
        };
        let ran = morning.run("", d, early(d)).await.unwrap();
        assert!(matches!(ran, Ok(_) | Err(Skipped::NoWorkday(_))), "{ran:?}");
        self.app.clock = Clock::from_fn(move || early(d));
        if deliver {
            let counts = self.app.courier().unwrap().drain(&tokio_util::sync::CancellationToken::new()).await.unwrap();
            assert_eq!((counts.again, counts.failed, counts.left), (0, 0, 0));
        }
    }
}

#[tokio::test]
async fn mornings_day_by_day_send_what_is_simulated() {
    for (seed, deliver) in [(31, 2), (32, 0), (33, 1)] {
        let from = day("2026-11-26");
        let bent = vec!["absent", "appointments", "lively", "shared"];
        let delivery = Delivery { odd: true, bent, ..Delivery::new(seed, 30, from) };
        let span = Span { to: plus(from, 59), ..Span::from(from) }.down(day("2026-12-09"), 7);
        let house = House::new();
        let folder = house.generate("delivery", &delivery);
        let mut driven = Driven::open(&house, &folder).await;
        let dice = &mut Dice::new(seed);
        for d in span.days() {
            // Never, on some days, or always: what is still in the queue must not change what is said.
            driven.morning(d, dice.between(0, 1) < deliver).await;
        }
        same(&in_order(driven.mails), &simulated(&house, span), &delivery.to_string());
    }
}

/// What the send log of the house's store holds.
async fn send_log(app: &App) -> Fired {
    let mut snapshot = app.db.snapshot().await.unwrap();
    let mut cases = vec![String::new()];
    cases.extend(snapshot.cases(None, "", 1_000).await.unwrap().files.into_iter().map(|file| file.case.fallnr));
    let mut fired = Fired::new();
    for fallnr in cases {
        for told in snapshot.told(&fallnr).await.unwrap() {
            let (key, role) = (told.key, told.role.to_string());
            let (date, kind) = (told.day.to_string(), told.kind.to_string());
            fired.insert([date, kind, told.recipient, key.rule.to_string(), key.subject, key.cycle, told.step, role]);
        }
    }
    fired
}

#[tokio::test]
async fn the_commands_morning_and_deliver_send_what_is_simulated() {
    let from = day("2026-12-17");
    let bent = vec!["absent", "lively"];
    let delivery = Delivery { odd: true, bent, ..Delivery::new(41, 45, from) };
    let span = Span { to: plus(from, 18), ..Span::from(from) };

    let (mut house, other) = (House::new(), House::new());
    let folder = house.generate("delivery", &delivery);
    let mut driven = Driven::open(&other, &folder).await;
    for d in span.days() {
        driven.morning(d, true).await;
    }

    // The data is from the day on which this test runs.
    house.settings.push(("OFFICE__STALE_AFTER", "0".to_owned()));
    house.import(&folder);
    for d in span.days().map(|d| d.to_string()) {
        house.says(&["morning", "--on", &d]);
        house.says(&["deliver"]);
    }
    let again = house.says(&["morning", "--on", &span.to.to_string()]);
    assert!(again.contains("schon erledigt"), "{again}");
    let before = house.run(&["morning", "--on", &plus(span.to, -3).to_string()]);
    assert_eq!(before.status.code(), Some(2));

    let mut settings = Settings::load(None).unwrap();
    settings.database_url = house.database_url();
    let app = App::with(settings, Clock::from_fn(move || early(from))).await.unwrap();
    let list = app.db.outbox_list(&OutboxFilter::default(), 0, 10_000).await.unwrap();
    assert!(list.iter().all(|mail| mail.state == OutboxState::Sent));
    let heads = |mails: Vec<String>| {
        mails.into_iter().map(|m| {
            let m: Value = serde_json::from_str(&m).unwrap();
            ["date", "kind", "to"].map(|key| m[key].as_str().unwrap().to_owned())
        })
    };
    let expected: BTreeSet<_> = heads(simulated(&house, span)).collect();
    let queued = list.iter().map(|mail| [mail.day.to_string(), mail.kind.unwrap().to_string(), mail.recipient.clone()]);
    assert_eq!(queued.collect::<BTreeSet<_>>(), expected);
    assert_eq!(list.len(), expected.len());
    assert_eq!(delivered(&house.mails()), expected);
    assert!(driven.fired.len() > 100, "{}", driven.fired.len());
    assert_eq!(send_log(&app).await, driven.fired);
}

/// Day, kind and address of every mail in the folder, as the mails themselves say it.
fn delivered(folder: &Path) -> BTreeSet<[String; 3]> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap();
            let header = |name: &str| {
                let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
                line.unwrap_or_else(|| panic!("{} has no {name}", entry.display())).to_owned()
            };
            let name = entry.file_name().unwrap().to_str().unwrap();
            let date = name.split('_').next().unwrap().to_owned();
            assert!(found.insert([date, header("X-BAK-Art"), header("To")]));
        }
    }
    found
}
