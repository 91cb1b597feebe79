//! Memory does not grow with the number of cases: the binary on five times as many needs hardly more.
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::path::Path;
use std::process::Command;

/// So much more may five times the cases cost: the colleagues and teams of a larger office are held, its cases are not.
const ALLOWED: f64 = 1.25;

/// Runs a program and tells the most memory that it ever held, in KiB.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

struct Peaks {
    import: f64,
    evaluate: f64,
    morning: f64,
    retention: f64,
}

fn peak(folder: &Path, args: &[&str]) -> f64 {
    let run = Command::new("python3")
        .args(["-c", PEAK, env!("CARGO_BIN_EXE_wiedervorlage")])
        .args(args)
        .env("WIEDERVORLAGE__DATABASE__URL", format!("sqlite:{}", folder.join("w.db").display()))
        .output()
        .unwrap();
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).trim().parse().unwrap()
}

fn peaks(cases: u32) -> Peaks {
    let folder = tempfile::tempdir().unwrap();
    let delivery = folder.path().join("lieferung");
    let generate = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/generate.py");
    let args = ["--cases", &cases.to_string(), "--on", "2026-11-23", "--seed", "5"];
    assert!(Command::new("python3").arg(generate).arg(&delivery).args(args).status().unwrap().success());
    let path = folder.path();
    Peaks {
        import: peak(path, &["import", &delivery.to_string_lossy()]),
        evaluate: peak(path, &["evaluate", "--on", "2026-11-23", "--format", "jsonl"]),
        morning: peak(path, &["morning", "--on", "2026-11-23"]),
        retention: peak(path, &["retention"]),
    }
}

#[test]
fn five_times_the_cases_need_hardly_more_memory() {
    let (small, large) = (peaks(10_000), peaks(50_000));
    let ratios = [
        ("import", small.import, large.import),
        ("evaluate", small.evaluate, large.evaluate),
        ("morning", small.morning, large.morning),
        ("retention", small.retention, large.retention),
    ];
    for (command, small, large) in ratios {
        println!("{command}: {small} KiB at 10,000 cases, {large} KiB at 50,000");
    }
    for (command, small, large) in ratios {
        assert!(large <= ALLOWED * small, "{command}: {small} KiB at 10,000 cases, {large} KiB at 50,000");
    }
}
