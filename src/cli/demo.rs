//! `demo`: the main job on invented data, in a fresh place, to look at.

use std::io::Write as _;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use tokio_util::sync::CancellationToken;

use super::output::{stdout, table};
use crate::app::App;
use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::domain::calendar::{Bundesland, Calendar, Dienstfrei, add_months};
use crate::domain::obligation::Finding;
use crate::intake::{self, Options};
use crate::mail::Renderer;
use crate::morning::Morning;
use crate::store::{OutboxFilter, OutboxState};

pub(super) async fn demo(clock: Clock) -> anyhow::Result<u8> {
    let cal = Calendar::new(Bundesland::Bw, &[], &Dienstfrei::default());
    let today = clock.today();
    let day = cal.fwd(today);
    let folder = tempfile::Builder::new().prefix("wiedervorlage-demo-").tempdir()?.keep();
    let delivery = folder.join("lieferung");
    std::fs::create_dir(&delivery)?;
    for (name, text) in sample(&cal, day) {
        std::fs::write(delivery.join(name), text)?;
    }
    let mut settings = Settings::load(None)?;
    settings.database_url = format!("sqlite:{}", folder.join("wiedervorlage.db").display());
    let mut app = App::with(settings, clock).await?;
    intake::import(&app.db, std::slice::from_ref(&delivery), &Options::new(app.clock.now())).await?;
    let renderer = app.renderer().await?;
    // The first run only takes stock („Stand zum Start"); the morning worth looking at is the one after it.
    for (day, mails) in [(cal.wd(day, -1), "mails-erster-lauf"), (day, "mails")] {
        app.settings.mail.file_dir = folder.join(mails);
        run(&app, &renderer, day).await?;
    }

    let mut out = stdout();
    let on = crate::mail::words::date(day);
    if day == today {
        writeln!(out, "So sähe der heutige Morgen ({on}) mit erfundenen Daten aus.\n")?;
    } else {
        writeln!(out, "Heute ist kein Arbeitstag; so sähe der nächste Morgen ({on}) mit erfundenen Daten aus.\n")?;
    }
    what_is_due(&app, day, &mut out).await?;
    writeln!(out, "\nDiese Mails liegen bereit:")?;
    mails(&app, day, &mut out).await?;
    let path = folder.join("mails").canonicalize()?;
    writeln!(out, "\nDie Mails (.eml) stehen in:\n{}", path.display())?;
    out.flush()?;
    app.db.close().await;
    Ok(0)
}

async fn run(app: &App, renderer: &Renderer, day: NaiveDate) -> anyhow::Result<()> {
    let mut words = |digest: &_| renderer.render(digest);
    // The sample is of today: what counts as stale on a later morning is none of its business.
    let mut morning =
        Morning { db: &app.db, settings: &app.settings, rulebooks: &app.rulebooks, fresh: true, words: &mut words };
    let ran = morning.run("", day, app.clock.now()).await?;
    ran.ok().context("der Lauf der Vorführung fand nicht statt")?;
    app.courier()?.drain(&CancellationToken::new()).await?;
    Ok(())
}

