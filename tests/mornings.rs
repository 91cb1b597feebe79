//! Whole mornings over the store, day by day, with deliveries in between: what only several runs together can show.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "mornings/addresses.rs"]
mod addresses;
#[path = "mornings/again.rs"]
mod again;
#[path = "mornings/forms.rs"]
mod forms;
#[path = "mornings/once.rs"]
mod once;
#[path = "mornings/places.rs"]
mod places;
#[path = "support/queue.rs"]
mod queue;
#[path = "mornings/teams.rs"]
mod teams;

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};
use tempfile::TempDir;
use wiedervorlage::app::App;
use wiedervorlage::clock::Clock;
use wiedervorlage::config::settings::Settings;
use wiedervorlage::domain::digest::{Content, Digest, Item, Kind, Lapsed, News};
use wiedervorlage::intake;
use wiedervorlage::morning::Morning;
use wiedervorlage::store::{Fate, OutboxFilter, OutboxState, Spoken};

const TEAMS: &str = "team;name;postfach;bundesland;leitung;dienststelle;beginn\n\
    T0;Team 0;team@jobcenter.example;BW;TL0;;\n";
const STAFF: &str = "kuerzel;name;email;rolle;team;region;vertretung\n\
    TL0;Linde;leitung@jobcenter.example;TL;T0;;\n\
    BAK0;Adler;adler@jobcenter.example;BAK;T0;;BAK1\n\
    BAK1;Buche;buche@jobcenter.example;BAK;T0;;BAK0\n\
    IFK0;Esche;esche@jobcenter.example;IFK;T0;;IFK1\n\
    IFK1;Fichte;fichte@jobcenter.example;FM;T0;;IFK0\n";
const CASES: &str = "fallnr;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;\
    ende_grund;rueckgabegespraech_am;fazit_am\n";
const DONE: &str = "fallnr;art;datum;anzahl\n";
const AWAY: &str = "kuerzel;von;bis\n";
const SUBSIDIES: &str = "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\n";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/beispiel-nachbetreuung.toml");

/// A day of 2026, or `2027-01-31`.
fn day(text: &str) -> NaiveDate {
    let iso = if text.len() == 5 { format!("2026-{text}") } else { text.to_owned() };
    iso.parse().unwrap_or_else(|_| panic!("{text} is no day"))
}

/// Early on that day, in Berlin.
fn early(d: NaiveDate) -> DateTime<Utc> {
    d.and_hms_opt(4, 30, 0).unwrap().and_utc()
}

/// A case of BAK0 and IFK0: case number, Hauptbetreuer since, ended on, why.
fn case(fallnr: &str, since: &str, end: &str, why: &str) -> String {
    case_of("BAK0", "IFK0", fallnr, since, end, why)
}

fn case_of(bak: &str, ifk: &str, fallnr: &str, since: &str, end: &str, why: &str) -> String {
    format!("{fallnr};A. B.;{bak};{ifk};T0;;;;{since};{since};{end};{why};;\n")
}

/// An office over its own store.
struct House {
    folder: TempDir,
    app: App,
}

impl House {
    /// With the settings of a TOML text. Opened anew in the same folder it is the same office.
    async fn open(folder: TempDir, settings: &str) -> Self {
        let file = folder.path().join("settings.toml");
        let own = "[database]\nurl = \"sqlite:w.db\"\n[mail.file]\ndir = \"mails\"\n";
        std::fs::write(&file, format!("{own}{settings}")).unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        let app = App::with(settings, Clock::from_fn(|| early(day("01-02")))).await.unwrap();
        Self { folder, app }
    }

    async fn new() -> Self {
        Self::open(TempDir::new().unwrap(), "").await
    }

    async fn with(settings: &str) -> Self {
        Self::open(TempDir::new().unwrap(), settings).await
    }

    /// The same office from now on with these settings.
    async fn changed(self, settings: &str) -> Self {
        self.app.db.close().await;
        Self::open(self.folder, settings).await
    }

