//! What every setting is for, as a page for administrators: made from the embedded defaults, whose comments are written
//! for it. It knows the form of that one file; what a setting does is not known here.

use std::fmt::Write as _;

use super::settings::DEFAULTS;

/// A section of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// `mail.smtp`; empty for the keys that stand in none, `teams.NAME` for what an office may call as it likes.
    pub name: String,
    /// What stands above its heading; mostly nothing.
    pub about: String,
    /// Its keys, in the order of the file.
    pub keys: Vec<Key>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name within the section.
    pub name: String,
    /// What holds where nobody says anything, as TOML.
    pub default: String,
    /// What it does (German).
    pub about: String,
}

/// All settings there are.
pub fn sections() -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut words: Vec<&str> = Vec::new();
    for line in DEFAULTS.lines() {
        // Sections with a name of the office's own are shown as an example that does not count.
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), about: words.join(" "), keys: Vec::new() });
            words.clear();
        } else if let Some((name, default)) = bare.split_once(" = ").filter(|(name, _)| is_name(name)) {
            let key = Key { name: name.to_owned(), default: default.to_owned(), about: words.join(" ") };
            words.clear();
            if let Some(section) = sections.last_mut() {
                section.keys.push(key);
            }
        } else if line.starts_with('#') {
            words.push(bare.trim_start_matches('#'));
        } else {
            // An empty line ends what was said of the whole file.
            words.clear();
        }
    }
    sections
}

/// The page, as Markdown: a table for each section.
pub fn page() -> String {
    let mut page = String::new();
    for Section { name, about, keys } in sections() {
        // Writing to a text cannot fail.
        let _ = match (name.as_str(), about.as_str()) {
            ("", _) => writeln!(page, "### ohne Abschnitt\n"),
            (_, "") => writeln!(page, "### `[{name}]`\n"),
            (_, about) => writeln!(page, "### `[{name}]`\n\n{about}\n"),
        };
        page.push_str("| Schlüssel | Vorgabe | wozu |\n|---|---|---|\n");
        for Key { name, default, about } in keys {
            let _ = writeln!(page, "| `{name}` | `{default}` | {} |", about.replace('|', "\\|"));
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Settings;

    /// What the program says when asked for a key that it does not know: all that it does.
    fn known(section: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.toml");
        let heading = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        std::fs::write(&file, format!("{heading}gibt_es_nicht = 1\n")).unwrap();
        let error = Settings::load(Some(&file)).unwrap_err().to_string();
        let (_, known) = error.split_once("möglich sind hier: ").unwrap_or_else(|| panic!("{section}: {error}"));
        known.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_page_names_the_keys_that_the_program_reads_and_no_others() {
        let sections = sections();
        let inside = |name: &str| {
            // A section within a section is a key of it.
            let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
            let deeper = sections.iter().filter_map(move |s| s.name.strip_prefix(&prefix).map(str::to_owned));
            deeper.filter_map(|rest| rest.split('.').next().map(str::to_owned)).filter(|key| !key.is_empty())
        };
        for section in &sections {
            let mut keys: Vec<_> = section.keys.iter().map(|k| k.name.clone()).chain(inside(&section.name)).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys, known(&section.name), "{}", section.name);
        }
    }

    #[test]
    fn every_key_says_what_it_is_for_in_whole_sentences() {
        for section in sections() {
            assert!(!section.keys.is_empty(), "{}", section.name);
            for key in &section.keys {
                assert!(key.about.ends_with('.'), "{}.{}: „{}“", section.name, key.name, key.about);
            }
        }
    }
}
