//! The Wochenliste: what lies beside the mail, and what to do with it. The mail itself names no case.

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::wochenliste::Form;
use crate::mail::wochenliste::{file_name, period};
use crate::mail::words::{clean, plural};

#[derive(Serialize)]
pub(in crate::mail) struct Forms<'a> {
    forms: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    file: String,
    period: String,
    cases: String,
    /// For whom the reader stands in; empty: it is the reader's own.
    stead: Cow<'a, str>,
}

pub(in crate::mail) fn forms(forms: &[Form]) -> Forms<'_> {
    let one = |form| {
        let Form { bak, name, in_stead, rows, .. }: &Form = form;
        let who = name.as_deref().filter(|name| !name.is_empty());
        let stead = who.map_or_else(|| clean(bak), |name| Cow::Owned(format!("{} – {}", clean(bak), clean(name))));
        Attachment {
            file: file_name(form),
            period: period(form),
            cases: plural(rows.len(), "Fall", "Fälle"),
            stead: if *in_stead { stead } else { Cow::Borrowed("") },
        }
    };
    Forms { forms: forms.iter().map(one).collect() }
}