    /// Imports these files early on a day, before its morning.
    async fn deliver(&self, on: &str, files: &[(&str, String)]) {
        let delivery = TempDir::new_in(self.folder.path()).unwrap();
        for (name, text) in files {
            std::fs::write(delivery.path().join(name), text).unwrap();
        }
        let options = intake::Options { force: true, ..intake::Options::new(early(day(on))) };
        let report = intake::import(&self.app.db, &[delivery.path().to_owned()], &options).await.unwrap();
        assert_eq!(report.exit_code(), 0, "{report:?}");
    }

    /// The first delivery: teams, staff, and these cases and activities.
    async fn begin(&self, on: &str, cases: &[String], done: &str) {
        let staff = [("teams.csv", TEAMS.to_owned()), ("personal.csv", STAFF.to_owned())];
        self.deliver(on, &staff).await;
        self.deliver(on, &[("betreuungen.csv", format!("{CASES}{}", cases.concat()))]).await;
        self.deliver(on, &[("aktivitaeten.csv", format!("{DONE}{done}"))]).await;
    }

    /// The morning of a day, and what it says.
    async fn morning(&self, on: &str) -> Vec<Digest> {
        self.morning_in("", on).await
    }

    /// The morning of one office (Dienststelle).
    async fn morning_in(&self, office: &str, on: &str) -> Vec<Digest> {
        let renderer = self.app.renderer().await.unwrap();
        let mut digests = Vec::new();
        let mut words = |digest: &Digest| {
            digests.push(digest.clone());
            renderer.render(digest)
        };
        let mut morning = Morning {
            db: &self.app.db,
            settings: &self.app.settings,
            rulebooks: &self.app.rulebooks,
            fresh: false,
            words: &mut words,
        };
        let ran = morning.run(office, day(on), early(day(on))).await.unwrap();
        assert!(ran.is_ok(), "{on}: {ran:?}");
        digests
    }

    /// The mornings of some days, of which nobody looks at the mails.
    async fn mornings(&self, days: &[&str]) {
        for on in days {
            self.morning(on).await;
        }
    }
}

/// The mails of a kind in the outbox that stand so, as `06-05 team`, in order.
async fn outbox(house: &House, kind: Kind, state: OutboxState) -> Vec<String> {
    let filter = OutboxFilter { kind: Some(kind), state: Some(state), ..OutboxFilter::default() };
    let list = house.app.db.outbox_list(&filter, 0, 1000).await.unwrap();
    let to = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let mut mails: Vec<_> = list.iter().map(|m| format!("{} {}", m.day.format("%m-%d"), to(&m.recipient))).collect();
    mails.sort();
    mails
}

/// The mail of a kind to an address (without its domain), if there is one.
fn mail<'d>(digests: &'d [Digest], kind: Kind, to: &str) -> Option<&'d Digest> {
    digests.iter().find(|d| d.kind == kind && d.to == format!("{to}@jobcenter.example"))
}

fn item(i: &Item) -> String {
    let news = match i.news {
        News::New => " NEW",
        News::TakenOver => " TAKEN OVER",
        News::Known => "",
    };
    format!("{} {} {}{news}", i.subject, i.rule, i.step)
}

fn over(l: &Lapsed) -> String {
    format!("{} {} LAPSED", l.subject, l.rule)
}

