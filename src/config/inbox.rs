//! The section `inbox`: the folder into which the office puts its lists.

use std::path::PathBuf;

use chrono::TimeDelta;

use super::fields::{FieldError, Fields};
use super::settings::MailSettings;
use super::settings::read::{list, optional};
use crate::domain::address::is_address;

/// The section `inbox`, checked, where it names a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxSettings {
    /// The folder; `done` and `rejected` lie in it.
    pub dir: PathBuf,
    /// How the office's own lists are read (TOML).
    pub mapping: Option<PathBuf>,
    /// A file that has not changed for so long is complete.
    pub settle: TimeDelta,
    /// Who gets the reports, without values; none: they lie beside the files alone.
    pub report_to: Vec<String>,
    /// Days that a file is kept after it was read, with its report.
    pub keep_imports: u32,
}

pub(super) fn read(mut f: Fields, mail: &MailSettings) -> Result<Option<InboxSettings>, FieldError> {
    let dir = optional(&mut f, "dir")?.map(PathBuf::from);
    let mapping = optional(&mut f, "mapping")?.map(PathBuf::from);
    let settle = TimeDelta::seconds(f.number("settle_seconds", 0..=3_600)?);
    let mut report_to = list(&mut f, "report_to")?;
    report_to.sort();
    report_to.dedup();
    if let Some(wrong) = report_to.iter().find(|address| !is_address(address)) {
        let problem = format!("\"{wrong}\" passt nicht; erwartet werden Adressen wie name@jobcenter.example");
        return Err(f.error("report_to", problem));
    }
    if let Some(wrong) = report_to.iter().find(|address| !mail.allows(address)) {
        let problem =
            format!("\"{wrong}\" liegt außerhalb von mail.allowed_domains ({})", mail.allowed_domains.join(", "));
        return Err(f.error("report_to", problem));
    }
    let keep_imports = f.number("keep_imports", 1..=3_650)? as u32;
    f.finish()?;
    Ok(dir.map(|dir| InboxSettings { dir, mapping, settle, report_to, keep_imports }))
}
