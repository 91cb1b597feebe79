//! A first mapping for a list that nobody has mapped yet, guessed from its headings and what stands below them.
//!
//! What comes out is a file for a person to correct: it says of every column what was seen, and where it is not sure it
//! says so. It quotes headings and the words of closed sets (grounds of an end, markers), and nobody's data.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::list::book;
use super::list::cells::{Cell, plain};
use super::list::head::{headings, is_sum};
use crate::domain::facts::{EndeGrund, Kennung};

/// Rows that are looked at, per sheet: enough to see what a column holds.
const LOOKED_AT: usize = 400;
/// Cells that are looked at, per sheet.
const MOST_CELLS: usize = 40_000;
/// Sheets that are looked at.
const MOST_SHEETS: usize = 40;
/// A header is looked for in so many rows.
const TITLES: usize = 60;

/// A column with more different words is one of free text.
const WORDS: usize = 40;

/// A word of a closed set is no longer (characters) than that: what is may be a sentence about somebody.
const LETTERS: usize = 24;

/// What a column may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    Field(&'static str),
    Activity(&'static str),
    /// Known to be of no use here, or not to be stored.
    Nothing,
}

use Guess::{Activity, Field, Nothing};

/// What headings mean: all of these words are in it (of alternatives one), whether days stand below, the meaning. The
/// first that fits counts.
const MEANINGS: &[(&[&str], Option<bool>, Guess)] = &[
    (&["bemerk|notiz|hinweis|geburt|geb.|telefonnr|handy|mail|anschrift|adresse|straße|lfd|lfd."], None, Nothing),
    (&["kd.|kd-|kdnr|kunden-nr|kundennr|kundennummer|kd.-nr|bg-nr"], None, Nothing),
    (&["rückgabegespr"], Some(true), Field("rueckgabegespraech_am")),
    (&["fazit"], Some(true), Field("fazit_am")),
    (&["kennung", "seit|am|ab"], Some(true), Field("kennung_seit")),
    (&["übergabe|uebergabe"], Some(true), Field("uebergabe_am")),
    (&["hb|hauptbetreu"], Some(true), Field("hauptbetreuer_seit")),
    (&["lebenslauf|cv", "erinner|mahn"], Some(true), Activity("lebenslauf_erinnert")),
    (&["lebenslauf|cv", "angef|anford"], Some(true), Activity("lebenslauf_angefordert")),
    (&["lebenslauf|cv"], Some(true), Activity("lebenslauf_eingegangen")),
    (&["versuch"], Some(true), Activity("kontaktversuch")),
    (&["ag|arbeitgeber", "kontakt"], Some(true), Activity("ag_kontakt")),
    (&["suchlauf|suchläufe"], Some(true), Activity("stellensuchlauf")),
    (&["außendienst|aussendienst|betriebsbesuch"], Some(true), Activity("aussendienst")),
    (&["schriftlich", "kontakt"], Some(true), Activity("kontakt_schriftlich")),
    (&["persönlich|gespräch"], Some(true), Activity("kontakt_persoenlich")),
    (&["kontakt|telefon"], Some(true), Activity("kontakt_telefonisch")),
    (&["ende|beendet|abschluss|abgang"], Some(true), Field("ende_am")),
    (&["fall|fallnr|fallnummer|fall-nr|aktenzeichen"], None, Field("fallnr")),
    (&["grund"], Some(false), Field("ende_grund")),
    (&["kennung"], Some(false), Field("kennung")),
    (&["bak|akquisiteur"], Some(false), Field("bak")),
    (&["ifk|integrationsfachkraft|fallmanager|fm|vermittler"], Some(false), Field("ifk")),
    (&["team"], Some(false), Field("team")),
    (&["ort|wohnort|region|gemeinde"], Some(false), Field("region")),
    (&["kürzel|initialen|bezeichnung|name|kunde"], Some(false), Field("bezeichnung")),
];

/// Words of that few letters must stand alone: „fm" is in many words.
const SHORT: usize = 4;

fn guess(heading: &str, days: bool) -> Option<Guess> {
    let words: Vec<&str> = heading.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let has = |part: &str| {
        let alone = part.len() <= SHORT && part.chars().all(char::is_alphanumeric);
        if alone { words.contains(&part) } else { heading.contains(part) }
    };
    let fits = |parts: &&[&str]| parts.iter().all(|part| part.split('|').any(has));
    MEANINGS.iter().find(|(parts, needs, _)| fits(parts) && needs.is_none_or(|n| n == days)).map(|(.., guess)| *guess)
}