/// What a mail says, sorted: `17 fazit faellig NEW`; a day's mail also how much is done.
fn says(digest: Option<&Digest>) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(digest) = digest else { return lines };
    match &digest.content {
        Content::Day(teams) => {
            for bak in teams.iter().flat_map(|t| &t.baks) {
                let rows = bak.now.iter().chain(&bak.ahead).chain(&bak.long).flat_map(|r| &r.items);
                let weeks = bak.search.iter().flat_map(|s| &s.open).chain(bak.missed.iter().flat_map(|m| &m.items));
                lines.extend(rows.chain(weeks).map(item));
                lines.extend(bak.lapsed.iter().map(over));
                if bak.done > 0 {
                    lines.push(format!("done {}", bak.done));
                }
            }
        }
        Content::Notice(parts) => {
            for part in parts {
                let who = part.who.kuerzel.as_deref().unwrap_or("?");
                let why = [(part.start, "start"), (part.reminder, "reminder"), (part.who.in_stead, "in stead of")];
                let mut head = String::new();
                for (_, word) in why.iter().filter(|(is, _)| *is) {
                    let _ = write!(head, "{word} ");
                }
                if !head.is_empty() {
                    lines.push(format!("{head}{who}"));
                }
                lines.extend(part.items.iter().map(item));
                lines.extend(part.lapsed.iter().map(over));
            }
        }
        Content::Escalation(teams) => {
            lines.extend(teams.iter().flat_map(|t| &t.items).map(item));
            lines.extend(teams.iter().flat_map(|t| &t.lapsed).map(over));
        }
        Content::Week(_) => lines.push("week".to_owned()),
        Content::Forms(forms) => {
            for form in forms {
                let stead = if form.in_stead { "in stead of " } else { "" };
                let cases: Vec<_> = form.rows.iter().map(|row| row.fallnr.as_str()).collect();
                lines.push(format!("{stead}{} {}: {}", form.bak, form.week.name(), cases.join(" ")));
            }
        }
        Content::Admin(problems) | Content::Missed(problems) => lines.extend(problems.iter().cloned()),
        Content::Receipt(receipt) => lines.extend(receipt.sentences.iter().cloned()),
    }
    lines.sort();
    lines
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_new_colleague_is_told_once_what_they_take_over() {
    let house = House::new().await;
    let six_months = |bak, ifk| case_of(bak, ifk, "17", "05.01.2026", "", "");
    // Due on Friday, 03.07.2026: announced on 05.06., called to mind on 19.06.
    house.begin("06-01", &[six_months("BAK0", "IFK0")], "").await;
    house.mornings(&["06-03", "06-05", "06-08"]).await;

    // Absence is no reassignment: the deputies get nothing as taken over.
    house
        .deliver(
            "06-09",
            &[("abwesenheiten.csv", format!("{AWAY}BAK0;09.06.2026;09.06.2026\nIFK0;09.06.2026;09.06.2026\n"))],
        )
        .await;
    let digests = house.morning("06-09").await;
    assert_eq!(says(mail(&digests, Kind::Persoenlich, "buche")), ["17 rueckgabe-6-monate planung"]);
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "fichte")), NOTHING);

    house.deliver("06-10", &[("betreuungen.csv", format!("{CASES}{}", six_months("BAK1", "IFK1")))]).await;
    let digests = house.morning("06-10").await;
    let taken_over = ["17 rueckgabe-6-monate planung TAKEN OVER"];
    assert_eq!(says(mail(&digests, Kind::Tagesuebersicht, "team")), taken_over);
    assert_eq!(says(mail(&digests, Kind::Persoenlich, "buche")), taken_over);
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "fichte")), taken_over);
    assert!(mail(&digests, Kind::Persoenlich, "adler").is_none(), "it is no longer theirs");
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());

    let digests = house.morning("06-11").await;
    assert_eq!(says(mail(&digests, Kind::Persoenlich, "buche")), ["17 rueckgabe-6-monate planung"]);
    assert!(mail(&digests, Kind::Mitteilung, "fichte").is_none(), "told once");
}

