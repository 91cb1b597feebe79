//! The composition root: builds the parts from the settings, and hands them to the commands.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use chrono::NaiveDate;
use secrecy::ExposeSecret;

use crate::clock::Clock;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::{MailSettings, Settings};
use crate::config::smtp::{SmtpSettings, SmtpTls};
use crate::delivery::{Courier, Outage};
use crate::intake::mapping::Mapping;
use crate::mail::templates::{Templates, TemplatesError};
use crate::mail::transport::Transport;
use crate::mail::transport::smtp::{Credentials, Encryption, Options, SetupError, Smtp};
use crate::mail::{Letterhead, Renderer};
use crate::morning::{Morning, Words};
use crate::store::{Db, Guard};

/// Everything a command works with.
#[derive(Debug)]
pub struct App {
    /// The source of "now".
    pub clock: Clock,
    /// The settings.
    pub settings: Settings,
    /// The rules and calendars of every team.
    pub rulebooks: Rulebooks,
    /// How the office's own lists in the watched folder are read.
    pub mapping: Option<Arc<Mapping>>,
    /// The database.
    pub db: Db,
    /// The templates, once somebody has asked for them.
    templates: OnceLock<Templates>,
}

impl App {
    /// Reads settings and rules and opens the database (making it, if it is the first time).
    pub async fn open(config: Option<&Path>, clock: Clock) -> anyhow::Result<Self> {
        let settings = Settings::load(config)?;
        Self::with(settings, clock).await
    }

    /// The same for the service. It becomes the one service of the database before it opens it: a second one, perhaps of
    /// a newer program, changes nothing under the first, not even the tables.
    pub async fn serving(config: Option<&Path>, clock: Clock) -> anyhow::Result<(Self, Guard)> {
        let settings = Settings::load(config)?;
        let guard = Guard::take(&settings.database_url)?;
        Ok((Self::with(settings, clock).await?, guard))
    }

    /// Builds the parts from settings that are already read.
    pub async fn with(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let (rulebooks, mapping) = (Rulebooks::load(&settings)?, mapping(&settings)?);
        let db = Db::open(&settings.database_url, password(&settings), clock.now()).await.context("Datenbank")?;
        Ok(Self { clock, settings, rulebooks, mapping, db, templates: OnceLock::new() })
    }

    /// The same to look only: the database is neither made nor changed. A [`StoreError`](crate::store::StoreError) says
    /// why it cannot be looked at.
    pub async fn looking(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let (rulebooks, mapping) = (Rulebooks::load(&settings)?, mapping(&settings)?);
        let db = Db::look(&settings.database_url, password(&settings)).await?;
        Ok(Self { clock, settings, rulebooks, mapping, db, templates: OnceLock::new() })
    }

    /// The same house with settings, rules and words read anew; the database stays as it is.
    ///
    /// # Errors
    /// Settings or rules that are wrong, or a `database` that has changed: that needs a restart.
    pub fn reread(&self, config: Option<&Path>) -> anyhow::Result<Self> {
        let settings = Settings::load(config)?;
        anyhow::ensure!(
            settings.database_url == self.settings.database_url,
            "database.url hat sich geändert; das gilt erst nach einem Neustart des Dienstes"
        );
        let (rulebooks, mapping) = (Rulebooks::load(&settings)?, mapping(&settings)?);
        let (clock, db) = (self.clock.clone(), self.db.clone());
        Ok(Self { clock, settings, rulebooks, mapping, db, templates: OnceLock::new() })
    }

    /// What runs a morning, with the words that it is given.
    pub fn morning<'a>(&'a self, words: &'a mut Words<'a>) -> Morning<'a> {
        Morning { db: &self.db, settings: &self.settings, rulebooks: &self.rulebooks, fresh: false, words }
    }

    /// The day of a command: the one named, else today in Berlin.
    pub fn day(&self, on: Option<NaiveDate>) -> NaiveDate {
        on.unwrap_or_else(|| self.clock.today())
    }

    /// The templates. They are read and tried when they are first asked for, and stay as they were then: what becomes of
    /// the files is nothing to a service that has taken them. Who writes no mail need not have them in order.
    pub fn templates(&self) -> Result<&Templates, TemplatesError> {
        if let Some(templates) = self.templates.get() {
            return Ok(templates);
        }
        let templates = Templates::load(self.settings.mail.templates.as_deref())?;
        Ok(self.templates.get_or_init(|| templates))
    }

    /// What gives mails their words.
    pub async fn renderer(&self) -> anyhow::Result<Renderer> {
        let teams = self.db.snapshot().await?.teams(None).await?;
        let reply_to = |team: crate::domain::facts::Team| {
            let reply_to = self.settings.team(&team.team).reply_to?;
            Some((team.team, reply_to))
        };
        let letterhead = Letterhead {
            contact: self.settings.mail.contact.clone(),
            reply_to: self.settings.mail.reply_to.clone(),
            team_reply_to: teams.into_iter().filter_map(reply_to).collect(),
        };
        Ok(Renderer::with(self.templates()?, &self.rulebooks.wordings(), letterhead)?)
    }

    /// What brings mails away. A long-running program makes one and keeps it: [`Courier`] says why.
    pub fn courier(&self) -> Result<Courier, SetupError> {
        let mail = &self.settings.mail;
        Ok(Courier {
            db: self.db.clone(),
            clock: self.clock.clone(),
            transport: transport(mail)?,
            from: mail.from.clone(),
            allowed_domains: mail.allowed_domains.clone(),
            redirect_all_to: mail.redirect_all_to.clone(),
            outage: Outage::default(),
        })
    }
}

/// The password of the database, if the settings name one.
pub fn password(settings: &Settings) -> Option<&str> {
    settings.database_password.as_ref().map(ExposeSecret::expose_secret)
}

/// The way out that the settings name; connects to nobody yet.
pub fn transport(mail: &MailSettings) -> Result<Transport, SetupError> {
    Ok(match &mail.smtp {
        None => Transport::File(mail.file_dir.clone()),
        Some(server) => Transport::Smtp(Smtp::new(options(server))?),
    })
}

fn options(server: &SmtpSettings) -> Options {
    Options {
        host: server.host.clone(),
        port: server.port,
        encryption: match server.tls {
            SmtpTls::Implicit => Encryption::Implicit,
            SmtpTls::StartTls => Encryption::StartTls,
            SmtpTls::None => Encryption::None,
        },
        credentials: server
            .credentials
            .as_ref()
            .map(|(username, password)| Credentials { username: username.clone(), password: password.clone() }),
        ca_file: server.ca_file.clone(),
        rate_limit: server.rate_limit,
        connections: server.connections,
    }
}

/// The mapping that the settings name for the watched folder.
fn mapping(settings: &Settings) -> anyhow::Result<Option<Arc<Mapping>>> {
    let file = settings.inbox.as_ref().and_then(|inbox| inbox.mapping.as_deref());
    Ok(file.map(Mapping::load).transpose().context("inbox.mapping")?.map(Arc::new))
}
