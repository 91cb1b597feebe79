//! Which cases are meant: all of them, or one office's.
//!
//! The cases of many offices interleave in the order of their numbers. Reading a page of one office must not walk
//! through the others', so it is read in two steps: first where the page ends, by a look along the index (team, number)
//! for each of the office's teams; then what lies between, by the same index. Where there is one office, this is the
//! plain range of numbers.

use super::dialect::{Tx, all};

/// Teams that are looked along one by one to find a page's end. SQLite takes 500 parts of a `union`; beyond this, teams
/// share a look, which is slower.
const LOOKS: usize = 100;
/// The first parameter that names a team; `$1` and `$2` are the range.
const FIRST_TEAM: usize = 3;

/// All cases, or those of some teams.
#[derive(Debug)]
pub(super) enum Scope {
    All,
    Teams(Vec<String>),
}

impl Scope {
    /// One office's cases, or without one all.
    pub(super) async fn of(tx: &mut Tx, office: Option<&str>) -> Result<Self, sqlx::Error> {
        let Some(office) = office else { return Ok(Self::All) };
        let teams: Vec<(String, bool)> = all!(tx, "select team, dienststelle = $1 from team order by team", office)?;
        if !teams.is_empty() && teams.iter().all(|(_, ours)| *ours) {
            return Ok(Self::All);
        }
        Ok(Self::Teams(teams.into_iter().filter(|(_, ours)| *ours).map(|(team, _)| team).collect()))
    }

    /// The teams to bind behind `$1` and `$2`; none if the scope is all.
    pub(super) fn teams(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Teams(teams) => teams,
        }
    }

    /// The select of the last number of the page that begins behind `$1` and holds at most `$2` cases; null if it holds
    /// none.
    pub(super) fn page_end(&self) -> String {
        // Each look has its own limit: PostgreSQL does not merge them, but sorts all that they find.
        let look = |teams: &str| {
            format!(
                "select fallnr from \
                 (select fallnr from betreuung where fallnr > $1{teams} order by fallnr limit $2) look"
            )
        };
        let looks = match self {
            Self::All => look(""),
            Self::Teams(teams) if teams.is_empty() => look(" and 1 = 0"),
            Self::Teams(teams) => {
                let share = teams.len().div_ceil(LOOKS);
                let first = |n: usize| FIRST_TEAM + n * share;
                let shares = teams.chunks(share).enumerate();
                let looks =
                    shares.map(|(n, teams)| look(&format!(" and team in ({})", parameters(first(n), teams.len()))));
                looks.collect::<Vec<_>>().join(" union all ")
            }
        };
        format!("select max(fallnr) from (select fallnr from ({looks}) looks order by fallnr limit $2) page")
    }

    /// The condition that a `betreuung` of this alias is in the scope; `and …` or nothing.
    pub(super) fn holds(&self, alias: &str) -> String {
        match self {
            Self::All => String::new(),
            Self::Teams(teams) if teams.is_empty() => " and 1 = 0".to_owned(),
            Self::Teams(teams) => format!(" and {alias}.team in ({})", parameters(FIRST_TEAM, teams.len())),
        }
    }

    /// `from … where …` of a table that hangs on cases, under the alias `x`, for the range of numbers that `range` says
    /// of `x.fallnr` with `$1` and `$2`. `hint` goes behind the table where it is joined.
    pub(super) fn hanging(&self, table: &str, hint: &str, range: fn(&str) -> String) -> String {
        match self {
            Self::All => format!(" from {table} x where {}", range("x.fallnr")),
            // The cases lead. The range of the table's own column is for PostgreSQL, which may take another way.
            Self::Teams(_) => format!(
                " from betreuung c cross join {table} x{hint} where x.fallnr = c.fallnr and {} and {}{}",
                range("c.fallnr"),
                range("x.fallnr"),
                self.holds("c")
            ),
        }
    }
}

/// Behind `$1`, up to and including `$2`.
pub(super) fn behind(column: &str) -> String {
    format!("{column} > $1 and {column} <= $2")
}

/// From `$1` to `$2`, both included.
pub(super) fn between(column: &str) -> String {
    format!("{column} >= $1 and {column} <= $2")
}

/// `$3, $4, …`
fn parameters(first: usize, count: usize) -> String {
    let parameters: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    parameters.join(", ")
}

/// All rows of a text made with a [`Scope`], with `$1`, `$2` and the teams bound.
macro_rules! scoped {
    ($tx:expr, $scope:expr, $sql:expr, $first:expr, $second:expr) => {
        $crate::store::dialect::on!($tx, conn => {
            // Put together from the program's own words alone; what comes from outside is bound.
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe($sql)).bind($first).bind($second);
            for team in $scope.teams() {
                query = query.bind(team);
            }
            query.fetch_all(conn).await
        })
    };
}
pub(super) use scoped;