#[tokio::test]
async fn stale_data_holds_what_waits_for_activities_and_nothing_else() {
    let house = House::new().await;
    // 17: the contact is due on Monday, 29.06., and the IFK is told ten workdays later, on 13.07. 18: the return is due
    // on 10.08. and planned on 13.07.
    let cases = [case("17", "01.06.2026", "", ""), case("18", "11.02.2026", "", "")];
    house.begin("07-06", &cases, "18;kontakt_telefonisch;06.07.2026;1\n").await;
    let digests = house.morning("07-08").await;
    assert!(digests.iter().all(|d| d.data.iter().all(|data| !data.fresh.stale)), "two workdays are not too old");
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), NOTHING);
    house.mornings(&["07-09", "07-10"]).await;

    let digests = house.morning("07-13").await;
    assert!(digests.iter().all(|d| d.data.iter().all(|data| data.fresh.stale)));
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "esche")),
        ["17 kundenkontakt information", "18 rueckgabe-6-monate planung NEW"],
        "a pure date goes on; what waits for a contact is no news"
    );
    assert_eq!(
        says(mail(&digests, Kind::Persoenlich, "adler")),
        ["17 kundenkontakt information NEW", "18 rueckgabe-6-monate planung NEW"],
        "the BAK is told all the same"
    );
    assert!(mail(&house.morning("07-14").await, Kind::Mitteilung, "esche").is_none());

    house.deliver("07-15", &[("betreuungen.csv", format!("{CASES}{}", cases.concat()))]).await;
    let digests = house.morning("07-15").await;
    assert!(digests.iter().all(|d| d.data.iter().all(|data| !data.fresh.stale)));
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "esche")),
        ["17 kundenkontakt information NEW", "18 rueckgabe-6-monate planung"],
        "held, not lost"
    );
    assert!(mail(&house.morning("07-16").await, Kind::Mitteilung, "esche").is_none(), "told once");
}

#[tokio::test]
async fn a_team_without_receipts_hears_once_a_week_what_nobody_is_watching() {
    let house = House::with("[mail]\nreceipts = false\n[office]\nstale_after = 0\n").await;
    // Nothing is open: no activity was ever recorded, and six months are far away.
    house.begin("06-01", &[case("17", "01.06.2026", "", "")], "").await;
    for (on, told) in [("06-01", true), ("06-02", false), ("06-08", true), ("06-09", false), ("06-16", true)] {
        let digests = house.morning(on).await;
        let unwatched = mail(&digests, Kind::Tagesuebersicht, "team").map(|digest| match &digest.content {
            Content::Day(teams) => teams[0].unwatched.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(unwatched.is_some_and(|n| n > 0), told, "{on}: {unwatched:?}");
    }
}

#[tokio::test]
async fn held_in_stale_data_until_it_is_done_is_never_told() {
    let house = House::new().await;
    house.begin("07-06", &[case("17", "01.06.2026", "", "")], "99;kontakt_telefonisch;06.07.2026;1\n").await;
    // Evidence comes from a case that is known.
    house.deliver("07-06", &[("betreuungen.csv", format!("{CASES}{}", case("99", "01.07.2026", "", "")))]).await;
    house.mornings(&["07-08", "07-13", "07-14"]).await;
    house.deliver("07-15", &[("aktivitaeten.csv", format!("{DONE}17;kontakt_telefonisch;10.07.2026;1\n"))]).await;
    let digests = house.morning("07-15").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    assert_eq!(says(mail(&digests, Kind::Tagesuebersicht, "team")), ["done 1"]);
}

#[tokio::test]
async fn a_rule_of_the_offices_own_begins_with_the_stand_and_goes_on_step_by_step() {
    let house = House::new().await;
    // Both placed: 17 more than three months ago, 18 three months ago on 14.08.
    let cases = [
        case("17", "01.12.2025", "31.03.2026", "integration"),
        case("18", "01.12.2025", "14.05.2026", "integration"),
        case("19", "01.12.2025", "", ""),
    ];
    house.begin("07-20", &cases, "19;kontakt_telefonisch;20.07.2026;1\n").await;
    house.mornings(&["07-20", "07-21"]).await;
    let house = house.changed(&format!("[rules]\nfile = \"{EXAMPLE}\"\n")).await;
    house.deliver("07-22", &[("aktivitaeten.csv", DONE.to_owned())]).await;

    let digests = house.morning("07-22").await;
    let today = says(mail(&digests, Kind::Persoenlich, "adler"));
    assert!(today.contains(&"17 nachbetreuung faellig".to_owned()), "open, and no news: {today:?}");
    assert!(!today.iter().any(|line| line.starts_with("18 nachbetreuung")), "{today:?}");
    // On the first run of a rule each IFK gets the stand of all that is theirs.
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), NOTHING, "which is nothing of this rule");

    let digests = house.morning("07-31").await;
    let today = says(mail(&digests, Kind::Persoenlich, "adler"));
    assert!(today.contains(&"18 nachbetreuung hinweis NEW".to_owned()), "{today:?}");
    house.deliver("08-14", &[("aktivitaeten.csv", format!("{DONE}18;kontakt_persoenlich;13.08.2026;1\n"))]).await;
    let digests = house.morning("08-14").await;
    // Ninety workdays after its end the other one has run out, and that is said once.
    let today = says(mail(&digests, Kind::Persoenlich, "adler"));
    let about =
        |lines: &[String], case: &str| lines.iter().filter(|l| l.starts_with(case)).cloned().collect::<Vec<_>>();
    assert_eq!((about(&today, "done"), about(&today, "18 nach")), (vec!["done 1".to_owned()], vec![]), "{today:?}");
    assert_eq!(about(&today, "17 nach"), ["17 nachbetreuung LAPSED"]);
    let digests = house.morning("08-17").await;
    assert_eq!(about(&says(mail(&digests, Kind::Persoenlich, "adler")), "17 nach"), NOTHING);
}