async fn what_is_due(app: &App, day: NaiveDate, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let mut snapshot = app.db.snapshot().await?;
    let head = snapshot.head(None).await?;
    let offices = super::evaluate::offices(app, &head);
    let mut due = Vec::new();
    for file in snapshot.cases(None, "", 1_000).await?.files {
        let Some(office) = offices.get(&file.case.team) else { continue };
        let mut findings = Vec::new();
        office.evaluate(&file, day, false, &mut findings);
        due.extend(findings.into_iter().filter_map(|f| match f {
            Finding::Due(o) => Some((o, office)),
            _ => None,
        }));
    }
    due.sort_by_key(|(o, _)| (o.action, o.fallnr.clone()));
    let mut rows = table(["Fall", "Was", "Stand", "zu tun bis"]);
    for (o, office) in &due {
        let title = office.rule(&o.key.rule).map_or("", |r| r.wording.title.as_str());
        let until = crate::mail::words::date(o.action);
        let fallnr = o.fallnr.as_deref().unwrap_or_default();
        rows.add_row([fallnr, title, super::output::state(o.state), &until]);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}

async fn mails(app: &App, day: NaiveDate, out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let sent = OutboxFilter { state: Some(OutboxState::Sent), ..OutboxFilter::default() };
    let mut rows = table(["an", "Betreff"]);
    for mail in app.db.outbox_list(&sent, 0, 1_000).await?.into_iter().filter(|m| m.day == day) {
        rows.add_row([mail.recipient, mail.subject]);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}

/// An invented delivery around `day`: three BAK with a few clients each, enough for every kind of mail.
fn sample(cal: &Calendar, day: NaiveDate) -> Vec<(&'static str, String)> {
    let date = |d: NaiveDate| d.format("%d.%m.%Y").to_string();
    let ago = |n: u64| date(day - Days::new(n));
    let ahead = |n: u64| date(day + Days::new(n));
    let months = |n: i32| date(add_months(day, n));
    let last = |n: i32| date(cal.wd(day, -n));
    let mut betreuungen = String::from(
        "fallnr;bezeichnung;bak;ifk;team;region;kennung;kennung_seit;uebergabe_am;hauptbetreuer_seit;ende_am;ende_grund;\
         rueckgabegespraech_am;fazit_am\n",
    );
    let mut case = |row: [&str; 14]| {
        betreuungen.push_str(&row.join(";"));
        betreuungen.push('\n');
    };
    let none = "";
    // Running cases: (number, initials, BAK, IFK, region, start).
    let running = [
        ("0000011", "A. B.", "ADLER", "IFK1", "Heilbronn", ago(40)),
        ("0000012", "C. D.", "ADLER", "IFK2", "Heilbronn", ago(75)),
        ("0000013", "E. F.", "ADLER", "IFK1", "Heilbronn", months(-6)),
        ("0000021", "G. H.", "BUCHE", "IFK2", "Neckarsulm", ago(30)),
        ("0000022", "I. K.", "BUCHE", "IFK1", "Neckarsulm", date(cal.back(add_months(day, -6) + Days::new(29)))),
        ("0000023", "L. M.", "BUCHE", "IFK1", "Neckarsulm", last(2)),
        ("0000031", "N. O.", "CELLE", "IFK2", "Eppingen", ago(60)),
        ("0000032", "P. R.", "", "IFK2", "Eppingen", ago(20)),
    ];
    for (fall, who, bak, ifk, region, since) in &running {
        case([fall, who, bak, ifk, "T1", region, none, none, since, since, none, none, none, none]);
    }
    case([
        "0000033",
        "S. T.",
        "CELLE",
        "IFK1",
        "T1",
        "Eppingen",
        none,
        none,
        &ago(90),
        &ago(90),
        &last(1),
        "integration",
        none,
        none,
    ]);
    case([
        "0000034",
        "U. V.",
        "CELLE",
        "IFK2",
        "T1",
        "Eppingen",
        none,
        none,
        &ago(120),
        &ago(120),
        &last(6),
        "rueckgabe_sonstige",
        none,
        none,
    ]);
    case(["0000035", "W. X.", "CELLE", "IFK1", "T1", "Eppingen", "BAK", &last(9), none, none, none, none, none, none]);
    case([
        "0000041",
        "Y. Z.",
        "ADLER",
        "IFK1",
        "T1",
        "Heilbronn",
        "16i",
        &ago(500),
        none,
        none,
        none,
        none,
        none,
        none,
    ]);
    case([
        "0000042",
        "Q. J.",
        "ADLER",
        "IFK2",
        "T1",
        "Heilbronn",
        "BAK16e",
        &ago(60),
        none,
        none,
        none,
        none,
        none,
        none,
    ]);
    case([
        "0000051",
        "B. C.",
        "BUCHE",
        "IFK2",
        "T1",
        "Neckarsulm",
        none,
        none,
        &ago(150),
        &ago(150),
        &ago(30),
        "rueckgabe_frist",
        &ago(28),
        &ago(27),
    ]);

    let mut aktivitaeten = String::from("fallnr;art;datum;anzahl;bemerkung\n");
    let mut done = |fall: &str, art: &str, on: String| {
        aktivitaeten.extend([fall, ";", art, ";", &on, ";1;\n"]);
    };
    for (fall, contact, employer) in [
        ("0000011", 29, 5),
        ("0000012", 12, 28),
        ("0000013", 9, 3),
        ("0000021", 28, 10),
        ("0000022", 20, 12),
        ("0000031", 40, 15),
        ("0000032", 5, 14),
    ] {
        done(fall, "kontakt_telefonisch", ago(contact));
        done(fall, "ag_kontakt", ago(employer));
        done(fall, "stellensuchlauf", ago(7));
        done(fall, "lebenslauf_angefordert", ago(60));
        if fall != "0000031" {
            done(fall, "lebenslauf_eingegangen", ago(50));
        }
    }
    done("0000011", "kontaktversuch", last(1));
    done("0000031", "lebenslauf_erinnert", ago(20));
    done("0000012", "egz_risiko", last(3));
    done("0000021", "mag_nachhaltung_ag", ago(200));

    let people = "kuerzel;name;email;rolle;team;region;vertretung\n\
        LEIT;Frau Linde;leitung@jobcenter.example;TL;T1;;\n\
        ADLER;Herr Adler;adler@jobcenter.example;BAK;T1;Heilbronn;BUCHE\n\
        BUCHE;Frau Buche;buche@jobcenter.example;BAK;T1;Neckarsulm;ADLER\n\
        CELLE;Frau Celle;celle@jobcenter.example;BAK;T1;Eppingen;BUCHE\n\
        IFK1;Frau Esche;esche@jobcenter.example;IFK;T1;;IFK2\n\
        IFK2;Herr Fichte;fichte@jobcenter.example;FM;T1;;IFK1\n";
    let foerderungen = format!(
        "foerdernr;fallnr;art;arbeitgeber;beginn;ende;potenzial\n\
         F1;0000041;16i;Muster Logistik GmbH;{};{};\n\
         F2;0000042;16e;Bäckerei Muster;{};{};nein\n\
         F3;0000021;MAG;Neckar Metall KG;{};{};\n\
         F4;0000012;EGZ;Weinbau Muster;{};{};\n",
        months(-57),
        date(add_months(cal.wd(day, -1), 3)),
        months(-20),
        months(4),
        ago(10),
        date(cal.wd(day, 5)),
        ago(30),
        months(3)
    );
    vec![
        (
            "teams.csv",
            format!(
                "team;name;postfach;bundesland;leitung;beginn\nT1;BAK-Team Musterstadt;bak-team@jobcenter.example;BW;LEIT;{}\n",
                ago(400)
            ),
        ),
        ("personal.csv", people.to_owned()),
        ("betreuungen.csv", betreuungen),
        ("aktivitaeten.csv", aktivitaeten),
        ("foerderungen.csv", foerderungen),
        ("abwesenheiten.csv", format!("kuerzel;von;bis\nCELLE;{};{}\n", last(1), ahead(7))),
        ("veranstaltungen.csv", format!("team;titel;art;datum;durchgefuehrt\nT1;Jobmesse;Messe;{};ja\n", months(-2))),
        (
            "termine.csv",
            format!(
                "terminnr;fallnr;art;datum;uhrzeit;ort;teilnehmer\nA1;0000011;vorstellungsgespraech;{};10:30;Musterstadt;\n",
                date(day)
            ),
        ),
        ("pausen.csv", format!("fallnr;von;bis;grund\n0000032;{};{};\n", ago(3), ahead(10))),
    ]
}
