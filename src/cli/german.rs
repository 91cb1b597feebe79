//! The command line's own words in German: clap's are English, and nobody who runs this should have to read them.

use clap::builder::ValueRange;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};

const TEMPLATE: &str = "{about-with-newline}\nAufruf: {usage}\n\n{all-args}{after-help}";

/// Gives a command and all below it German headings and a German help flag.
pub(super) fn german(command: Command) -> Command {
    let help = Arg::new("hilfe").short('h').long("help").action(ArgAction::Help).help("Zeigt diese Hilfe");
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let positional = command.get_positionals().map(|arg| {
        let many = arg.get_num_args().unwrap_or(ValueRange::SINGLE).max_values() > 1
            || matches!(arg.get_action(), ArgAction::Append);
        let name = arg.get_value_names().and_then(|n| n.first()).map_or("WERT", |n| n.as_str()).to_owned();
        let name = if many { format!("{name}…") } else { name };
        if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
    });
    let positional: String = positional.collect();
    let flags = if command.get_opts().next().is_some() { " [ANGABEN]" } else { "" };
    let below = if names.is_empty() { "" } else { " BEFEHL" };
    let usage = format!("{}{flags}{positional}{below}", command.get_bin_name().unwrap_or(command.get_name()));
    let path = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let version = Arg::new("version").long("version").action(ArgAction::Version).help("Zeigt die Version");
    let command = if command.get_version().is_some() {
        command.disable_version_flag(true).arg(version.help_heading("Angaben"))
    } else {
        command
    };
    let mut command = command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .help_template(TEMPLATE)
        .override_usage(usage)
        .subcommand_help_heading("Befehle")
        .mut_args(|arg| {
            let heading = if arg.is_positional() { "Wofür" } else { "Angaben" };
            let arg = arg.help_heading(heading);
            if arg.get_action().takes_values() { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
        })
        .arg(help.help_heading("Angaben"));
    for name in names {
        command = command.mut_subcommand(&name, |c| german(c.bin_name(format!("{path} {name}"))));
    }
    command
}

/// What is wrong with a command line, and where help is.
pub(super) fn complaint(error: &Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return error.render().to_string();
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(list)) => list.join(", "),
        _ => String::new(),
    };
    let argument = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    let suggestion = match (text(ContextKind::SuggestedArg), text(ContextKind::SuggestedSubcommand)) {
        (arg, command) if arg.is_empty() && command.is_empty() => String::new(),
        (arg, command) => format!(" Gemeint ist vielleicht: {arg}{command}"),
    };
    let problem = match error.kind() {
        ErrorKind::UnknownArgument => format!("Die Angabe {argument} gibt es hier nicht.{suggestion}"),
        ErrorKind::InvalidSubcommand => {
            format!("Den Befehl {} gibt es nicht.{suggestion}", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("Es fehlt: {argument}"),
        ErrorKind::MissingSubcommand => "Es fehlt ein Befehl.".to_owned(),
        ErrorKind::ArgumentConflict => {
            format!("{argument} passt nicht zusammen mit {}", text(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("Zu {argument} fehlt der Wert."),
        ErrorKind::InvalidValue => {
            let valid = text(ContextKind::ValidValue);
            let valid = if valid.is_empty() { valid } else { format!(" Möglich sind: {valid}") };
            format!("„{value}“ passt nicht zu {argument}.{valid}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
            format!("„{value}“ passt nicht zu {argument}{why}")
        }
        _ => format!("Die Befehlszeile ist nicht verständlich ({argument}{value})."),
    };
    format!("Fehler: {problem}\nHilfe: wiedervorlage --help, wiedervorlage BEFEHL --help")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    #[test]
    fn help_has_no_english_word_of_the_library() {
        let mut pages = vec![german(Cli::command()).render_long_help().to_string()];
        for name in
            ["import", "evaluate", "simulate", "outbox", "record", "check", "explain", "case", "imports", "undo"]
        {
            let mut command = german(Cli::command());
            let page = command.find_subcommand_mut(name).map(|c| c.render_long_help().to_string());
            pages.push(page.unwrap_or_default());
        }
        for page in pages {
            for word in ["Usage", "Options:", "Commands:", "Arguments:", "Print ", "possible values", "default:"] {
                assert!(!page.contains(word), "{word} in\n{page}");
            }
            assert!(page.contains("Aufruf: wiedervorlage"), "{page}");
        }
    }

    #[test]
    fn a_mistyped_command_line_is_answered_in_german() {
        let cases = [
            (&["evaluate"][..], "Es fehlt: --on <TAG>"),
            (&["evaluate", "--on", "gestern"], "„gestern“ passt nicht zu --on <TAG>: erwartet wird ein Tag wie"),
            (&["evaluate", "--on", "2026-02-30"], "„2026-02-30“ passt nicht"),
            (&["evaluate", "--am", "x"], "Die Angabe --am gibt es hier nicht."),
            (&["evaluieren"], "Den Befehl evaluieren gibt es nicht."),
            (&["evaluate", "--on", "2026-11-23", "--format", "xml"], "„xml“ passt nicht zu --format"),
            (&["simulate", "--from", "2026-11-23", "--to", "2026-11-24", "--down", "x"], "„x“ passt nicht zu --down"),
            (&["import"], "Es fehlt: <PFAD>..."),
        ];
        for (line, expected) in cases {
            let line = std::iter::once("wiedervorlage").chain(line.iter().copied());
            let error = german(Cli::command()).try_get_matches_from(line).unwrap_err();
            let said = complaint(&error);
            assert!(said.contains(expected), "{said}\nwanted {expected}");
        }
    }
}
