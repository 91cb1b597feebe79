//! TOML → mapping, strictly: the first mistake refuses it with file, line, key and what would be right.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Column, Mapping, MappingError, NOTHING, Target};
use crate::domain::facts::{Art, EndeGrund, FoerderArt, Kennung, Rolle, TerminArt};
use crate::intake::kinds::Kind;
use crate::intake::list::cells::plain;

/// Keys at the top, for messages.
const KEYS: &str = "inhalt, quelle, blatt, vollstaendig, fallnr_stellen, keine_angabe, nicht_lesen, [dateien], [spalten], \
                    [taetigkeiten], [fest], [werte.FELD]";

/// Cases have numbers of no more digits.
const MOST_DIGITS: i64 = 20;

/// Where in the text a mistake stands.
struct Place<'t> {
    file: &'t str,
    text: &'t str,
}

impl Place<'_> {
    fn wrong(&self, at: usize, key: &str, problem: impl AsRef<str>) -> MappingError {
        let line = self.text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
        MappingError(format!("{}, Zeile {line}: {key}: {}", self.file, problem.as_ref()))
    }

    fn text<'v>(&self, key: &str, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, MappingError> {
        let text = value.get_ref().as_str().map(str::trim).filter(|t| !t.is_empty() && t.len() <= 1_000);
        text.ok_or_else(|| self.wrong(value.span().start, key, "erwartet wird ein nicht leerer Text in \"…\""))
    }

    /// A text or a list of them.
    fn texts<'v>(&self, key: &str, value: &'v Spanned<DeValue<'_>>) -> Result<Vec<&'v str>, MappingError> {
        match value.get_ref() {
            DeValue::Array(list) => list.iter().map(|v| self.text(key, v)).collect(),
            _ => Ok(vec![self.text(key, value)?]),
        }
    }

    fn table<'v, 'i>(&self, key: &str, value: &'v Spanned<DeValue<'i>>) -> Result<&'v DeTable<'i>, MappingError> {
        let expected = format!("erwartet wird eine Tabelle: [{key}]");
        value.get_ref().as_table().ok_or_else(|| self.wrong(value.span().start, key, expected))
    }
}

