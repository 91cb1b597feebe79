//! `templates`: the words of the mails as files: to begin with, and to be looked through before they are used.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::output::print;
use crate::config::settings::Settings;
use crate::mail::templates::{Examined, Finding, Templates, Weight, built_in};
use crate::mail::words::{list, plural};

/// What can be asked of templates.
#[derive(Debug, Subcommand)]
pub(super) enum Ask {
    /// Füllt jede Vorlage mit erfundenen Daten und nennt Datei, Zeile und unbekannte Variablen; ändert nichts
    ///
    /// „!!“ heißt: Der Ordner wird abgelehnt, oder in den Mails fehlt etwas, das dort stehen muss; der Exit-Code ist dann 1.
    Check {
        /// Der Ordner; ohne Angabe der aus mail.templates
        #[arg(value_name = "ORDNER")]
        dir: Option<PathBuf>,
    },
    /// Schreibt die eingebauten Vorlagen als Muster in einen Ordner; was dort schon liegt, bleibt
    Export {
        /// Der Ordner; er wird angelegt
        #[arg(value_name = "ORDNER")]
        dir: PathBuf,
        /// Nur diese Vorlagen, etwa tag.txt; ohne Angabe alle
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Zeigt eine eingebaute Vorlage
    Show {
        /// Ihr Name, etwa tag.txt
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(super) fn templates(config: Option<&Path>, ask: Ask) -> anyhow::Result<u8> {
    match ask {
        Ask::Check { dir } => {
            let dir = match dir {
                Some(dir) => Some(dir),
                None => Settings::load(config)?.mail.templates,
            };
            check(dir.as_deref())
        }
        Ask::Export { dir, names } => export(&dir, &names),
        Ask::Show { name } => {
            print(known(&name)?.1.trim_end())?;
            Ok(0)
        }
    }
}

fn known(name: &str) -> anyhow::Result<(&'static str, &'static str)> {
    let all = || built_in().map(|(name, _)| name).collect::<Vec<_>>();
    let found = built_in().find(|(known, _)| *known == name);
    found.with_context(|| format!("Die Vorlage {name} gibt es nicht; möglich sind: {}", all().join(", ")))
}

fn check(dir: Option<&Path>) -> anyhow::Result<u8> {
    let Some(dir) = dir else {
        print("ok  Vorlagen: Es gelten die eingebauten (mail.templates ist leer)")?;
        return Ok(0);
    };
    let (mut lines, mut wrong) = (Vec::new(), false);
    examine(dir, &mut |weight, line| {
        wrong |= weight == Some(Weight::Refused) || weight == Some(Weight::Warning);
        lines.push(line);
    });
    print(lines.join("\n"))?;
    Ok(u8::from(wrong))
}

/// What there is to say of a folder, line by line with its mark; no weight where all is well.
pub(super) fn examine(dir: &Path, say: &mut dyn FnMut(Option<Weight>, String)) {
    let Examined { templates, findings, trials } = Templates::examine(dir);
    for finding in &findings {
        say(Some(finding.weight), line(finding));
    }
    let shown = dir.display();
    match templates.map(|t| t.own().collect::<Vec<_>>()) {
        None => {
            let line =
                format!("!!  Vorlagen: {shown} wird abgelehnt; es gilt weiter, was der Dienst zuletzt angenommen hat");
            say(Some(Weight::Refused), line);
        }
        Some(own) if own.is_empty() => {
            say(Some(Weight::Hint), format!("--  Vorlagen: In {shown} liegt keine Vorlage; es gelten die eingebauten"));
        }
        Some(own) => {
            let own = format!("{} ({})", plural(own.len(), "eigene Vorlage", "eigene Vorlagen"), list(&own));
            let mails = plural(trials, "erfundenen Mail", "erfundenen Mails");
            say(None, format!("ok  Vorlagen: {own} aus {shown}, mit {mails} gefüllt"));
        }
    }
}

fn line(finding: &Finding) -> String {
    let mark = if finding.weight == Weight::Hint { "--" } else { "!!" };
    format!("{mark}  {finding} – {}", finding.remedy)
}

fn export(dir: &Path, names: &[String]) -> anyhow::Result<u8> {
    let wanted = match names {
        [] => built_in().collect(),
        names => names.iter().map(|name| known(name)).collect::<Result<Vec<_>, _>>()?,
    };
    let (mut written, mut there) = (0_usize, Vec::new());
    for (name, text) in wanted {
        let path = dir.join(name);
        let unwritable = || format!("{} lässt sich nicht schreiben", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(unwritable)?;
        }
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                std::io::Write::write_all(&mut file, text.as_bytes()).with_context(unwritable)?;
                written += 1;
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => there.push(name),
            Err(error) => return Err(error).with_context(unwritable),
        }
    }
    let mut said = format!("{} nach {} geschrieben.", plural(written, "Vorlage", "Vorlagen"), dir.display());
    if !there.is_empty() {
        said = format!("{said}\nSchon da und nicht angerührt: {}.", list(&there));
    }
    said.push_str(
        "\nBehalten Sie nur, was Sie ändern: Eine Datei ersetzt die eingebaute auch dann, wenn eine neue Version sie verbessert.",
    );
    print(said)?;
    Ok(u8::from(!there.is_empty()))
}
