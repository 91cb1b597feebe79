//! What the cells of the Wochenliste take, as Excel and LibreOffice check it.

use chrono::Datelike;
use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, Formula, XlsxError};

use super::FIRST;
use crate::domain::wochenliste::{Column, Form, MOST_TIMES, Note, REASONS, Tick, column_letters};

/// What a column takes. A paste goes past it; whoever reads the form looks again.
pub(super) fn validation(form: &Form, column: Column, at: u16) -> Result<DataValidation, XlsxError> {
    let rule = DataValidation::new().set_error_style(DataValidationErrorStyle::Stop);
    let first = format!("{}{}", column_letters(usize::from(at)), FIRST + 1);
    let rule = match column {
        Column::Day(day, _) if form.closed[usize::from(day.min(4))].is_some() => rule
            .allow_custom(Formula::new("=FALSE()"))
            .set_error_title("Kein Arbeitstag")?
            .set_error_message("An diesem Tag wird nicht gearbeitet; hier lässt sich nichts eintragen.")?,
        Column::Day(_, Tick::Client) => rule
            .allow_list_strings(&["p", "t", "pt", "0"])?
            .set_error_title("Kundenkontakt")?
            .set_error_message("Möglich sind p (persönlich), t (telefonisch), pt (beides) oder 0 (nimmt zurück).")?,
        Column::Day(..) => rule
            .allow_custom(Formula::new(format!(
                "=IF(ISNUMBER({first}),AND({first}>=0,{first}<={MOST_TIMES},INT({first})={first}),LOWER({first})=\"x\")"
            )))
            .set_error_title("Anzahl")?
            .set_error_message(format!("Möglich sind x oder eine Zahl von 0 bis {MOST_TIMES}; 0 nimmt zurück."))?,
        Column::Note(Note::Reason) => rule
            .allow_list_strings(&REASONS.map(|(label, _)| label))?
            .set_error_title("Grund")?
            .set_error_message("Bitte wählen Sie einen Grund aus der Liste.")?,
        Column::Note(_) => {
            let year = form.week.monday().year();
            rule.allow_custom(Formula::new(format!(
                "=IF(ISNUMBER({first}),OR({first}=0,AND({first}>=DATE({},1,1),{first}<=TODAY())),FALSE)",
                year - 1
            )))
            .set_error_title("Tag")?
            .set_error_message("Möglich ist ein Tag bis heute, etwa 24.11.2026, oder 0 (nimmt zurück).")?
        }
    };
    Ok(rule)
}