/// A sheet's first rows.
#[derive(Debug, Default)]
struct Seen {
    name: String,
    hidden: bool,
    epoch_1904: bool,
    rows: Vec<(u64, Vec<Cell>)>,
    /// How many cells these are.
    cells: usize,
}

impl Seen {
    /// How much like a header a row is: texts, and among them such as we know.
    fn likeness(cells: &[Cell]) -> usize {
        let (names, _) = headings(cells);
        let known = |n: &&String| guess(n, true).or_else(|| guess(n, false)).is_some();
        let texts = names.iter().filter(|n| !n.is_empty()).count();
        if texts < 2 { 0 } else { texts + 4 * names.iter().filter(|n| !n.is_empty()).filter(known).count() }
    }

    /// The place of the header, and how sure that is.
    fn header(&self) -> Option<(usize, usize)> {
        let scored = self.rows.iter().take(TITLES).enumerate().map(|(i, (_, cells))| (i, Self::likeness(cells)));
        // Of rows that are alike the first: below it stand rows of the list.
        scored.filter(|(_, score)| *score > 0).max_by_key(|(i, score)| (*score, usize::MAX - i))
    }
}

/// The sheet that looks most like a list, and the place of its header.
struct Best {
    sheet: Seen,
    at: usize,
    /// A sheet that people see goes before one that is hidden.
    score: (bool, usize),
}

/// Of sheets that are alike the last. Only one is kept: a workbook may have hundreds.
fn better(best: &mut Option<Best>, sheet: Seen) {
    if let Some((at, score)) = sheet.header().map(|(at, score)| (at, (!sheet.hidden, score)))
        && best.as_ref().is_none_or(|best| score >= best.score)
    {
        *best = Some(Best { sheet, at, score });
    }
}

/// What a cell holds, as far as a guess needs it.
fn shortened(cell: &Cell) -> Cell {
    const BYTES: usize = 240;
    match cell {
        Cell::Text(text) if text.len() > BYTES => Cell::Text(text[..text.floor_char_boundary(BYTES)].to_owned()),
        cell => cell.clone(),
    }
}

/// A column of the list.
struct Column<'a> {
    heading: &'a str,
    shown: &'a str,
    texts: Vec<String>,
    days: usize,
    guess: Option<Guess>,
}