pub(super) fn mapping(file: &str, text: &str) -> Result<Mapping, MappingError> {
    let place = Place { file, text };
    let parsed = DeTable::parse(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        place.wrong(
            at,
            "TOML",
            format!("{} – das ist kein gültiges TOML", e.message().lines().next().unwrap_or_default()),
        )
    })?;
    let top = parsed.get_ref();
    let mut mapping = Mapping {
        file: file.to_owned(),
        kind: Kind::Betreuungen,
        source: String::new(),
        sheets: Vec::new(),
        complete: false,
        digits: None,
        columns: Vec::new(),
        fixed: Vec::new(),
        words: HashMap::new(),
        nothing: NOTHING.into_iter().map(str::to_owned).collect(),
        ignored: HashSet::new(),
        files: Vec::new(),
    };
    // What the columns may be hangs on it.
    if let Some(value) = top.get("inhalt") {
        mapping.kind = kind(&place, "inhalt", value)?;
    }
    for (key, value) in in_order(top) {
        let (at, key) = (key.span().start, key.get_ref().as_ref());
        match key {
            "inhalt" => {}
            "quelle" => mapping.source = place.text(key, value)?.chars().take(100).collect(),
            "blatt" => mapping.sheets = place.texts(key, value)?.into_iter().map(str::to_owned).collect(),
            "vollstaendig" => {
                let wrong = || place.wrong(value.span().start, key, "erwartet wird true oder false");
                mapping.complete = value.get_ref().as_bool().ok_or_else(wrong)?;
            }
            "fallnr_stellen" => {
                let number = value.get_ref().as_integer().and_then(|n| n.as_str().parse::<i64>().ok());
                let digits = number.filter(|n| (1..=MOST_DIGITS).contains(n)).and_then(|n| usize::try_from(n).ok());
                let expected = format!("erwartet wird eine Zahl von 1 bis {MOST_DIGITS}");
                mapping.digits = Some(digits.ok_or_else(|| place.wrong(value.span().start, key, expected))?);
            }
            "keine_angabe" => mapping.nothing.extend(place.texts(key, value)?.into_iter().map(plain)),
            "nicht_lesen" => mapping.ignored = place.texts(key, value)?.into_iter().map(plain).collect(),
            "dateien" => {
                for (pattern, value) in in_order(place.table(key, value)?) {
                    let name = pattern.get_ref().as_ref();
                    let kind = kind(&place, &format!("dateien.\"{name}\""), value)?;
                    mapping.files.push((name.trim().to_lowercase(), kind));
                }
            }
            "spalten" => {
                for (heading, value) in in_order(place.table(key, value)?) {
                    let name = heading.get_ref().as_ref();
                    let key = format!("spalten.\"{name}\"");
                    let field = field(&place, mapping.kind, &key, value.span().start, place.text(&key, value)?)?;
                    add(&place, &mut mapping, heading, &key, Target::Field(field))?;
                }
            }
            "taetigkeiten" => {
                for (heading, value) in in_order(place.table(key, value)?) {
                    let name = heading.get_ref().as_ref();
                    let key = format!("taetigkeiten.\"{name}\"");
                    let word = place.text(&key, value)?;
                    let art: Art = word.parse().map_err(|_| {
                        let problem =
                            format!("\"{word}\" ist keine Tätigkeit; möglich sind: {}", words(Art::ALL, Art::as_str));
                        place.wrong(value.span().start, &key, problem)
                    })?;
                    add(&place, &mut mapping, heading, &key, Target::Activity(art))?;
                }
            }
            "fest" => {
                for (name, value) in in_order(place.table(key, value)?) {
                    let key = format!("fest.{}", name.get_ref());
                    let field = field(&place, mapping.kind, &key, name.span().start, name.get_ref())?;
                    mapping.fixed.push((field, place.text(&key, value)?.to_owned()));
                }
            }
            "werte" => {
                for (name, value) in in_order(place.table(key, value)?) {
                    let key = format!("werte.{}", name.get_ref());
                    let field = field(&place, mapping.kind, &key, name.span().start, name.get_ref())?;
                    let table = place.table(&key, value)?;
                    let of_field = mapping.words.entry(field).or_default();
                    for (word, value) in in_order(table) {
                        let key = format!("{key}.\"{}\"", word.get_ref());
                        let to = value.get_ref().as_str().map(str::trim);
                        let to =
                            to.ok_or_else(|| place.wrong(value.span().start, &key, "erwartet wird ein Text in \"…\""))?;
                        known(&place, mapping.kind, field, &key, value.span().start, to)?;
                        of_field.insert(plain(word.get_ref()), to.to_owned());
                    }
                }
            }
            _ => return Err(place.wrong(at, key, format!("unbekannter Schlüssel; möglich sind: {KEYS}"))),
        }
    }
    whole(&place, mapping)
}

