//! The Wochenliste as a workbook: a form that Excel and LibreOffice show, check and print.
//!
//! Knows the form and the library that writes workbooks; neither store nor rules. The same form always gives the same
//! bytes. Every text is written as a text: what came from files is never taken for a formula. Beside the sheet that people
//! see stands a hidden one with what the form held, so that a reader can tell what was written into it; plain cells, which
//! every program keeps when it saves the file anew.

mod checks;
mod labels;

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate, Timelike};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, ProtectionOptions, Workbook,
    Worksheet, XlsxError,
};
use sha2::{Digest as _, Sha256};

use checks::validation;
use labels::{day_head, note_group, note_word, open, standing, tick_word};

use super::words::{clean, instant, week};
use crate::domain::wochenliste::{
    Column, Entry, FALLNR, FORM_SHEET, Form, MARK, MEMORY_SHEET, Note, REASONS, Tick, VERSION,
};

/// Why a form could not be written. Always a mistake of the program; holds nobody's data.
#[derive(Debug, thiserror::Error)]
#[error("Die Wochenliste ließ sich nicht schreiben. Das ist ein Fehler des Programms; bitte melden.")]
pub struct SheetError;

impl From<XlsxError> for SheetError {
    fn from(_: XlsxError) -> Self {
        Self
    }
}

// Rows and columns, from 0.
const DAYS_HEAD: u32 = 4;
const HEAD: u32 = 5;
/// Hidden: the columns' names, by which a reader finds them.
const NAMES: u32 = 6;
const FIRST: u32 = 7;
/// Empty rows below the cases, for cases that are not on the form.
const SPARE: u32 = 5;
/// Columns before those that are filled in: number, initials, standing, what is open.
const BEFORE: u16 = 4;

/// Ink and paper; each pair has a contrast of 7:1 or more.
const INK: Color = Color::RGB(0x1B_1F24);
const DARK: Color = Color::RGB(0x1F_3A5F);
const LIGHT: Color = Color::RGB(0xDC_E4EE);
const GREY: Color = Color::RGB(0xD9_D9D9);
const RULE: Color = Color::RGB(0x8A_939D);

/// The workbook of a form.
pub fn workbook(form: &Form) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let title = format!("Wochenliste {}", period(form));
    let made = form.made.naive_utc();
    let at = ExcelDateTime::from_ymd(made.year().clamp(1900, 9999) as u16, made.month() as u8, made.day() as u8)?;
    let at = at.and_hms(made.hour() as u16, made.minute() as u8, f64::from(made.second()))?;
    let properties = DocProperties::new().set_title(&title).set_author("BAK-Wiedervorlage").set_creation_datetime(&at);
    book.set_properties(&properties);
    let sheet = book.add_worksheet();
    sheet.set_name(FORM_SHEET)?;
    fill(sheet, form, &title)?;
    let memory = book.add_worksheet();
    memory.set_name(MEMORY_SHEET)?;
    remember(memory, form)?;
    // By this name screen readers find the header of a column.
    book.define_name(format!("{FORM_SHEET}!ColumnTitle"), &format!("={FORM_SHEET}!$A${}", HEAD + 1))?;
    Ok(book.save_to_buffer()?)
}

/// What the file is called.
pub fn file_name(form: &Form) -> String {
    /// Longer keys are no kuerzel.
    const CHARS: usize = 60;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let bak: String = form.bak.chars().take(CHARS).map(plain).collect();
    format!("Wochenliste_{}_{bak}.xlsx", form.week.name())
}

/// `KW 48 · 23.11. bis 27.11.2026`.
pub(super) fn period(form: &Form) -> String {
    let (first, last) = (form.week.monday(), form.week.day(4));
    let name = form.week.name();
    format!("{} · {} bis {}", week(&name), first.format("%d.%m."), last.format("%d.%m.%Y"))
}

