//! What is known: cases, activities, subsidies, colleagues, teams. Parsed and always valid.
//!
//! These types hold what a delivery (RULES.md §1) says once it has been read. They know dates and the words of the
//! office; they do not know files, databases or rules. Two things are absent on purpose, because they are often health
//! data: the remark of an activity (`bemerkung`) and the ground of a rest (`grund`).

use chrono::{NaiveDate, NaiveTime};

use super::calendar::Bundesland;

/// A word that is none of the words a field knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWord;

/// Declares a closed set of the office's words with `as_str`, `ALL`, `FromStr` and `Display`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every word of the set, in the order of the handbook.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as files and the database write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::facts::UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s { $($text => Ok(Self::$variant),)+ _ => Err($crate::domain::facts::UnknownWord) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What was done on a day (RULES.md §1, `aktivitaeten.csv`).
    Art {
        /// A client contact in person.
        KontaktPersoenlich = "kontakt_persoenlich",
        /// A client contact by telephone.
        KontaktTelefonisch = "kontakt_telefonisch",
        /// A letter or mail: no client contact in the rules' sense.
        KontaktSchriftlich = "kontakt_schriftlich",
        /// Evidence of trying; ends nothing.
        Kontaktversuch = "kontaktversuch",
        /// A contact with an employer for this client.
        AgKontakt = "ag_kontakt",
        /// A search run through job boards.
        Stellensuchlauf = "stellensuchlauf",
        /// The CV was asked for.
        LebenslaufAngefordert = "lebenslauf_angefordert",
        /// The client was reminded of the CV.
        LebenslaufErinnert = "lebenslauf_erinnert",
        /// The CV has come.
        LebenslaufEingegangen = "lebenslauf_eingegangen",
        /// A visit at the workplace.
        Aussendienst = "aussendienst",
        /// A subsidised job (EGZ) is at risk.
        EgzRisiko = "egz_risiko",
        /// The BAK stepped in.
        EgzIntervention = "egz_intervention",
        /// The employer is not content.
        AgUnzufrieden = "ag_unzufrieden",
        /// An alternative was offered to the employer.
        AgAlternative = "ag_alternative",
        /// Follow-up of a MAG with the employer.
        MagNachhaltungAg = "mag_nachhaltung_ag",
        /// Follow-up of a MAG with the client.
        MagNachhaltungKunde = "mag_nachhaltung_kunde",
    }
}

words! {
    /// The marker of a case in VerBIS. A case without one carries `None` around this.
    Kennung {
        /// Proposed for the BAK.
        Bak = "BAK",
        /// Proposed for §16e.
        P16e = "16e",
        /// Proposed for §16i.
        P16i = "16i",
        /// §16e with the BAK on the watch list.
        Bak16e = "BAK16e",
        /// §16i with the BAK on the watch list.
        Bak16i = "BAK16i",
        /// Funding has ended, the client stays on the watch list.
        Ende16 = "Ende16",
    }
}

impl Kennung {
    /// Whether the marker puts the case on the watch list (§8): never main care.
    pub const fn is_watch(self) -> bool {
        matches!(self, Self::Bak16e | Self::Bak16i | Self::Ende16)
    }

    /// Whether an IFK proposes a client by it (§6).
    pub const fn is_proposal(self) -> bool {
        matches!(self, Self::Bak | Self::P16e | Self::P16i)
    }
}

words! {
    /// Why main care ended.
    EndeGrund {
        /// Placed with an employer.
        Integration = "integration",
        /// Handed back because the six months are over.
        RueckgabeFrist = "rueckgabe_frist",
        /// Handed back because the client does not take part.
        RueckgabeMitwirkung = "rueckgabe_mitwirkung",
        /// Handed back for another reason.
        RueckgabeSonstige = "rueckgabe_sonstige",
    }
}

words! {
    /// What a colleague does.
    Rolle {
        /// Betriebsakquisiteur.
        Bak = "BAK",
        /// Integrationsfachkraft.
        Ifk = "IFK",
        /// Fallmanager.
        Fm = "FM",
        /// Teamleitung.
        Tl = "TL",
    }
}

words! {
    /// What kind of subsidy or placement a row of `foerderungen.csv` is.
    FoerderArt {
        /// §16e SGB II.
        P16e = "16e",
        /// §16i SGB II.
        P16i = "16i",
        /// Maßnahme beim Arbeitgeber.
        Mag = "MAG",
        /// Eingliederungszuschuss.
        Egz = "EGZ",
    }
}

words! {
    /// What an appointment is for.
    TerminArt {
        /// A job interview.
        Vorstellungsgespraech = "vorstellungsgespraech",
        /// A visit at the workplace.
        Aussendienst = "aussendienst",
        /// The talk that hands a client back.
        Rueckgabegespraech = "rueckgabegespraech",
    }
}

/// A client's case as the office's list knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Key: the case number.
    pub fallnr: String,
    /// Initials at most.
    pub bezeichnung: String,
    /// The BAK's kuerzel; may name someone unknown.
    pub bak: Option<String>,
    /// The IFK's or FM's kuerzel; may name someone unknown.
    pub ifk: Option<String>,
    /// The BAK team; always a known one.
    pub team: String,
    /// The region, matched with a BAK's region where no BAK is named.
    pub region: String,
    /// The marker in VerBIS, if it is one we know.
    pub kennung: Option<Kennung>,
    /// First day of the marker; none for a watch-list marker means "always".
    pub kennung_seit: Option<NaiveDate>,
    /// Day of the warm handover.
    pub uebergabe_am: Option<NaiveDate>,
    /// First day as Hauptbetreuer.
    pub hauptbetreuer_seit: Option<NaiveDate>,
    /// Last day of main care (or of the watch, RULES.md §3).
    pub ende_am: Option<NaiveDate>,
    /// Why it ended.
    pub ende_grund: Option<EndeGrund>,
    /// Day of the talk that handed the client back.
    pub rueckgabegespraech_am: Option<NaiveDate>,
    /// Day of the closing summary in VerBIS.
    pub fazit_am: Option<NaiveDate>,
}