/// The entries of a table as they stand in the file: the first mistake is the first, and columns keep their order.
fn in_order<'v, 'i>(table: &'v DeTable<'i>) -> Vec<(&'v Spanned<Cow<'i, str>>, &'v Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Adds a column; a heading stands for one thing.
fn add(
    place: &Place<'_>,
    mapping: &mut Mapping,
    heading: &Spanned<Cow<'_, str>>,
    key: &str,
    target: Target,
) -> Result<(), MappingError> {
    let (at, name) = (heading.span().start, heading.get_ref().trim());
    if plain(name).is_empty() {
        return Err(place.wrong(at, key, "die Überschrift ist leer"));
    }
    if let Some(other) = mapping.columns.iter().find(|c| plain(&c.heading) == plain(name)) {
        return Err(place.wrong(at, key, format!("die Überschrift „{}“ ist schon zugeordnet", other.heading)));
    }
    if matches!(target, Target::Field(_))
        && let Some(other) = mapping.columns.iter().find(|c| c.target == target)
    {
        return Err(place.wrong(at, key, format!("dieses Feld kommt schon aus der Spalte „{}“", other.heading)));
    }
    mapping.columns.push(Column { heading: name.to_owned(), target });
    Ok(())
}

fn kind(place: &Place<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Kind, MappingError> {
    let word = place.text(key, value)?;
    Kind::ALL.into_iter().find(|k| k.stem() == word).ok_or_else(|| {
        let all = Kind::ALL.map(Kind::stem).join(", ");
        place.wrong(value.span().start, key, format!("\"{word}\" ist unbekannt; möglich sind: {all}"))
    })
}

/// The place of a field among the kind's columns.
fn field(place: &Place<'_>, kind: Kind, key: &str, at: usize, word: &str) -> Result<usize, MappingError> {
    let columns = kind.columns();
    match columns.iter().position(|c| c.name == word) {
        Some(i) if columns[i].stored => Ok(i),
        Some(_) => Err(place.wrong(
            at,
            key,
            format!("{word} wird nicht gespeichert; bitte die Überschrift unter nicht_lesen nennen oder weglassen"),
        )),
        None => {
            let fields: Vec<_> = columns.iter().filter(|c| c.stored).map(|c| c.name).collect();
            let activity = word.parse::<Art>().is_ok();
            let hint = if activity { " (Tätigkeiten gehören unter [taetigkeiten])" } else { "" };
            let problem =
                format!("\"{word}\" ist kein Feld von {}{hint}; möglich sind: {}", kind.stem(), fields.join(", "));
            Err(place.wrong(at, key, problem))
        }
    }
}

fn words<T: Copy>(all: &[T], as_str: fn(T) -> &'static str) -> String {
    all.iter().map(|w| as_str(*w)).collect::<Vec<_>>().join(", ")
}

/// The words that a field takes, where they are a closed set.
fn closed_set(kind: Kind, field: usize) -> Option<String> {
    Some(match (kind, kind.columns().get(field)?.name) {
        (Kind::Betreuungen, "kennung") => words(Kennung::ALL, Kennung::as_str),
        (Kind::Betreuungen, "ende_grund") => words(EndeGrund::ALL, EndeGrund::as_str),
        (Kind::Personal, "rolle") => words(Rolle::ALL, Rolle::as_str),
        (Kind::Aktivitaeten, "art") => words(Art::ALL, Art::as_str),
        (Kind::Foerderungen, "art") => words(FoerderArt::ALL, FoerderArt::as_str),
        (Kind::Termine, "art") => words(TerminArt::ALL, TerminArt::as_str),
        (Kind::Foerderungen, "potenzial") | (Kind::Veranstaltungen, "durchgefuehrt") => "ja, nein".to_owned(),
        _ => return None,
    })
}

/// Refuses a value that its field does not take: it would be refused in every row.
fn known(place: &Place<'_>, kind: Kind, field: usize, key: &str, at: usize, to: &str) -> Result<(), MappingError> {
    match closed_set(kind, field) {
        Some(all) if !to.is_empty() && !all.split(", ").any(|w| w == to) => {
            Err(place.wrong(at, key, format!("\"{to}\" passt nicht; möglich sind: {all} oder leer")))
        }
        _ => Ok(()),
    }
}

/// Refuses what does not go together.
fn whole(place: &Place<'_>, mapping: Mapping) -> Result<Mapping, MappingError> {
    let columns = mapping.kind.columns();
    let states = |i: usize| {
        mapping.columns.iter().any(|c| c.target == Target::Field(i)) || mapping.fixed.iter().any(|(f, _)| *f == i)
    };
    if mapping.source.is_empty() {
        return Err(place.wrong(0, "quelle", "fehlt; erwartet wird ein Name für diese Liste, etwa \"kundenliste\""));
    }
    let missing = |name: &str| {
        let problem = format!("die Spalte für {name} fehlt; erwartet wird eine Zeile \"Überschrift\" = \"{name}\"");
        place.wrong(0, "spalten", problem)
    };
    if !mapping.columns.iter().any(|c| c.target == Target::Field(0)) {
        return Err(missing(columns[0].name));
    }
    if let Some((field, _)) =
        mapping.fixed.iter().find(|(f, _)| mapping.columns.iter().any(|c| c.target == Target::Field(*f)))
    {
        let name = columns[*field].name;
        return Err(place.wrong(0, &format!("fest.{name}"), "dieses Feld kommt schon aus einer Spalte"));
    }
    if let Some(column) = mapping.columns.iter().find(|c| mapping.ignored.contains(&plain(&c.heading))) {
        return Err(place.wrong(0, "nicht_lesen", format!("„{}“ ist zugleich zugeordnet", column.heading)));
    }
    if mapping.kind != Kind::Betreuungen && (mapping.has_activities() || mapping.complete) {
        return Err(place.wrong(0, "inhalt", "[taetigkeiten] und vollstaendig passen nur zu inhalt = \"betreuungen\""));
    }
    // Without these a row says nothing: whose case it is, what was done and when.
    let needed: &[&str] = match mapping.kind {
        Kind::Teams => &["team", "bundesland"],
        Kind::Personal => &["kuerzel", "rolle"],
        Kind::Betreuungen if mapping.has_rows() => &["fallnr", "team"],
        Kind::Betreuungen => &["fallnr"],
        Kind::Aktivitaeten => &["fallnr", "art", "datum"],
        Kind::Foerderungen => &["foerdernr", "fallnr", "art"],
        Kind::Pausen => &["fallnr", "von"],
        Kind::Abwesenheiten => &["kuerzel", "von"],
        Kind::Veranstaltungen => &["team", "datum"],
        Kind::Termine => &["terminnr", "fallnr", "art", "datum"],
        Kind::Stellen => &["refnr"],
    };
    for name in needed {
        if columns.iter().position(|c| c.name == *name).is_some_and(|i| !states(i)) {
            return Err(missing(name));
        }
    }
    if mapping.complete && !mapping.has_rows() {
        let problem = "passt nicht zu einer Liste, die nur Tätigkeiten nennt";
        return Err(place.wrong(0, "vollstaendig", problem));
    }
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "quelle = \"liste\"\n[spalten]\n\"Fall\" = \"fallnr\"\n\"Team\" = \"team\"\n";

    #[test]
    fn a_small_mapping_is_read() {
        let mapping = Mapping::parse("z.toml", GOOD).unwrap();
        assert_eq!((mapping.kind, &*mapping.source, mapping.complete), (Kind::Betreuungen, "liste", false));
        assert_eq!(mapping.stated(), ["fallnr", "team"]);
        assert!(mapping.is_nothing("K. A.") && !mapping.is_nothing("offen"));
    }

    #[test]
    fn mistakes_are_refused_with_file_line_key_and_what_would_be_right() {
        for (add, expected) in [
            (
                "\"LL\" = \"lebenslauf\"",
                "z.toml, Zeile 5: spalten.\"LL\": \"lebenslauf\" ist kein Feld von betreuungen",
            ),
            ("\"AG\" = \"ag_kontakt\"", "(Tätigkeiten gehören unter [taetigkeiten])"),
            ("\"B\" = \"kundennummer\"", "kundennummer wird nicht gespeichert"),
            ("\"fall:\" = \"bak\"", "Zeile 5: spalten.\"fall:\": die Überschrift „Fall“ ist schon zugeordnet"),
            ("\"Nr\" = \"fallnr\"", "dieses Feld kommt schon aus der Spalte „Fall“"),
            ("\"X\" = 3", "Zeile 5: spalten.\"X\": erwartet wird ein nicht leerer Text"),
            ("[taetigkeiten]\n\"AG\" = \"kontakt\"", "Zeile 6: taetigkeiten.\"AG\": \"kontakt\" ist keine Tätigkeit"),
            ("[fest]\nteam = \"T1\"", "fest.team: dieses Feld kommt schon aus einer Spalte"),
            (
                "[werte.ende_grund]\n\"vermittelt\" = \"job\"",
                "Zeile 6: werte.ende_grund.\"vermittelt\": \"job\" passt nicht; möglich sind: integration",
            ),
            ("[werte.grund]\nx = \"y\"", "Zeile 5: werte.grund: \"grund\" ist kein Feld"),
            (
                "[dateien]\n\"p*.csv\" = \"leute\"",
                "Zeile 6: dateien.\"p*.csv\": \"leute\" ist unbekannt; möglich sind: teams",
            ),
            ("[spalte]\n", "Zeile 5: spalte: unbekannter Schlüssel; möglich sind: inhalt, quelle"),
            ("= 3", "Zeile 5: TOML:"),
        ] {
            let error = Mapping::parse("z.toml", &format!("{GOOD}{add}\n")).expect_err(add).to_string();
            assert!(error.contains(expected), "{add}\n  gives  {error}\n  wanted {expected}");
        }
        for (text, expected) in [
            ("", "quelle: fehlt"),
            ("quelle = \"x\"", "die Spalte für fallnr fehlt"),
            ("quelle = \"x\"\n[spalten]\nFall = \"fallnr\"\nBAK = \"bak\"", "die Spalte für team fehlt"),
            ("quelle = \"x\"\nvollstaendig = \"ja\"", "Zeile 2: vollstaendig: erwartet wird true oder false"),
            ("quelle = \"x\"\nvollstaendig = true\n[spalten]\nFall = \"fallnr\"", "vollstaendig: passt nicht"),
            ("quelle = \"x\"\nfallnr_stellen = 0", "Zeile 2: fallnr_stellen: erwartet wird eine Zahl"),
            ("quelle = \"x\"\nblatt = [1]", "Zeile 2: blatt: erwartet wird"),
            ("inhalt = \"alles\"", "Zeile 1: inhalt: \"alles\" ist unbekannt"),
        ] {
            let error = Mapping::parse("z.toml", text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}\n  gives  {error}\n  wanted {expected}");
        }
    }
}
