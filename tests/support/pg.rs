//! A PostgreSQL of the tests' own: one cluster per test binary, in a temporary folder, reached through a socket there.
//!
//! Nobody has to clean up: a small shell waits on a pipe whose other end this process holds. However the process ends,
//! the pipe closes, and the shell stops the server and removes the folder.
#![expect(clippy::expect_used, reason = "without a server there is nothing to test")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const MISSING: &str = "PostgreSQL 15 is missing; these tests need it. Run tests/all: it installs what is missing.";
/// Where Debian puts it; outside the PATH.
const DEBIAN: &str = "/usr/lib/postgresql/15/bin";
/// initdb and the server refuse root; Debian's package makes this user.
const USER: &str = "postgres";

struct Cluster {
    socket: PathBuf,
    next: AtomicU32,
    /// Held, never read: its end is the signal to clean up.
    _watch: Child,
}

/// The URL of a fresh, empty database. The cluster starts with the first call and ends with this process.
pub(crate) fn fresh_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(start);
    let name = format!("haus{}", cluster.next.fetch_add(1, Ordering::Relaxed));
    run(Command::new(bin().join("createdb")).args(["-U", USER, "-h"]).arg(&cluster.socket).arg(&name));
    format!("postgres:///{name}?host={}&user={USER}", cluster.socket.display())
}

fn start() -> Cluster {
    let bin = bin();
    let folder = tempfile::Builder::new().prefix("wv-pg-").tempdir().expect("a temporary folder").keep();
    if is_root() {
        assert!(Command::new("id").arg(USER).output().is_ok_and(|id| id.status.success()), "{MISSING}");
        run(Command::new("chown").arg(USER).arg(&folder));
    }
    // A German collation on purpose: keys must compare by bytes all the same.
    run(unprivileged(&bin.join("initdb"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"])
        .args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=de-DE"]));
    let settings = format!(
        "-k '{}' -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off",
        folder.display()
    );
    let ctl = bin.join("pg_ctl");
    // The watch comes first: a start that fails half-way is cleaned up as well.
    let stop = format!(
        "read -r _; '{}' -D '{}/data' -m immediate stop; rm -rf '{}'",
        ctl.display(),
        folder.display(),
        folder.display()
    );
    let watch = unprivileged(Path::new("/bin/sh"))
        .args(["-c", &stop])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    control(&folder, &["-o", &settings, "start"]);
    Cluster { socket: folder, next: AtomicU32::new(0), _watch: watch }
}

/// Tells the server of a [`fresh_database`] to stop (`-m fast stop`) or to be there again (`restart`), and waits until it has.
#[allow(dead_code, reason = "not every test takes the server away")]
pub(crate) fn server(url: &str, what: &[&str]) {
    let socket = url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("a URL of ours");
    control(Path::new(socket), what);
}

/// `restart` keeps the options that the server had, also where it is stopped.
fn control(folder: &Path, what: &[&str]) {
    let mut ctl = unprivileged(&bin().join("pg_ctl"));
    ctl.arg("-D").arg(folder.join("data")).arg("-l").arg(folder.join("log")).args(["-w", "-t", "60"]);
    run(ctl.args(what));
}

/// Debian's folder, else the one on the PATH that holds initdb.
fn bin() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(PathBuf::from(DEBIAN))
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file())
        .expect(MISSING)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

fn unprivileged(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", USER, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A folder that the other user may enter, and a process group of its own: Ctrl-C must not reach the watch.
    command.current_dir("/");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).stdout(Stdio::null()).status().expect(MISSING);
    assert!(output.success(), "{command:?} failed. {MISSING}");
}
