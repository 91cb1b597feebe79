//! `rules.toml` → [`Rule`]s: the embedded default, and what a team's own file overrides or adds.
//!
//! A file is read key by key; the first mistake refuses it with file, key, value and what would be right. A table of a
//! rule that exists replaces single keys of it (lists as a whole); a new table is a rule of the team's own, and may be
//! a `cadence` or a `deadline`.

mod rule;

use std::path::Path;

use toml::{Table, Value};

use super::fields::{FieldError, Fields};
use crate::domain::rules::Rule;

/// The default rules.
const EMBEDDED: &str = include_str!("../../config/rules.toml");
/// How the embedded file is named in messages.
const EMBEDDED_NAME: &str = "config/rules.toml (eingebaut)";

/// Why a file of rules is refused.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("Regeldatei {file} ist nicht lesbar: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        problem: String,
    },
    /// It is no TOML.
    #[error("Regeldatei {file} ist kein gültiges TOML: {problem}")]
    Syntax {
        /// Which file.
        file: String,
        /// Where and what.
        problem: String,
    },
    /// A key is wrong.
    #[error("Regeldatei {file}: {field}")]
    Field {
        /// Which file.
        file: String,
        /// Which key, what is wrong, what would be right.
        field: FieldError,
    },
}

/// The default rules, in alphabetical order of their ids.
pub fn default_rules() -> Result<Vec<Rule>, RulesError> {
    from_texts(&[(EMBEDDED_NAME, EMBEDDED)])
}

/// The default rules with the given files laid over them, one after the other. Single contacts reach the lead only where
/// a Dienstvereinbarung allows it (DOMAIN: the staff council has a say in what is fit to watch a colleague).
pub fn load(files: &[&Path], dienstvereinbarung: bool) -> Result<Vec<Rule>, RulesError> {
    let read = |path: &&Path| {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| RulesError::Unreadable { file: file.clone(), problem: e.to_string() });
        text.map(|text| (file, text))
    };
    let texts = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let layers = std::iter::once((EMBEDDED_NAME, EMBEDDED));
    let layers: Vec<_> = layers.chain(texts.iter().map(|(f, t)| (f.as_str(), t.as_str()))).collect();
    let rules = from_texts(&layers)?;
    let single = |rule: &&Rule| rule.tells_lead_of_contacts() && !dienstvereinbarung;
    match rules.iter().find(single) {
        None => Ok(rules),
        Some(rule) => Err(RulesError::Field {
            file: texts.last().map_or(EMBEDDED_NAME, |(file, _)| file.as_str()).to_owned(),
            field: FieldError {
                key: format!("rules.{}", rule.id),
                problem:
                    "die Rolle \"tl\" oder lead = \"cases\" zeigt der Leitung einzelne Kontakte; das geht nur mit \
                          dienstvereinbarung = true in den Einstellungen"
                        .to_owned(),
            },
        }),
    }
}

/// The rules of layered texts (file name, text); the first is the default.
fn from_texts(layers: &[(&str, &str)]) -> Result<Vec<Rule>, RulesError> {
    let mut merged: Vec<(String, Table, String, bool)> = Vec::new();
    for (number, (file, text)) in layers.iter().enumerate() {
        for (id, table) in tables(file, text)? {
            match merged.iter_mut().find(|(known, ..)| *known == id) {
                Some((_, under, from, _)) => {
                    if let (Some(new), Some(old)) = (table.get("kind"), under.get("kind"))
                        && new != old
                    {
                        let problem = format!("{new} passt nicht; die Regel gibt es schon als {old}");
                        let field = FieldError { key: format!("rules.{id}.kind"), problem };
                        return Err(RulesError::Field { file: (*file).to_owned(), field });
                    }
                    drop_alternatives(under, &table);
                    under.extend(table);
                    (*file).clone_into(from);
                }
                None => merged.push((id, table, (*file).to_owned(), number == 0)),
            }
        }
    }
    merged.sort_by(|a, b| a.0.cmp(&b.0));
    let read = |(id, table, file, embedded): (String, Table, String, bool)| {
        rule::rule(&id, table, embedded).map_err(|field| RulesError::Field { file, field })
    };
    merged.into_iter().map(read).collect()
}

