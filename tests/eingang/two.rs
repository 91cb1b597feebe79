//! Two at one folder, with a PostgreSQL that takes as many as are wanted: each file is imported once all the same.

use std::fs;
use std::process::Stdio;

use super::{TEAMS, drop_in, house, lies, mails};
use crate::pg;

#[test]
fn two_who_look_at_once_take_each_file_once() {
    let house = house().with("DATABASE__URL", pg::fresh_database());
    house.says(&["inbox"]);
    let rounds = 20;
    for round in 0..rounds {
        drop_in(&house, "teams.csv", &TEAMS.replace("Nord", &format!("Nord {round}")));
        let both = [(); 2].map(|()| {
            let mut command = house.command(&["inbox"]);
            command.stdout(Stdio::null()).spawn().unwrap()
        });
        for mut one in both {
            let code = one.wait().unwrap().code();
            assert!(matches!(code, Some(0 | 1)), "round {round}: {code:?}");
        }
        // Whoever was in the other's way when it was put away has left it to the next look.
        house.says(&["inbox"]);
        let all = lies(&house);
        assert_eq!(all.len(), 2 * (round + 1), "round {round}: {all:?}");
        assert!(all.iter().all(|name| name.starts_with("done/")), "round {round}: {all:?}");
    }
    assert_eq!(mails(&house, "eingang").len(), rounds);
    let reports = fs::read_dir(house.path("eingang/done")).unwrap().map(|entry| entry.unwrap().path());
    let reports = reports.filter(|path| path.to_string_lossy().ends_with(".bericht.txt"));
    let reports: Vec<_> = reports.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(reports.iter().all(|report| report.contains("Alles übernommen.")), "{reports:?}");
}
