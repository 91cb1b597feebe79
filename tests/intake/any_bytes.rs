//! No bytes make it panic, and a bad row never costs a good one.

use proptest::prelude::*;

use crate::world::{World, runtime};

const HEADER: &str = "fallnr;art;datum;anzahl;bemerkung\n";

/// Imports a file into a database of its own; gives the stored activities and the counts (read, refused).
fn import(name: &str, bytes: &[u8]) -> (Vec<String>, u64, u64) {
    runtime().block_on(async {
        let mut w = World::sqlite().await;
        let file = w.one(name, bytes).await;
        (w.table("aktivitaet").await, file.counts.read, file.counts.refused)
    })
}

fn good(i: usize) -> String {
    format!("{i};ag_kontakt;2026-01-{:02};1;\n", i % 28 + 1)
}

fn stored(i: usize) -> String {
    format!("{i}|ag_kontakt|2026-01-{:02}|1", i % 28 + 1)
}

/// Bytes that mean something to the reader more often than chance would have it.
fn wild() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b";".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\"\"".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\0".to_vec()),
        Just("ä".as_bytes().to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"1;ag_kontakt;2026-01-01;1;".to_vec()),
        proptest::collection::vec(any::<u8>(), 1..8),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in wild(), file in 0..10_usize) {
        let names = ["teams", "personal", "betreuungen", "aktivitaeten", "foerderungen", "pausen", "abwesenheiten", "veranstaltungen", "termine", "stellen"];
        import(&format!("{}.csv", names[file]), &bytes);
        import("aktivitaeten.csv", &[HEADER.as_bytes(), &bytes].concat());
    }

    #[test]
    fn good_rows_before_and_behind_a_bad_line_survive(
        line in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b';'), Just(b'x'), any::<u8>()], 0..40),
        before in 0..20_usize,
        behind in 0..20_usize,
    ) {
        let mut line = line;
        line.retain(|b| !matches!(b, b'\n' | b'\r'));
        let mut bytes = HEADER.as_bytes().to_vec();
        (1..=before).for_each(|i| bytes.extend(good(i).into_bytes()));
        bytes.extend(&line);
        bytes.push(b'\n');
        (100..100 + behind).for_each(|i| bytes.extend(good(i).into_bytes()));
        let (rows, ..) = import("aktivitaeten.csv", &bytes);
        for i in (1..=before).chain(100..100 + behind) {
            prop_assert!(rows.contains(&stored(i)), "{i} of {}: {rows:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_changed_byte_costs_no_more_than_its_own_line(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes: Vec<u8> = (1..=30).flat_map(|i| good(i).into_bytes()).collect();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let line = 1 + bytes[..at].split(|b| *b == b'\n').count() - 1;
        let (rows, read, _) = import("aktivitaeten.csv", &[HEADER.as_bytes(), &bytes].concat());
        prop_assert!(read <= 31);
        // A line end that goes joins two lines.
        for i in (1..=30).filter(|i| *i != line && *i != line + 1) {
            prop_assert!(rows.contains(&stored(i)), "{i}: {rows:?}");
        }
    }
}