/// A file that says `workdays` where the default says `days` means "instead", not "as well".
fn drop_alternatives(under: &mut Table, over: &Table) {
    const OFFSETS: [&str; 3] = ["days", "workdays", "months"];
    if OFFSETS.iter().any(|key| over.contains_key(*key)) {
        under.retain(|key, _| !OFFSETS.contains(&key) || over.contains_key(key));
        if !over.contains_key("months") {
            under.remove("arithmetic");
        }
        if over.contains_key("workdays") {
            under.remove("roll");
        }
    }
}

/// The tables of one text, each with the rule's id.
fn tables(file: &str, text: &str) -> Result<Vec<(String, Table)>, RulesError> {
    let field = |field| RulesError::Field { file: file.to_owned(), field };
    let syntax = |e: toml::de::Error| {
        let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
        RulesError::Syntax { file: file.to_owned(), problem: format!("Zeile {line}: {}", e.message()) }
    };
    let mut top = Fields::new("", text.parse::<Table>().map_err(syntax)?);
    let rules = match top.take("rules") {
        Some(Value::Table(rules)) => rules,
        None => Table::new(),
        Some(v) => {
            let problem = format!("{v} passt nicht; erwartet werden Tabellen [rules.NAME]");
            return Err(field(FieldError { key: "rules".into(), problem }));
        }
    };
    top.finish().map_err(|e| field(FieldError { key: e.key.trim_start_matches('.').to_owned(), ..e }))?;
    let check = |(id, value): (String, Value)| {
        let key = format!("rules.{id}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || id.len() > 40 || !id.chars().all(plain) {
            let problem =
                "der Name einer Regel besteht aus höchstens 40 Zeichen: a bis z (ohne Umlaute), Ziffern, Bindestriche";
            return Err(field(FieldError { key, problem: problem.into() }));
        }
        match value {
            Value::Table(table) => Ok((id, table)),
            v => Err(field(FieldError { key, problem: format!("{v} passt nicht; erwartet wird eine Tabelle") })),
        }
    };
    rules.into_iter().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::{Kind, Offset};

    fn overlay(text: &str) -> Result<Vec<Rule>, String> {
        from_texts(&[(EMBEDDED_NAME, EMBEDDED), ("team.toml", text)]).map_err(|e| e.to_string())
    }

    #[test]
    fn the_embedded_rules_are_all_there() {
        let rules = default_rules().unwrap();
        assert_eq!(rules.len(), 21);
        assert!(rules.iter().all(|r| r.enabled));
    }

    #[test]
    fn a_file_replaces_single_keys_and_keeps_the_others() {
        let rules = overlay("[rules.kundenkontakt]\ndays = 20").unwrap();
        let rule = rules.iter().find(|r| &*r.id == "kundenkontakt").unwrap();
        let Kind::Cadence(p) = &rule.kind else { panic!("a cadence") };
        assert_eq!((p.days, p.steps.len()), (20, 4));
    }

    #[test]
    fn another_kind_of_offset_replaces_the_one_of_the_default() {
        let rules = overlay("[rules.fazit]\ndays = 7\nroll = \"back\"").unwrap();
        let rule = rules.iter().find(|r| &*r.id == "fazit").unwrap();
        let Kind::Deadline(p) = &rule.kind else { panic!("a deadline") };
        assert_eq!(p.offset, Offset::Days(7));
    }

    #[test]
    fn mistakes_are_refused_with_file_key_value_and_remedy() {
        let own = "title = \"T\"\ntask = \"t\"\nends = \"e\"\nparagraph = \"p\"\n";
        let cases = [
            (
                "[rules.kundenkontakt]\ndayz = 20",
                "team.toml: rules.kundenkontakt.dayz: unbekannter Schlüssel (Wert 20)",
            ),
            (
                "[rules.kundenkontakt]\ndays = \"vier\"",
                "rules.kundenkontakt.days: \"vier\" passt nicht; erwartet wird eine ganze Zahl von 1 bis 1000",
            ),
            ("[rules.kundenkontakt]\ndays = 0", "rules.kundenkontakt.days: 0 passt nicht"),
            (
                "[rules.kundenkontakt]\narten = [\"kontakt\"]",
                "rules.kundenkontakt.arten: \"kontakt\" passt nicht; erwartet wird eine Liste aus: kontakt_persoenlich",
            ),
            ("[rules.kundenkontakt]\nkind = \"deadline\"", "rules.kundenkontakt.kind: \"deadline\" passt nicht"),
            (
                "[rules.fazit]\nenabled = \"ja\"",
                "rules.fazit.enabled: \"ja\" passt nicht; erwartet wird true oder false",
            ),
            (
                "[rules.eigene]\nkind = \"mag\"",
                "rules.eigene.kind: \"mag\" passt nicht; erwartet wird eines von: cadence oder deadline",
            ),
            ("[rules.eigene]\nkind = \"cadence\"", "rules.eigene.title: fehlt"),
            ("[rules.Eigene]\nkind = \"cadence\"", "rules.Eigene: der Name einer Regel"),
            ("[rule.fazit]\nworkdays = 3", "team.toml: rule: unbekannter Schlüssel"),
            ("rules = 3", "rules: 3 passt nicht"),
            ("[rules.fazit\nworkdays = 3", "team.toml ist kein gültiges TOML: Zeile 1"),
            ("[rules.fazit]\nmonths = 1", "rules.fazit.arithmetic: fehlt"),
            ("[rules.fazit]\narithmetic = \"calendar\"", "rules.fazit.arithmetic: passt nur zu months"),
            ("[rules.fazit]\nsteps = []", "rules.fazit.steps: [] passt nicht"),
            ("[rules.fazit]\nsteps = [{ name = \"a\", roles = [\"bak\"] }]", "rules.fazit.steps[0]: nennt 0 Tage"),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [] }]",
                "rules.fazit.steps[0].roles: fehlt",
            ),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [\"team\"] }]",
                "rules.fazit.steps[0].roles: \"team\" passt hier nicht",
            ),
            (
                "[rules.fazit]\nsteps = [{ name = \"a\", workdays = 0, roles = [\"chef\"] }]",
                "rules.fazit.steps[0].roles: \"chef\" passt nicht",
            ),
            (
                "[rules.fazit]\nanchor = \"geburtstag\"",
                "rules.fazit.anchor: \"geburtstag\" passt nicht; erwartet wird start",
            ),
            (
                "[rules.vorschlag-beantworten]\nende_grund = [\"integration\"]",
                "rules.vorschlag-beantworten.ende_grund: passt nur zu while",
            ),
            ("[rules.fazit]\nmet_by_days_before = 3", "rules.fazit.met_by_days_before: passt nur zu met_by_arten"),
        ];
        for (text, expected) in cases {
            let error = overlay(text).expect_err(text);
            assert!(error.contains(expected), "{text}\n  gives  {error}\n  wanted {expected}");
        }
        let endless = format!(
            "[rules.eigene]\nkind = \"deadline\"\n{own}while = \"ended\"\nanchor = \"ende_am\"\nworkdays = 3\nsteps = []"
        );
        assert!(overlay(&endless).unwrap_err().contains("nichts beendet diese Regel"));
    }

    #[test]
    fn the_lead_sees_single_contacts_only_with_an_agreement() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("team.toml");
        for text in [
            "[rules.kundenkontakt]\nlead = \"cases\"",
            "[rules.ag-kontakt]\nsteps = [{ name = \"faellig\", workdays = 0, roles = [\"bak\", \"tl\"] }]",
            "[rules.stellensuchlauf]\nlate = { name = \"nachtragen\", roles = [\"bak\", \"tl\"] }",
        ] {
            std::fs::write(&file, text).unwrap();
            let refused = load(&[&file], false).unwrap_err().to_string();
            assert!(refused.contains("team.toml") && refused.contains("dienstvereinbarung = true"), "{refused}");
            assert!(load(&[&file], true).is_ok(), "{text}");
        }
    }
}
