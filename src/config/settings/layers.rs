//! The layers under the settings: embedded defaults, then the file, then `WIEDERVORLAGE__SECTION__KEY` from the
//! environment. What comes out is one table; what its keys mean is not known here, only which of them are paths.

use std::path::Path;

use toml::{Table, Value};

use super::SettingsError;
use super::read::credential;

/// The embedded defaults.
pub(in crate::config) const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// How the environment's keys begin.
const PREFIX: &str = "WIEDERVORLAGE";

/// What the values come from, for a message.
pub(super) fn source(file: Option<&Path>) -> String {
    file.map_or_else(|| "(eingebaut, Umgebung)".to_owned(), |f| format!("{} (und Umgebung)", f.display()))
}

/// All layers as one table.
pub(super) fn table(
    file: Option<&Path>,
    env: config::Environment,
    credentials: Option<&Path>,
) -> Result<Table, SettingsError> {
    let mut layers = config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
    if let Some(path) = file {
        let unreadable = |problem: String| SettingsError::Unreadable { from: path.display().to_string(), problem };
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(format!("nicht lesbar: {e}")))?;
        // Parsed here for a message with a line, and for its paths; the layering parses it again.
        let mut table = text.parse::<Table>().map_err(|e| {
            let line = e.span().map_or(1, |s| text[..s.start.min(text.len())].lines().count().max(1));
            unreadable(format!("kein gültiges TOML: Zeile {line}: {}", e.message()))
        })?;
        if let Some(base) = path.parent() {
            rebase(&mut table, base, credentials);
        }
        layers = layers.add_source(config::File::from_str(&table.to_string(), config::FileFormat::Toml));
    }
    let all = layers.add_source(env).build().and_then(config::Config::try_deserialize::<Table>);
    all.map_err(|e| SettingsError::Unreadable { from: source(file), problem: e.to_string() })
}

/// The environment as a layer; lists are comma-separated.
pub(super) fn environment() -> config::Environment {
    config::Environment::with_prefix(PREFIX)
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("mail.allowed_domains")
        .with_list_parse_key("office.dienstfrei")
        .with_list_parse_key("office.closed")
        .with_list_parse_key("inbox.report_to")
}

/// Relative paths in a file count from the file's folder, so that the service may start anywhere.
fn rebase(table: &mut Table, base: &Path, credentials: Option<&Path>) {
    let join = |value: &mut Value, scheme: &str| {
        if let Value::String(text) = value
            && let Some(path) = text.strip_prefix(scheme).filter(|path| !path.trim().is_empty())
        {
            *text = format!("{scheme}{}", base.join(path.trim_start_matches("//")).display());
        }
    };
    const PATHS: [(&[&str], &str); 11] = [
        (&["database", "url"], "sqlite:"),
        (&["database", "password_file"], ""),
        (&["mail", "file", "dir"], ""),
        (&["mail", "templates"], ""),
        (&["mail", "smtp", "password_file"], ""),
        (&["mail", "smtp", "ca_file"], ""),
        (&["rules", "file"], ""),
        (&["bounces", "maildir"], ""),
        (&["backup", "dir"], ""),
        (&["inbox", "dir"], ""),
        (&["inbox", "mapping"], ""),
    ];
    for (keys, scheme) in PATHS {
        let mut at = Some(&mut *table);
        for (i, key) in keys.iter().enumerate() {
            let Some(value) = at.take().and_then(|t| t.get_mut(*key)) else { break };
            if i + 1 == keys.len() {
                let name = value.as_str().filter(|_| *key == "password_file");
                if name.is_none_or(|name| credential(name, credentials).is_none()) {
                    join(value, scheme);
                }
            } else {
                at = value.as_table_mut();
            }
        }
    }
    let teams = table.get_mut("teams").and_then(Value::as_table_mut);
    for team in teams.into_iter().flat_map(|t| t.iter_mut()).filter_map(|(_, t)| t.as_table_mut()) {
        if let Some(file) = team.get_mut("rules_file") {
            join(file, "");
        }
    }
}