/// By which a print and its file are told to belong together.
fn mark_of(form: &Form) -> String {
    let mut hash = Sha256::new();
    for text in [&form.bak, &form.week.name(), &form.made.to_rfc3339()] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    for row in &form.rows {
        hash.update(row.fallnr.as_bytes());
        row.cells.iter().for_each(|entry| hash.update(format!("\0{entry}").as_bytes()));
    }
    hash.finalize()[..5].iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the form held.
fn remember(sheet: &mut Worksheet, form: &Form) -> Result<(), XlsxError> {
    let facts = [
        (MARK, VERSION.to_string()),
        ("bak", form.bak.clone()),
        ("woche", form.week.name()),
        ("erstellt", form.made.to_rfc3339()),
        ("liste", mark_of(form)),
    ];
    for (line, (name, value)) in (0..).zip(facts) {
        sheet.write_string(line, 0, name)?;
        sheet.write_string(line, 1, value)?;
    }
    let head = 6;
    sheet.write_string(head - 1, 0, "frei")?;
    for (n, because) in (1..).zip(&form.closed) {
        sheet.write_string(head - 1, n, because.as_deref().unwrap_or_default())?;
    }
    sheet.write_string(head, 0, FALLNR)?;
    for (n, column) in (1..).zip(Column::all()) {
        sheet.write_string(head, n, column.id())?;
    }
    for (line, row) in (head + 1..).zip(&form.rows) {
        sheet.write_string(line, 0, &row.fallnr)?;
        for (n, entry) in (1..).zip(&row.cells).filter(|(_, entry)| **entry != Entry::Nothing) {
            sheet.write_string(line, n, entry.to_string())?;
        }
    }
    sheet.set_hidden(true).protect();
    Ok(())
}

/// How cells look.
struct Looks {
    fixed: Format,
    number: Format,
    /// Filled in; by whether a day begins there.
    tick: [Format; 2],
    date: [Format; 2],
    choice: Format,
    closed: [Format; 2],
    own_number: Format,
}

impl Looks {
    fn new() -> Self {
        let plain = Format::new().set_font_name("Arial").set_font_size(10).set_font_color(INK);
        let cell = plain.set_border(FormatBorder::Thin).set_border_color(RULE).set_align(FormatAlign::VerticalCenter);
        let begins = |format: Format| {
            let first = format.clone().set_border_left(FormatBorder::Medium).set_border_left_color(DARK);
            [format, first]
        };
        let middle = cell.clone().set_align(FormatAlign::Center);
        let text = |format: Format| format.set_num_format("@");
        // 0 takes a day back, and must not look like one.
        let date = middle.clone().set_num_format("[=0]0;dd\\.mm\\.yy").set_font_size(9).set_unlocked();
        Self {
            fixed: cell.clone().set_font_size(9).set_text_wrap(),
            number: text(cell.clone()).set_bold(),
            tick: begins(middle.clone().set_unlocked()),
            date: begins(date),
            choice: cell.clone().set_font_size(9).set_text_wrap().set_unlocked(),
            closed: begins(middle.set_background_color(GREY)),
            own_number: text(cell).set_unlocked(),
        }
    }
}

fn fill(sheet: &mut Worksheet, form: &Form, title: &str) -> Result<(), XlsxError> {
    let looks = Looks::new();
    head(sheet, form, title)?;
    for (line, row) in (FIRST..).zip(&form.rows) {
        sheet.write_string_with_format(line, 0, &row.fallnr, &looks.number)?;
        sheet.write_string_with_format(line, 1, clean(&row.bezeichnung), &looks.fixed)?;
        sheet.write_string_with_format(line, 2, standing(row.standing), &looks.fixed)?;
        sheet.write_string_with_format(line, 3, open(row), &looks.fixed)?;
        for ((at, column), entry) in (BEFORE..).zip(Column::all()).zip(&row.cells) {
            cell(sheet, &looks, (line, at), column, *entry)?;
        }
    }
    let after = FIRST + form.rows.len() as u32;
    for line in after..after + SPARE {
        sheet.write_blank(line, 0, &looks.own_number)?;
        for at in 1..BEFORE {
            sheet.write_blank(line, at, &looks.fixed)?;
        }
        for (at, column) in (BEFORE..).zip(Column::all()) {
            let closed = matches!(column, Column::Day(n, _) if form.closed[usize::from(n.min(4))].is_some());
            cell(sheet, &looks, (line, at), column, if closed { Entry::Closed } else { Entry::Nothing })?;
        }
    }
    let last = after + SPARE - 1;
    for (at, column) in (BEFORE..).zip(Column::all()) {
        sheet.add_data_validation(FIRST, at, last, at, &validation(form, column, at)?)?;
    }
    let width = BEFORE + Column::all().count() as u16 - 1;
    page(sheet, form, last, width)?;
    sheet.ignore_error_range(FIRST, 0, last, 0, IgnoreError::NumberStoredAsText)?;
    // Against slips, not against people: no password. Columns may be widened, rows sorted out.
    let may =
        ProtectionOptions { format_cells: true, format_columns: true, format_rows: true, ..ProtectionOptions::new() };
    sheet.protect_with_options(&may);
    Ok(())
}

fn head(sheet: &mut Worksheet, form: &Form, title: &str) -> Result<(), XlsxError> {
    let plain = Format::new().set_font_name("Arial").set_font_color(INK);
    let small = plain.clone().set_font_size(9);
    sheet.write_string_with_format(0, 0, title, &plain.clone().set_bold().set_font_size(14))?;
    let mut whose = format!("BAK {}", clean(&form.bak));
    if let Some(name) = form.name.as_deref().filter(|name| !name.is_empty()) {
        let _ = write!(whose, " – {}", clean(name));
    }
    if form.in_stead {
        whose.push_str(" (in Vertretung)");
    }
    for data in &form.data {
        let of = if form.data.len() > 1 { format!(" {}", clean(&data.team)) } else { String::new() };
        let at = data.fresh.at.map_or_else(|| "noch keine Daten".to_owned(), instant);
        let _ = write!(whose, " · Datenstand{of}: {at}");
    }
    sheet.write_string_with_format(1, 0, whose, &plain.set_font_size(10))?;
    sheet.write_string_with_format(
        2,
        0,
        "Suche (Stellensuchläufe), AG (Arbeitgeberkontakt), Vers. (Kontaktversuch): x oder eine Zahl. Kunde: p persönlich, \
         t telefonisch, pt beides. Rechts: Tag mit Jahr. Leer: nichts. 0 nimmt zurück, was eingetragen war.",
        &small,
    )?;
    sheet.write_string_with_format(
        3,
        0,
        "Speichern und in den Eingangsordner legen, auch mehrmals oder später; mehrere Kopien werden zusammengeführt. In VerBIS \
         dokumentieren bleibt nötig (§\u{a0}7). Enthält Sozialdaten (§\u{a0}35 SGB\u{a0}I) – nicht an Arbeitgeber.",
        &small,
    )?;
    let bold = small.set_bold().set_align(FormatAlign::VerticalCenter);
    let dark = bold.clone().set_background_color(DARK).set_font_color(Color::White);
    let light = bold.set_background_color(LIGHT).set_border(FormatBorder::Thin).set_border_color(RULE).set_text_wrap();
    let upright = light.clone().set_rotation(90).set_align(FormatAlign::Center);
    for (at, name) in (0..).zip(["Fall", "Kürzel", "Stand", "Offen"]) {
        sheet.write_blank(DAYS_HEAD, at, &dark)?;
        sheet.write_string_with_format(HEAD, at, name, &light)?;
        sheet.write_string(NAMES, at, if at == 0 { FALLNR } else { "" })?;
    }
    for (at, column) in (BEFORE..).zip(Column::all()) {
        sheet.write_string(NAMES, at, column.id())?;
        let (above, below, format) = match column {
            Column::Day(day, tick) => (day_head(form, day, tick), tick_word(tick), &upright),
            Column::Note(note) => (note_group(note).to_owned(), note_word(note), &light),
        };
        // It runs on over the blank cells behind it: every program shows that alike, and no cells are merged.
        if above.is_empty() {
            sheet.write_blank(DAYS_HEAD, at, &dark)?;
        } else {
            sheet.write_string_with_format(DAYS_HEAD, at, above, &dark)?;
        }
        sheet.write_string_with_format(HEAD, at, below, format)?;
    }
    sheet.set_row_hidden(NAMES)?;
    sheet.set_row_height(DAYS_HEAD, 15)?;
    sheet.set_row_height(HEAD, 42)?;
    Ok(())
}

/// How it is printed and shown. Widths are in characters; together they come to some 31 cm, which are printed on the
/// 27.7 cm that an A4 page has across (less 1 cm on either side) at about nine tenths of their size.
fn page(sheet: &mut Worksheet, form: &Form, last: u32, width: u16) -> Result<(), XlsxError> {
    for (at, chars) in (0..).zip([9.0, 6.5, 5.5, 15.0]) {
        sheet.set_column_width(at, chars)?;
    }
    for (at, column) in (BEFORE..).zip(Column::all()) {
        let chars = match column {
            Column::Day(..) => 2.7,
            Column::Note(Note::Reason) => 12.0,
            Column::Note(Note::Talk) => 9.0,
            Column::Note(_) => 8.0,
        };
        sheet.set_column_width(at, chars)?;
    }
    const CM: f64 = 1.0 / 2.54;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.set_margins(CM, CM, CM, 1.4 * CM, 0.6 * CM, 0.6 * CM);
    sheet.set_repeat_rows(DAYS_HEAD, HEAD)?;
    sheet.set_print_area(0, 0, last, width)?;
    sheet.set_footer(format!("&L&8Enthält Sozialdaten (§ 35 SGB I)&C&8Liste {}&R&8Seite &P von &N", mark_of(form)));
    sheet.set_freeze_panes(FIRST, 2)?;
    sheet.set_selection(FIRST, BEFORE, FIRST, BEFORE)?;
    Ok(())
}

fn cell(
    sheet: &mut Worksheet,
    looks: &Looks,
    (line, at): (u32, u16),
    column: Column,
    entry: Entry,
) -> Result<(), XlsxError> {
    let first = usize::from(matches!(column, Column::Day(_, Tick::Search) | Column::Note(Note::CvAsked | Note::Talk)));
    let format = match column {
        _ if entry == Entry::Closed => &looks.closed[first],
        Column::Day(..) => &looks.tick[first],
        Column::Note(Note::Reason) => &looks.choice,
        Column::Note(_) => &looks.date[first],
    };
    match entry {
        Entry::Nothing => sheet.write_blank(line, at, format)?,
        Entry::Closed => sheet.write_string_with_format(line, at, "–", format)?,
        Entry::Times(1) if !matches!(column, Column::Day(_, Tick::Search)) => {
            sheet.write_string_with_format(line, at, "x", format)?
        }
        Entry::Times(n) => sheet.write_number_with_format(line, at, n, format)?,
        Entry::Contact { .. } => sheet.write_string_with_format(line, at, entry.to_string(), format)?,
        Entry::Day(day) => match serial(day) {
            Some(serial) => sheet.write_number_with_format(line, at, serial, format)?,
            None => sheet.write_string_with_format(line, at, day.format("%d.%m.%Y").to_string(), format)?,
        },
        Entry::Reason(reason) => {
            let label = REASONS.iter().find(|(_, r)| *r == reason).map_or(reason.as_str(), |(label, _)| label);
            sheet.write_string_with_format(line, at, label, format)?
        }
    };
    Ok(())
}

/// A day of Excel's counting; none for those that it miscounts.
fn serial(day: NaiveDate) -> Option<f64> {
    let days = day.signed_duration_since(NaiveDate::from_ymd_opt(1899, 12, 30)?).num_days();
    (61..2_958_466).contains(&days).then_some(days as f64)
}