impl Case {
    /// Start of main care: the Hauptbetreuer date, else the handover (RULES.md §3).
    pub fn start(&self) -> Option<NaiveDate> {
        self.hauptbetreuer_seit.or(self.uebergabe_am)
    }

    /// Whether a watch-list marker is known on `t`; one without a date has always been there.
    pub fn marked_on(&self, t: NaiveDate) -> bool {
        self.kennung.is_some_and(Kennung::is_watch) && self.kennung_seit.is_none_or(|since| since <= t)
    }

    /// Whether the watch list holds the case on `t`: marked, and not ended since it was.
    pub fn watched_on(&self, t: NaiveDate) -> bool {
        self.marked_on(t)
            && !self.ende_am.is_some_and(|end| end <= t && self.kennung_seit.is_none_or(|since| since <= end))
    }

    /// Whether main care runs on `t` (RULES.md §3 *Main care*).
    pub fn in_main_care(&self, t: NaiveDate) -> bool {
        self.start().is_some_and(|start| start <= t) && self.ende_am.is_none_or(|end| end > t) && !self.marked_on(t)
    }

    /// The day main care ended, if it had begun and has ended by `t`, whatever the marker is now.
    pub fn ended_by(&self, t: NaiveDate) -> Option<NaiveDate> {
        self.start().filter(|start| *start <= t).and(self.ende_am.filter(|end| *end <= t))
    }
}

/// Something done for a case on a day. Key: (case, art, day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Activity {
    /// What was done.
    pub art: Art,
    /// The day it was done; may lie after today, and is then not yet known.
    pub day: NaiveDate,
    /// How often; 0 withdraws the entry.
    pub anzahl: u32,
}

/// A subsidy or placement of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subsidy {
    /// Key.
    pub foerdernr: String,
    /// Which kind.
    pub art: FoerderArt,
    /// The employer.
    pub arbeitgeber: String,
    /// First day.
    pub beginn: Option<NaiveDate>,
    /// Last day.
    pub ende: Option<NaiveDate>,
    /// Whether the first labour market is in reach; `None` where nobody said.
    pub potenzial: Option<bool>,
}

impl Subsidy {
    /// First and last day, if both are there and in order.
    pub fn span(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.beginn.zip(self.ende).filter(|(begin, end)| begin <= end)
    }
}

/// A span in which a case rests. Both ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// First day.
    pub von: NaiveDate,
    /// Last day; `None` is a rest without end.
    pub bis: Option<NaiveDate>,
}

impl Rest {
    /// Whether the rest covers `d`.
    pub fn covers(&self, d: NaiveDate) -> bool {
        self.von <= d && self.bis.is_none_or(|bis| d <= bis)
    }
}

/// An agreed appointment of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Key.
    pub terminnr: String,
    /// What for.
    pub art: TerminArt,
    /// Its day; none where the list leaves it open.
    pub datum: Option<NaiveDate>,
    /// Its time of day.
    pub uhrzeit: Option<NaiveTime>,
    /// Where.
    pub ort: String,
    /// A colleague's kuerzel; none is the BAK.
    pub teilnehmer: Option<String>,
}

/// One case with everything that is known of it: what the rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// Its activities, sorted by (art, day), one per key.
    pub activities: Vec<Activity>,
    /// Its subsidies, sorted by number.
    pub subsidies: Vec<Subsidy>,
    /// Its rests, sorted by first day, each with `von <= bis`.
    pub rests: Vec<Rest>,
    /// Its appointments, sorted by number.
    pub appointments: Vec<Appointment>,
}

impl CaseFile {
    /// The activities of one kind up to and including `t`, oldest first; withdrawn ones (0) are left out.
    pub fn done(&self, art: Art, t: NaiveDate) -> impl DoubleEndedIterator<Item = &Activity> + Clone {
        let from = self.activities.partition_point(|a| a.art < art);
        let to = from + self.activities[from..].partition_point(|a| a.art == art && a.day <= t);
        self.activities[from..to].iter().filter(|a| a.anzahl > 0)
    }

    /// Whether the case rests on `d`.
    pub fn rests_on(&self, d: NaiveDate) -> bool {
        self.rests.iter().any(|r| r.covers(d))
    }
}

/// A BAK team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Key.
    pub team: String,
    /// Its name as people say it.
    pub name: String,
    /// The team mailbox.
    pub postfach: Option<String>,
    /// Whose holidays count.
    pub bundesland: Bundesland,
    /// The lead's kuerzel.
    pub leitung: Option<String>,
    /// The office (Dienststelle); empty is the one office.
    pub dienststelle: String,
    /// First day of the team, anchor of its first event.
    pub beginn: Option<NaiveDate>,
}

/// A fair, event or format of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Its day.
    pub datum: NaiveDate,
    /// Whether it was held.
    pub durchgefuehrt: bool,
}

/// A colleague.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Key.
    pub kuerzel: String,
    /// Name as people say it.
    pub name: String,
    /// Address, if there is one.
    pub email: Option<String>,
    /// What they do.
    pub rolle: Rolle,
    /// Their team.
    pub team: String,
    /// Their region.
    pub region: String,
    /// Their deputy's kuerzel.
    pub vertretung: Option<String>,
}
