//! The command line: what is asked, and with which exit code it is answered.
//!
//! 0: done. 1: done, but something wants attention (the command says what). 2: could not be done at all.

mod backup;
mod case;
mod check;
mod demo;
mod disclose;
mod evaluate;
mod explain;
mod german;
mod import;
mod imports;
mod inbox;
mod morning;
mod outbox;
mod output;
mod preview;
mod record;
mod retention;
mod send_test;
mod simulate;
mod stand;
mod status;
mod templates;
mod wochenliste;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::app::App;
use crate::clock::Clock;
use crate::config::reference;
use crate::service;
use crate::simulate::Span;

/// Legt jeden Arbeitsmorgen auf den richtigen Schreibtisch, was die Betriebsakquise eines Jobcenters heute braucht.
#[derive(Debug, Parser)]
#[command(name = "wiedervorlage", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Einstellungsdatei (TOML); ohne sie gelten die eingebauten Werte, Daten liegen unter ./var
    #[arg(long, global = true, value_name = "DATEI")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Zeigt mit erfundenen Daten an einem frischen Ort, was an einem Morgen geschieht
    Demo,
    /// Liest Lieferungen und eigene Listen ein: Ordner oder einzelne Dateien
    ///
    /// Ende mit 0: alles eingelesen; 1: etwas wurde nicht übernommen; 2: nichts war lesbar.
    Import(import::Args),
    /// Sieht jetzt in den überwachten Ordner (inbox.dir), liest ein, was vollständig ist, und legt es mit Bericht ab
    ///
    /// Wartet dafür einmal inbox.settle_seconds ab; läuft der Dienst, tut er das jede Minute selbst. Ende mit 0: alles
    /// übernommen oder nichts da; 1: etwas wurde abgelehnt, wartet oder braucht jemanden.
    Inbox,
    /// Schreibt die Wochenliste eines BAK (xlsx): ausfüllen, speichern, mit „import“ oder über den Eingangsordner zurück
    Wochenliste(wochenliste::Args),
    /// Führt den Lauf eines Tages aus, einmal: was zu sagen ist, steht danach im Postausgang
    Morning {
        /// Der Tag; ohne Angabe heute
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
    /// Verschickt, was im Postausgang fällig ist
    ///
    /// Ende mit 0: nichts ist übrig; 1: etwas blieb liegen.
    Deliver,
    /// Zeigt, was an einem Tag offen ist
    Evaluate {
        /// Der Tag (TT.MM.JJJJ oder JJJJ-MM-TT)
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        on: NaiveDate,
        /// Tabelle oder eine JSON-Zeile je Pflicht
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Zeigt die laufenden Hauptbetreuungen je BAK
    Capacity {
        /// Der Tag (TT.MM.JJJJ oder JJJJ-MM-TT)
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        on: NaiveDate,
        /// Tabelle oder eine JSON-Zeile je BAK
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Zeigt, was ein frisch gestarteter Dienst in einem Zeitraum verschicken würde; ändert nichts
    Simulate {
        /// Erster Tag
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        from: NaiveDate,
        /// Letzter Tag
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        to: NaiveDate,
        /// Stillstand von … bis, als TAG..TAG
        #[arg(long, value_name = "TAG..TAG", value_parser = parse_span)]
        down: Option<(NaiveDate, NaiveDate)>,
        /// Letzter Tag, an dem Daten kommen; danach altern sie. Ohne Angabe gelten sie als frisch
        ///
        /// Was nach diesem Tag eingespielt oder eingetragen wurde, gibt es für die Simulation nicht. War bis dahin noch
        /// nichts eingespielt, gilt jeder Eintrag als an seinem Tag gemeldet, und was ein späteres Datum trägt, fehlt.
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        data_until: Option<NaiveDate>,
        /// Tabelle oder eine JSON-Zeile je Mail
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Legt die Mails eines Tages zum Ansehen in einen Ordner (.eml, .html, .txt); ändert nichts und verschickt nichts
    ///
    /// Ein Tag, der noch keinen Lauf hatte, läuft auf einer Kopie der Datenbank; liegt er in der Zukunft, laufen dort
    /// vorher die Morgen bis dahin. Von einem Tag, der seinen Lauf hatte, wird gezeigt, was geschrieben wurde. Ende mit 1:
    /// es gab nichts zu zeigen.
    Preview(preview::Args),
    /// Schickt eine Testmail ohne Sozialdaten über den eingestellten Weg, am Postausgang vorbei
    ///
    /// Ende mit 0: der Mailserver hat sie angenommen; 2: nicht gesendet, die Zeile sagt, warum.
    SendTest {
        /// Wohin; die Domäne muss zugelassen sein (mail.allowed_domains)
        #[arg(value_name = "ADRESSE")]
        address: String,
    },
    /// Erklärt zu einem Fall jede Regel: was wann warum fällig ist und was gesagt wurde, oder warum nichts fällig ist
    Explain {
        /// Die Fallnummer, mit führenden Nullen
        #[arg(value_name = "FALLNR")]
        fallnr: String,
        /// Der Tag (TT.MM.JJJJ oder JJJJ-MM-TT); ohne Angabe heute
        #[arg(long, value_name = "TAG", value_parser = parse_day)]
        on: Option<NaiveDate>,
    },
    /// Zeigt die geschriebenen Mails, stellt gescheiterte neu ein, zieht wartende zurück
    Outbox {
        #[command(subcommand)]
        ask: outbox::Ask,
    },
    /// Trägt ein, was getan wurde, für einen Fall oder viele; Exit-Code 1, wenn Nummern nicht bekannt sind
    Record(record::Entry),
    /// Zeigt alles zu einem Fall mit Herkunft, oder berichtigt eine Angabe von Hand
    Case {
        #[command(subcommand)]
        ask: case::Ask,
    },
    /// Zeigt die Importe: Nummer, wann, wer, woher, was sie änderten
    Imports {
        /// Alle, nicht nur die letzten
        #[arg(long)]
        all: bool,
        /// Tabelle oder eine JSON-Zeile je Import
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Nimmt einen Import als Ganzes zurück, oder sagt, warum das nicht geht
    Undo {
        /// Die Nummer, die „import“ nennt und „imports“ zeigt
        #[arg(value_name = "IMPORT")]
        id: i64,
    },
    /// Löscht, was seine Zeit gehabt hat: beendete Fälle, Mailtexte, altes Protokoll (der Dienst tut es jede Nacht)
    Retention {
        /// Zeigt nur, was gelöscht würde
        #[arg(long)]
        dry_run: bool,
    },
    /// Löscht alles, was zu einem Fall gespeichert ist (DSGVO Art. 17), und sagt, was wo noch bleibt
    Forget {
        /// Die Fallnummer, mit führenden Nullen
        #[arg(value_name = "FALLNR")]
        fallnr: String,
        /// Ja, endgültig löschen
        #[arg(long)]
        yes: bool,
    },
    /// Zeigt alles, was zu einem Fall gespeichert ist (Auskunft nach DSGVO Art. 15)
    Disclose(disclose::Args),
    /// Sichert die Datenbank im laufenden Betrieb: eine geprüfte Datei mit Prüfsumme, ältere werden entfernt
    Backup {
        /// Der Ordner; ohne Angabe backup.dir
        #[arg(long, value_name = "ORDNER")]
        to: Option<PathBuf>,
    },
    /// Spielt eine Sicherung ein; was bisher da war, bleibt daneben liegen. Der Dienst muss beendet sein
    ///
    /// Vorher werden Prüfsumme, Inhalt und Stand der Tabellen geprüft. Passt etwas nicht, bleibt alles, wie es ist. Eine
    /// Sicherung lässt sich in SQLite wie in PostgreSQL einspielen, gleich woher sie stammt.
    Restore {
        /// Die Datei der Sicherung; ihre Prüfsumme liegt daneben
        #[arg(value_name = "DATEI")]
        file: PathBuf,
    },
    /// Die Worte der Mails als Dateien: prüft eigene Vorlagen, schreibt die eingebauten als Muster
    Templates {
        #[command(subcommand)]
        ask: templates::Ask,
    },
    /// Zeigt alle Einstellungen mit ihren Vorgaben und wozu sie da sind
    Settings,
    /// Läuft als Dienst: jeden Arbeitsmorgen der Lauf, danach der Versand, bis er beendet wird
    ///
    /// SIGTERM beendet geordnet, SIGHUP liest Einstellungen und Regeln neu.
    Run,
    /// Zeigt auf einer Seite, wie es steht: Läufe, Postausgang, Störungen; Exit-Code 1, wenn jemand handeln muss
    Status,
    /// Prüft Einstellungen, Regeln, Datenbank und Daten: je Zeile „ok“, „!!“ (jemand muss handeln) oder „--“ (Hinweis)
    ///
    /// „!!“ heißt: Ohne Eingreifen fehlen Mails, kommen zu spät oder gehen an die falsche Stelle; der Exit-Code ist
    /// dann 1. Dazu gehört auch ein veralteter Datenstand. „--“ sind Hinweise, mit denen eine Dienststelle leben kann:
    /// Regeln, zu denen es keine Daten gibt, und Zeilen, deren Fall noch nicht bekannt ist. Sie ändern den Exit-Code
    /// nicht.
    Check,
}

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON object a line.
    Jsonl,
}

fn parse_day(text: &str) -> Result<NaiveDate, String> {
    let german = NaiveDate::parse_from_str(text, "%d.%m.%Y");
    let day = german.or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d"));
    let day = day.map_err(|_| "erwartet wird ein Tag wie 23.11.2026 oder 2026-11-23".to_owned())?;
    let years = 1990..=2100;
    if years.contains(&chrono::Datelike::year(&day)) {
        Ok(day)
    } else {
        Err(format!("erwartet wird ein Tag in den Jahren {} bis {}", years.start(), years.end()))
    }
}

fn parse_span(text: &str) -> Result<(NaiveDate, NaiveDate), String> {
    let (from, to) = text.split_once("..").ok_or("erwartet wird TAG..TAG, etwa 2026-12-07..2026-12-11")?;
    let (from, to) = (parse_day(from)?, parse_day(to)?);
    if from <= to { Ok((from, to)) } else { Err("der erste Tag liegt nach dem letzten".to_owned()) }
}

/// Runs the command line of this process.
pub async fn run() -> ExitCode {
    let parsed = german::german(Cli::command()).try_get_matches().and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        // Help and version are answers, not mistakes; they go to the standard output.
        Err(answer) if !answer.use_stderr() => {
            let _ = answer.print();
            return ExitCode::SUCCESS;
        }
        Err(mistake) => {
            eprintln!("{}", german::complaint(&mistake));
            return ExitCode::from(2);
        }
    };
    log_to_stderr(matches!(cli.command, Command::Run));
    match dispatch(cli).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if output::is_closed_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            eprintln!("Fehler: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// What the program notes goes to standard error: warnings, of a service also what it does, unless `WIEDERVORLAGE_LOG`
/// asks for something else. The database library would note every slow statement; who wants that asks for it by name.
///
/// What happened is said in English, with fields to search for. `error` and `why` quote the German sentence that a user
/// is shown for it: it says what to do, and whoever reads the log must do it. Neither holds anybody's data; a setting
/// that is refused is quoted as it was written.
fn log_to_stderr(service: bool) {
    let usual = if service { "info,sqlx=error" } else { "warn,sqlx=error" };
    let wanted = tracing_subscriber::EnvFilter::try_from_env("WIEDERVORLAGE_LOG");
    let filter = wanted.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    // A second start in one process keeps the first one's choice.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Demo => demo::demo(Clock::system()).await,
        // These answer even where not all parts are in order.
        Command::Settings => {
            output::print(reference::page())?;
            Ok(0)
        }
        Command::SendTest { address } => send_test::send_test(config, &address, Clock::system()).await,
        Command::Preview(args) => preview::preview(config, &args).await,
        Command::Templates { ask } => templates::templates(config, ask),
        Command::Check => check::check(config, Clock::system()).await,
        Command::Status => status::status(config, Clock::system()).await,
        Command::Restore { file } => backup::restore(config, &file, Clock::system()).await,
        Command::Run => {
            let (app, guard) = App::serving(config, Clock::system()).await?;
            service::run(app, guard, cli.config).await.map(|()| 0)
        }
        Command::Import(args) if args.suggest => import::suggest(&args),
        Command::Import(args) => with(config, async |app| import::import(app, &args).await).await,
        Command::Inbox => with(config, inbox::inbox).await,
        Command::Wochenliste(args) => with(config, async |app| wochenliste::wochenliste(app, &args).await).await,
        Command::Morning { on } => with(config, async |app| morning::morning(app, app.day(on)).await).await,
        Command::Deliver => with(config, morning::deliver).await,
        Command::Evaluate { on, format } => with(config, async |app| evaluate::evaluate(app, on, format).await).await,
        Command::Capacity { on, format } => with(config, async |app| evaluate::capacity(app, on, format).await).await,
        Command::Simulate { from, to, down, data_until, format } => {
            let span = Span { from, to, down, data_until };
            with(config, async |app| simulate::simulate(app, span, format).await).await
        }
        Command::Explain { fallnr, on } => {
            with(config, async |app| explain::explain(app, &fallnr, app.day(on)).await).await
        }
        Command::Outbox { ask } => with(config, async |app| outbox::outbox(app, ask).await).await,
        Command::Case { ask } => with(config, async |app| case::case(app, ask).await).await,
        Command::Imports { all, format } => with(config, async |app| imports::imports(app, all, format).await).await,
        Command::Undo { id } => with(config, async |app| imports::undo(app, id).await).await,
        Command::Retention { dry_run } => with(config, async |app| retention::retention(app, dry_run).await).await,
        Command::Forget { fallnr, yes } => with(config, async |app| retention::forget(app, &fallnr, yes).await).await,
        Command::Disclose(args) => with(config, async |app| disclose::disclose(app, &args).await).await,
        Command::Backup { to } => with(config, async |app| backup::backup(app, to.as_deref()).await).await,
        Command::Record(entry) => with(config, async |app| record::record(app, entry).await).await,
    }
}

/// Opens the house for one piece of work, and closes it however that ends.
async fn with(config: Option<&Path>, work: impl AsyncFnOnce(&App) -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    let app = App::open(config, Clock::system()).await?;
    let result = work(&app).await;
    app.db.close().await;
    result
}