/// The text of a mapping for the list in this file; else a German sentence.
///
/// # Errors
/// Where the file cannot be read or holds no list.
pub fn suggest(path: &Path) -> Result<String, String> {
    let (mut best, mut sheet): (Option<Best>, Seen) = (None, Seen::default());
    let mut last = None;
    book::rows(path, &|_| true, &mut |row| {
        if last != Some(row.number) {
            if row.number >= MOST_SHEETS {
                return Ok(ControlFlow::Break(()));
            }
            last = Some(row.number);
            better(&mut best, std::mem::take(&mut sheet));
            sheet =
                Seen { name: row.sheet.to_owned(), hidden: row.hidden, epoch_1904: row.epoch_1904, ..Seen::default() };
        }
        let cells = row.cells.iter().map(shortened).collect::<Vec<_>>();
        sheet.cells += cells.len();
        sheet.rows.push((row.line, cells));
        let enough = sheet.rows.len() >= LOOKED_AT || sheet.cells >= MOST_CELLS;
        Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    better(&mut best, sheet);
    let Some(Best { sheet, at, .. }) = best else {
        return Err("Die Datei enthält keine Zeile, die wie eine Kopfzeile aussieht.".into());
    };
    let (line, cells) = &sheet.rows[at];
    let (names, shown) = headings(cells);
    let below: Vec<_> = sheet.rows[at + 1..].iter().filter(|(_, cells)| !is_sum(cells)).collect();
    let mut columns: Vec<Column<'_>> = Vec::new();
    for (i, (name, shown)) in names.iter().zip(&shown).enumerate().filter(|(_, (name, _))| !name.is_empty()) {
        let filled = below.iter().filter_map(|(_, cells)| cells.get(i)).filter(|c| !c.is_empty());
        let days = filled.clone().filter(|c| c.day(sheet.epoch_1904).is_some()).count();
        let texts: Vec<_> = filled.map(Cell::text).collect();
        let mut guess = guess(name, days * 2 > texts.len() || texts.is_empty());
        // A field has one column; what comes later may be activities of the same kind.
        if columns.iter().any(|c| c.guess == guess && matches!(guess, Some(Field(_)))) {
            guess = None;
        }
        columns.push(Column { heading: name, shown, texts, days, guess });
    }
    Ok(written(path, &sheet, *line, below.len(), &columns))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

impl Column<'_> {
    /// The heading as the mapping must write it: a repeated one with its number.
    fn name(&self) -> String {
        let repeated = plain(self.shown) != self.heading;
        quoted(if repeated { self.heading } else { self.shown })
    }

    fn comment(&self, rows: usize) -> String {
        let what = match (self.texts.len(), self.days) {
            (0, _) => "leer".to_owned(),
            (n, 0) => format!("{n} von {rows} gefüllt"),
            (n, d) if n == d => format!("{n} von {rows} gefüllt, Tage"),
            (n, d) => format!("{n} von {rows} gefüllt, {d} davon Tage"),
        };
        format!("# {what}")
    }

    fn is(&self, field: &str) -> bool {
        matches!(self.guess, Some(Field(guessed)) if guessed == field)
    }
}

fn written(path: &Path, sheet: &Seen, line: u64, rows: usize, columns: &[Column<'_>]) -> String {
    let stem = path.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    let source: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(60).collect();
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    say("# Entwurf einer Zuordnung, geraten aus Überschriften und Inhalt. Bitte jede Zeile prüfen, dann ansehen mit:"
        .into());
    say("#   wiedervorlage import --map DIESE-DATEI --dry-run LISTE".into());
    let looked_at = if rows == 1 { "wurde 1 Zeile".to_owned() } else { format!("wurden {rows} Zeilen") };
    say(format!("# Die Kopfzeile steht in Zeile {line}; darunter {looked_at} angesehen."));
    say(format!("quelle = {}", quoted(if source.is_empty() { "liste" } else { &source })));
    if !sheet.name.is_empty() {
        say(format!("blatt = {}", quoted(&sheet.name)));
    }
    say("vollstaendig = false   # true: nach laufenden Fällen, die in der nächsten Liste fehlen, wird gefragt".into());
    let key = columns.iter().find(|c| c.is("fallnr"));
    if let Some(digits) = key.and_then(|c| digits(&c.texts)) {
        say(format!("fallnr_stellen = {digits}   # ergänzt führende Nullen, die das Programm verloren hat"));
    }
    let ignored: Vec<_> = columns.iter().filter(|c| c.guess == Some(Nothing)).map(Column::name).collect();
    if !ignored.is_empty() {
        say(format!("nicht_lesen = [{}]", ignored.join(", ")));
    }
    if !columns.iter().any(|c| c.is("team")) {
        say("\n# Die Liste hat keine Spalte für das Team: Bitte das Kürzel aus teams.csv eintragen.".into());
        say("[fest]\nteam = \"BITTE EINTRAGEN\"".into());
    }
    say("\n# Überschrift = Feld der Betreuung".into());
    say("[spalten]".into());
    if key.is_none() {
        say("# FEHLT: die Spalte mit der Fallnummer, etwa  \"Fall\" = \"fallnr\"".into());
    }
    for column in columns {
        if let Some(Field(field)) = column.guess {
            say(format!("{} = \"{field}\"   {}", column.name(), column.comment(rows)));
        }
    }
    let unsure: Vec<_> = columns.iter().filter(|c| c.guess.is_none()).collect();
    if !unsure.is_empty() {
        say("# Nicht erkannt; bitte zuordnen oder unter nicht_lesen nennen:".into());
        for column in &unsure {
            say(format!("# {} = \"\"   {}", column.name(), column.comment(rows)));
        }
    }
    if columns.iter().any(|c| matches!(c.guess, Some(Activity(_)))) {
        say("\n# Spalte mit Tagen = was an diesem Tag getan wurde".into());
        say("[taetigkeiten]".into());
        for column in columns {
            if let Some(Activity(art)) = column.guess {
                say(format!("{} = \"{art}\"   {}", column.name(), column.comment(rows)));
            }
        }
    }
    for field in ["ende_grund", "kennung"] {
        let Some(column) = columns.iter().find(|c| c.is(field)) else { continue };
        let mut words: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for word in &column.texts {
            words.entry(plain(word)).or_insert((word, 0)).1 += 1;
        }
        let is_word = |word: &str, times: usize| {
            times >= 2 && word.chars().count() <= LETTERS && word.split_whitespace().count() <= 3
        };
        let (mut strange, mut withheld) = (Vec::new(), 0);
        for (word, times) in words.into_values() {
            match meaning(field, word) {
                Some(value) if is_word(word, times) => strange.push((word, value)),
                Some(_) => withheld += 1,
                None => {}
            }
        }
        if withheld > 0 {
            say(format!(
                "\n# {}: {withheld} weitere Angaben stehen nur einmal da oder sind lang; sie werden hier nicht gezeigt.",
                column.name()
            ));
        }
        if !strange.is_empty() && strange.len() <= WORDS {
            say("\n# Wort der Liste = Wert".into());
            say(format!("[werte.{field}]"));
            for (word, value) in strange {
                say(format!("{} = \"{value}\"", quoted(word)));
            }
        }
    }
    text
}

/// What an office's word most likely means; none where it is one of ours already.
fn meaning(field: &str, word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|p| lower.contains(p));
    if field == "kennung" {
        return if Kennung::ALL.iter().any(|k| k.as_str().eq_ignore_ascii_case(word)) { None } else { Some("") };
    }
    if EndeGrund::ALL.iter().any(|g| g.as_str() == lower) {
        return None;
    }
    Some(if has(&["vermittel", "arbeit", "integr", "job", "eingestellt"]) {
        EndeGrund::Integration.as_str()
    } else if has(&["monat", "frist", "zeitablauf"]) {
        EndeGrund::RueckgabeFrist.as_str()
    } else if has(&["mitwirk", "lebenslauf"]) {
        EndeGrund::RueckgabeMitwirkung.as_str()
    } else {
        EndeGrund::RueckgabeSonstige.as_str()
    })
}

/// How many digits most numbers have, if leading zeros say that it matters.
fn digits(texts: &[String]) -> Option<usize> {
    let numbers: Vec<_> = texts.iter().filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit())).collect();
    let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
    for number in &numbers {
        *lengths.entry(number.len()).or_default() += 1;
    }
    let (length, count) = lengths.into_iter().max_by_key(|(_, count)| *count)?;
    let all = numbers.len() * 10 >= texts.len() * 9 && count * 2 > numbers.len();
    (all && length <= 20 && numbers.iter().any(|n| n.starts_with('0'))).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_guessed_by_their_words_and_what_stands_below() {
        for (heading, days, expected) in [
            ("fall", false, Some(Field("fallnr"))),
            ("kd.-nr.", false, Some(Nothing)),
            ("zust. ifk", false, Some(Field("ifk"))),
            ("letzter ag-kontakt", true, Some(Activity("ag_kontakt"))),
            ("letzter kundenkontakt", true, Some(Activity("kontakt_telefonisch"))),
            ("kontakt ag", false, None),
            ("hb in verbis seit", true, Some(Field("hauptbetreuer_seit"))),
            ("kennung seit", true, Some(Field("kennung_seit"))),
            ("kennung", false, Some(Field("kennung"))),
            ("lebenslauf da", true, Some(Activity("lebenslauf_eingegangen"))),
            ("ende", true, Some(Field("ende_am"))),
            ("grund", false, Some(Field("ende_grund"))),
            ("bemerkungen zum kontakt", true, Some(Nothing)),
            ("firmenname ort", false, Some(Field("region"))),
            ("schuhgröße", false, None),
        ] {
            assert_eq!(guess(heading, days), expected, "{heading}");
        }
    }

    #[test]
    fn leading_zeros_tell_how_long_numbers_are() {
        let of = |texts: &[&str]| digits(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["0000001", "0000002", "3"]), Some(7));
        assert_eq!(of(&["1234567", "7654321"]), None);
        assert_eq!(of(&["A1", "B2"]), None);
        assert_eq!(of(&[]), None);
    }
}