#[tokio::test]
async fn a_rule_switched_on_for_case_workers_sends_them_the_stand_once() {
    let off = "[rules.rueckgabe-6-monate]\nenabled = false\n";
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("rules.toml"), off).unwrap();
    let house = House::open(folder, "[rules]\nfile = \"rules.toml\"\n").await;
    // The return was due on 03.07.; its escalation was on 08.07.
    house.begin("07-20", &[case("17", "05.01.2026", "", "")], "").await;
    let digests = house.morning("07-20").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    let house = house.changed("").await;
    let digests = house.morning("07-21").await;
    assert_eq!(says(mail(&digests, Kind::Mitteilung, "esche")), ["17 rueckgabe-6-monate eskalation", "start IFK0"]);
    assert!(mail(&digests, Kind::Eskalation, "leitung").is_none(), "the past is not escalated");
    let digests = house.morning("07-22").await;
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
}

#[tokio::test]
async fn what_ran_out_is_told_once_to_those_last_addressed_and_causes_no_mail() {
    let house = House::with("[office]\nstale_after = 0\n").await;
    // A MAG of twelve days: followed up by the BAK with the employer and by the IFK with the client, at the latest on
    // Tuesday, 09.06., before its end on Friday. 18 gives the evidence, and a notice to the same IFK later.
    let cases = [case("17", "01.06.2026", "", ""), case("18", "07.01.2026", "", "")];
    let evidence = "18;mag_nachhaltung_ag;07.01.2026;1\n18;mag_nachhaltung_kunde;07.01.2026;1\n";
    house.begin("06-01", &cases, evidence).await;
    house.deliver("06-01", &[("foerderungen.csv", format!("{SUBSIDIES}M1;17;MAG;;01.06.2026;12.06.2026;\n"))]).await;
    house.mornings(&["06-03", "06-05", "06-09"]).await;
    let digests = house.morning("06-12").await;
    assert!(says(mail(&digests, Kind::Persoenlich, "adler")).contains(&"M1 mag-nachhaltung-ag faellig".to_owned()));

    let digests = house.morning("06-15").await;
    let lapsed = |digests: &[Digest], kind, to| {
        says(mail(digests, kind, to))
            .into_iter()
            .filter(|l| l.contains("LAPSED") || l.contains("done"))
            .collect::<Vec<_>>()
    };
    for (kind, to) in [(Kind::Tagesuebersicht, "team"), (Kind::Persoenlich, "adler")] {
        assert_eq!(lapsed(&digests, kind, to), ["M1 mag-nachhaltung-ag LAPSED"]);
    }
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none(), "a lapse alone causes no mail");
    let digests = house.morning("06-16").await;
    assert_eq!(lapsed(&digests, Kind::Persoenlich, "adler"), NOTHING, "told once");

    // The return of 18 was planned on 08.06. and is due on Monday, 06.07.: the next notice to the same IFK.
    let digests = house.morning("07-06").await;
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "esche")),
        ["18 rueckgabe-6-monate faellig NEW", "M1 mag-nachhaltung-kunde LAPSED"]
    );
    house.deliver("07-07", &[("betreuungen.csv", format!("{CASES}{}", case("19", "08.01.2026", "", "")))]).await;
    let digests = house.morning("07-07").await;
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "esche")),
        ["18 rueckgabe-6-monate faellig", "19 rueckgabe-6-monate faellig NEW"],
        "told once"
    );
}

