//! Notices gathered into one mail per recipient, still without words.

use super::facts::words;

words! {
    /// The kinds of mail (RULES.md §5), in the order in which a morning writes them.
    Kind {
        /// All that is open for a team, to the team mailbox.
        Tagesuebersicht = "tagesuebersicht",
        /// A BAK's own part of it.
        Persoenlich = "persoenlich",
        /// To a case worker, about their own cases.
        Mitteilung = "mitteilung",
        /// To the team lead: what cannot wait.
        Eskalation = "eskalation",
        /// To the team lead, once a week.
        Wochenbericht = "wochenbericht",
        /// To the administrator: what kept the service from doing its work.
        Admin = "admin",
    }
}
