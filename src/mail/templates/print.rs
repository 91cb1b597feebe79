//! The engine: a set of templates, ready to be filled.
//!
//! What an office's own templates may not do, they cannot: there is no way to switch escaping off, nothing is loaded from
//! anywhere, and whoever does not come to an end is ended.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::Templates;
use crate::mail::tidy;

/// Steps after which a template of an office's own is ended: a hundred times what a mail of a thousand items takes.
const FUEL: u64 = 20_000_000;
/// Bytes after which it is ended.
const LONGEST: usize = 4 << 20;

/// Blocks and their line ends leave no trace in the text.
pub(super) fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
}

/// The two forms of one mail.
pub(in crate::mail) struct Printed {
    pub(in crate::mail) text: String,
    pub(in crate::mail) html: String,
}

/// A set of templates, compiled. Cheap to use from several threads.
#[derive(Debug)]
pub(in crate::mail) struct Printer {
    env: Environment<'static>,
    /// How much may be written.
    longest: usize,
}

impl Printer {
    /// The templates that are built in.
    pub(in crate::mail) fn built_in() -> Result<Self, Error> {
        Self::new(&Templates::default(), false)
    }

    /// The set of an office.
    pub(in crate::mail) fn of(templates: &Templates) -> Result<Self, Error> {
        Self::new(templates, true)
    }

    fn new(templates: &Templates, own: bool) -> Result<Self, Error> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "txt")) => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        env.set_syntax(syntax()?);
        if own {
            env.set_fuel(Some(FUEL));
            env.remove_filter("safe");
            env.remove_global("debug");
        }
        for (name, source) in templates.all() {
            env.add_template_owned(name, source.to_owned())?;
        }
        Ok(Self { env, longest: if own { LONGEST } else { usize::MAX } })
    }

    /// Both forms of the mail that `root` begins.
    pub(in crate::mail) fn print(&self, root: &str, page: &Value) -> Result<Printed, Error> {
        let text = tidy(&self.fill(&format!("{root}.txt"), page)?);
        Ok(Printed { text, html: self.fill(&format!("{root}.html"), page)? })
    }

    /// One form.
    pub(super) fn fill(&self, name: &str, page: &Value) -> Result<String, Error> {
        let template = self.env.get_template(name)?;
        if self.longest == usize::MAX {
            return template.render(page.clone());
        }
        let mut out = Bounded { bytes: Vec::new(), longest: self.longest };
        template.render_captured_to(page.clone(), &mut out)?;
        String::from_utf8(out.bytes).map_err(|_| Error::from(ErrorKind::WriteFailure))
    }

    /// What the engine knows, to ask about filters, tests and functions.
    pub(super) fn engine(&self) -> &Environment<'static> {
        &self.env
    }
}

/// Takes so much and no more.
struct Bounded {
    bytes: Vec<u8>,
    longest: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.longest {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
