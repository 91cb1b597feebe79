//! The rules: their parameters as data, and one file per kind that evaluates them.

/// The words of a rule, as `rules.toml` has them (German).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Short name as a row shows it: „AG-Kontakt".
    pub title: String,
    /// What to do, an imperative-free sentence part: „Kontakt mit einem Arbeitgeber für diesen Kunden".
    pub task: String,
    /// What ends it, truthfully: „Endet, sobald …".
    pub ends: String,
    /// The paragraph of the BAK-Konzept: „§7".
    pub paragraph: String,
}