#[tokio::test]
async fn an_unmet_week_is_told_on_its_last_day_and_on_the_monday_after_and_never_again() {
    let house = House::new().await;
    let cases = [case("17", "01.06.2026", "", ""), case("18", "01.06.2026", "", "")];
    house.begin("06-01", &cases, "18;stellensuchlauf;02.06.2026;2\n18;stellensuchlauf;09.06.2026;2\n").await;
    house.mornings(&["06-01", "06-02"]).await;
    for (on, expected) in [
        ("06-03", &["17 stellensuchlauf hinweis NEW"][..]),
        ("06-05", &["17 stellensuchlauf faellig NEW"]),
        ("06-08", &["17 stellensuchlauf nachtragen NEW"]),
        ("06-09", &[]),
        ("06-10", &["17 stellensuchlauf hinweis NEW"]),
    ] {
        house.deliver(on, &[("aktivitaeten.csv", DONE.to_owned())]).await;
        let digests = house.morning(on).await;
        assert_eq!(says(mail(&digests, Kind::Tagesuebersicht, "team")), expected, "{on}");
    }
}

#[tokio::test]
async fn what_waits_for_a_lead_goes_when_one_can_be_reached_and_the_administrator_is_told() {
    let house = House::with("[admin]\nemail = \"admin@jobcenter.example\"\n").await;
    // The return is due on Friday, 03.07., and escalates on Wednesday, 08.07.
    house.begin("07-06", &[case("17", "05.01.2026", "", "")], "").await;
    house.deliver("07-06", &[("abwesenheiten.csv", format!("{AWAY}TL0;07.07.2026;14.07.2026\n"))]).await;
    let digests = house.morning("07-06").await;
    assert!(mail(&digests, Kind::Admin, "admin").is_none());
    assert_eq!(says(mail(&digests, Kind::Wochenbericht, "leitung")), ["week"]);
    let digests = house.morning("07-08").await;
    assert!(!digests.iter().any(|d| d.kind == Kind::Eskalation), "never a mailbox that colleagues read");
    assert_eq!(says(mail(&digests, Kind::Admin, "admin")).len(), 1);
    let digests = house.morning("07-13").await;
    assert!(!digests.iter().any(|d| d.kind == Kind::Wochenbericht));
    let digests = house.morning("07-15").await;
    assert_eq!(says(mail(&digests, Kind::Eskalation, "leitung")), ["17 rueckgabe-6-monate eskalation NEW"]);
    assert_eq!(says(mail(&digests, Kind::Wochenbericht, "leitung")), ["week"], "one report, not two");
    let digests = house.morning("07-16").await;
    assert!(!digests.iter().any(|d| matches!(d.kind, Kind::Eskalation | Kind::Wochenbericht | Kind::Admin)));
}

