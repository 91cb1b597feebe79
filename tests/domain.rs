//! The decisions of the domain that the oracle does not know: how an obligation ends, what a mail gathers, and rules of
//! a team's own. Tables of cases, one sentence each.
#![expect(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "support/facts.rs"]
mod facts;

#[path = "domain/ended.rs"]
mod ended;
#[path = "domain/gather.rs"]
mod gather;
#[path = "domain/own_rule.rs"]
mod own_rule;
#[path = "domain/week.rs"]
mod week;
#[path = "domain/weekly.rs"]
mod weekly;
