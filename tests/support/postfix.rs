//! A Postfix of the tests' own: settings, queue, data and log in a temporary folder, on a high port of loopback,
//! delivering to maildirs. Nothing of the machine's own mail set-up is read or changed.
//!
//! As with the database: a small shell waits on a pipe whose other end this process holds, and when the process ends,
//! however it does, stops the server and removes the folder.
#![allow(dead_code, reason = "each test takes what it needs")]
#![expect(clippy::expect_used, reason = "without a server there is nothing to test")]

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ca::Certificate;

const MISSING: &str = "Postfix is missing; these tests need it. Run tests/all: it installs what is missing.";
const DAEMONS: &str = "/usr/lib/postfix/sbin";
/// No service runs in a chroot: it would need a copy of the system's libraries.
const MASTER: &str = "
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error     unix  - - n - - error
smtp      unix  - - n - - smtp
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
";

/// A running Postfix; stopped when dropped.
pub(crate) struct Postfix {
    pub(crate) port: u16,
    folder: PathBuf,
    watch: Child,
}

impl Postfix {
    /// Takes mail for `domain`, under TLS with the certificate, and only from those who use TLS. `more` goes into main.cf.
    pub(crate) fn start(domain: &str, tls: &Certificate, more: &str) -> Self {
        Self::start_with(domain, tls, |_| more.to_owned())
    }

    /// The same, where `more` may put files of its own into the folder of the settings first.
    pub(crate) fn start_with(domain: &str, tls: &Certificate, more: impl FnOnce(&Path) -> String) -> Self {
        assert!(Path::new(DAEMONS).join("master").is_file(), "{MISSING}");
        let id = Command::new("id").arg("-u").output().expect("id runs");
        assert_eq!(id.stdout.trim_ascii(), b"0", "Postfix can only be started by root; run these tests as root.");
        let folder = tempfile::Builder::new().prefix("wv-px-").tempdir().expect("a temporary folder").keep();
        let sub = |name: &str| {
            let path = folder.join(name);
            std::fs::create_dir(&path).expect("a folder in it");
            path
        };
        // Its daemons are other users.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("the folder's rights");
        let (settings, queue, data, mail) = (sub("settings"), sub("queue"), sub("data"), sub("mail"));
        run(Command::new("chown").arg("postfix").args([&data, &mail]));
        for (from, to) in [(&tls.certificate, "cert.pem"), (&tls.key, "key.pem")] {
            std::fs::copy(from, settings.join(to)).expect("a copy");
        }
        let more = more(&settings);
        let (uid, gid) = (number("-u"), number("-g"));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let (settings, at) = (settings.display().to_string(), folder.display());
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {}\ndata_directory = {}\ncommand_directory = /usr/sbin\n\
             daemon_directory = {DAEMONS}\nmail_owner = postfix\nsetgid_group = postdrop\nmyhostname = mx.{domain}\n\
             mydestination =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
             alias_maps =\nlocal_recipient_maps =\ndefault_transport = error:nothing leaves\nbiff = no\n\
             virtual_transport = virtual\nvirtual_mailbox_domains = {domain}\nvirtual_mailbox_base = {at}/mail\n\
             virtual_mailbox_maps = inline:{{ b@{domain}=b/, c@{domain}=c/ }}\n\
             virtual_uid_maps = static:{uid}\nvirtual_gid_maps = static:{gid}\nvirtual_minimum_uid = 1\n\
             smtpd_tls_cert_file = {settings}/cert.pem\nsmtpd_tls_key_file = {settings}/key.pem\n\
             smtpd_tls_security_level = encrypt\nsmtpd_recipient_restrictions = reject_unauth_destination\n\
             smtpd_relay_restrictions = reject_unauth_destination\nsmtpd_peername_lookup = no\n\
             maillog_file = {at}/log\nmaillog_file_prefixes = {at}\n{more}\n",
            queue.display(),
            data.display(),
        );
        std::fs::write(format!("{settings}/main.cf"), main).expect("main.cf");
        std::fs::write(format!("{settings}/master.cf"), format!("127.0.0.1:{port} inet n - n - - smtpd{MASTER}"))
            .expect("master.cf");
        let stop = format!("read -r _; /usr/sbin/postfix -c '{settings}' abort; sleep 0.2; rm -rf '{at}'");
        let mut watch = Command::new("sh");
        watch.args(["-c", &stop]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        std::os::unix::process::CommandExt::process_group(&mut watch, 0);
        let watch = watch.spawn().expect("sh starts");
        let postfix = Self { port, folder, watch };
        let started = Command::new("/usr/sbin/postfix").args(["-c", &settings, "start"]).output().expect(MISSING);
        assert!(started.status.success(), "{}\n{}", String::from_utf8_lossy(&started.stderr), postfix.log());
        postfix.until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
        postfix
    }

    /// A mailbox.
    pub(crate) fn maildir(&self, name: &str) -> PathBuf {
        self.folder.join("mail").join(name)
    }

    /// The mails that a mailbox holds once there are so many of them.
    pub(crate) fn mailbox(&self, name: &str, mails: usize) -> Vec<Vec<u8>> {
        let new = self.maildir(name).join("new");
        let files = || -> Option<Vec<PathBuf>> {
            let files: Vec<_> = std::fs::read_dir(&new).ok()?.filter_map(Result::ok).map(|e| e.path()).collect();
            (files.len() >= mails).then_some(files)
        };
        let files = self.until("the mails are there", files);
        files.iter().map(|f| std::fs::read(f).expect("a mail")).collect()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Another program's work has no end that could be awaited: asked every few milliseconds.
    pub(crate) fn until<T>(&self, what: &str, there: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(there) = there() {
                return there;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "{what}: not so after 30 seconds\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

fn number(of: &str) -> String {
    let id = Command::new("id").args([of, "postfix"]).output().expect("id runs");
    String::from_utf8_lossy(&id.stdout).trim().to_owned()
}

/// Runs a command to its good end.
pub(crate) fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status().expect("a command");
    assert!(status.success(), "{command:?} failed. {MISSING}");
}