#[tokio::test]
async fn who_stands_in_for_a_lead_is_a_setting() {
    let house = House::with(
        "[office]
leitung_ersatz = \"ersatz@jobcenter.example\"
",
    )
    .await;
    house.begin("07-06", &[case("17", "05.01.2026", "", "")], "").await;
    house.deliver("07-06", &[("abwesenheiten.csv", format!("{AWAY}TL0;07.07.2026;\n"))]).await;
    house.mornings(&["07-06", "07-07"]).await;
    let digests = house.morning("07-08").await;
    assert_eq!(says(mail(&digests, Kind::Eskalation, "ersatz")), ["17 rueckgabe-6-monate eskalation NEW"]);
}

#[tokio::test]
async fn a_deputy_reads_whose_cases_they_are() {
    let house = House::new().await;
    let cases = [
        case_of("BAK0", "IFK0", "17", "05.01.2026", "", ""),
        case_of("BAK1", "IFK1", "18", "05.01.2026", "", ""),
        case_of("BAK1", "NEU", "19", "05.01.2026", "", ""),
    ];
    house.begin("06-01", &cases, "").await;
    house
        .deliver(
            "06-01",
            &[("abwesenheiten.csv", format!("{AWAY}IFK0;01.06.2026;10.06.2026\nBAK0;01.06.2026;10.06.2026\n"))],
        )
        .await;
    house.morning("06-03").await;
    // Planned on 05.06.: one mail to the deputy, with both parts.
    let digests = house.morning("06-05").await;
    let planned = |n: &str| format!("{n} rueckgabe-6-monate planung NEW");
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "fichte")),
        [planned("17"), planned("18"), "in stead of IFK0".to_owned()]
    );
    assert!(mail(&digests, Kind::Mitteilung, "esche").is_none());
    assert_eq!(
        says(mail(&digests, Kind::Mitteilung, "team")),
        [planned("19")],
        "an unknown IFK's cases go to the team"
    );
    let Some(Content::Day(teams)) = mail(&digests, Kind::Persoenlich, "buche").map(|d| &d.content) else { panic!() };
    let who: Vec<_> = teams[0].baks.iter().map(|b| (b.who.kuerzel.as_deref(), b.who.in_stead)).collect();
    assert_eq!(who, [(Some("BAK0"), true), (Some("BAK1"), false)]);
    let Some(Content::Day(teams)) = mail(&digests, Kind::Tagesuebersicht, "team").map(|d| &d.content) else { panic!() };
    assert!(teams[0].baks.iter().all(|b| !b.who.in_stead), "the team's mail stands in for nobody");
}

#[tokio::test]
async fn an_overview_that_never_left_is_replaced_and_a_notice_is_not() {
    let house = House::new().await;
    // Planned on Friday, 05.06.
    house.begin("06-01", &[case("17", "05.01.2026", "", "")], "").await;
    house.mornings(&["06-03", "06-05", "06-08"]).await;
    let list = house.app.db.outbox_list(&OutboxFilter::default(), 0, 100).await.unwrap();
    let of = |state| {
        let mails = list.iter().filter(|m| m.state == state);
        let mut mails: Vec<_> =
            mails.map(|m| format!("{} {}", m.day.format("%m-%d"), m.kind.map_or("?", Kind::as_str))).collect();
        mails.sort();
        mails
    };
    assert_eq!(of(OutboxState::Superseded), ["06-03 tagesuebersicht", "06-05 tagesuebersicht"]);
    let waiting = [
        "06-03 wochenbericht",
        "06-03 wochenliste",
        "06-05 mitteilung",
        "06-05 persoenlich",
        "06-08 persoenlich",
        "06-08 tagesuebersicht",
        "06-08 wochenbericht",
        "06-08 wochenliste",
    ];
    assert_eq!(of(OutboxState::Queued), waiting);
}
