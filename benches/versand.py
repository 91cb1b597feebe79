"""Delivery beside smtp-source: mails a second, and the ratio.

A database that the program itself has made is filled with mails of 8 KB, by SQL, as a morning would queue them
(subject, text and HTML as JSON). `wiedervorlage deliver` brings them to smtp-sink with one connection and with eight;
smtp-source sends as many mails of the same size to the same smtp-sink over as many connections, each kept for all its
mails (-d). Both take turns, and the median of the rounds counts. A whole command is timed, with its start. The same
then goes into a Postfix in a temporary folder, which keeps each mail durably in its queue (that needs root).

The database is SQLite as it is in production, every commit synced, in the folder of --dir (the system's temporary
folder unless said otherwise). smtp-source and smtp-sink touch no disk, so the ratio is one of this disk as well: how
long a sync takes is printed, and --dir /dev/shm shows what is left without it. Only loopback is used. Standard library
only.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time

SIZE = 8192
DOMAIN = "jobcenter.example"
FROM = f"bak-wiedervorlage@{DOMAIN}"
TO = f"b@{DOMAIN}"
DAEMONS = "/usr/lib/postfix/sbin"
LINE = "Kontakt überfällig seit 16.11.2026 – bitte heute nachholen und eintragen."
MASTER = """
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def sync_time(folder):
    """What one commit's sync takes on this disk, in µs: one connection cannot send more mails than it allows."""
    times = []
    with open(folder / "sync", "wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"x" * 2 * SIZE)
            begin = time.perf_counter()
            os.fdatasync(file)
            times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.rows = 0

    def settings(self, name, transport, connections=1, port=1):
        """The settings of one run."""
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'[database]\nurl = "sqlite:{self.folder}/{name}.db"\n[mail]\ntransport = "{transport}"\nfrom = "{FROM}"\n'
            f'allowed_domains = ["{DOMAIN}"]\n[mail.file]\ndir = "{self.folder}/mails"\n[mail.smtp]\n'
            f'host = "127.0.0.1"\nport = {port}\ntls = "none"\nrate_limit = 0\nconnections = {connections}\n'
        )
        return path

    def ask(self, settings, *words):
        done = subprocess.run([self.program, "--config", settings, *words], capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def fill(self, name, mails, lines):
        """A database with so many mails that are due."""
        settings = self.settings(name, "file")
        self.ask(settings, "outbox", "list")
        text = "\n".join([LINE] * lines)
        html = "".join(f"<tr><td>{LINE}</td></tr>\n" for _ in range(lines))
        message = {"subject": "Tagesübersicht 23.11.2026", "text": text, "html": f"<table>{html}</table>", "reply_to": None}
        message = json.dumps(message, ensure_ascii=False).encode()
        due = "2026-11-20T05:30:00+00:00"
        rows = (
            (f"versand:{i}", "tagesuebersicht", "", TO, "2026-11-20", "Betreff", f"<{i:032x}@{DOMAIN}>", "0" * 64, "queued",
             0, due, due)
            for i in range(mails)
        )
        db = sqlite3.connect(self.folder / f"{name}.db")
        with db:
            db.executemany(
                "insert into outbox (dedup_key, kind, office, recipient, day, subject, message_id, sha256, state,"
                " told_once, next_attempt_at, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            db.execute("insert into outbox_text (outbox_id, message) select id, ? from outbox", (message,))
        db.execute("pragma wal_checkpoint(truncate)")
        db.close()

    def size(self, lines):
        """How large the mail is that the program makes of so many lines."""
        for old in (*self.folder.glob("size.db*"), *self.folder.glob("mails/*")):
            old.unlink()
        self.fill("size", 1, lines)
        self.ask(self.settings("size", "file"), "deliver")
        (mail,) = (self.folder / "mails").glob("*.eml")
        return mail.stat().st_size

    def lines(self):
        """So many lines make a mail of at least 8 KB."""
        few = self.size(10)
        each = (self.size(20) - few) / 10
        lines = 10 + round((SIZE - few) / each)
        while (size := self.size(lines)) < SIZE:
            lines += 1
        print(f"mails of {size} bytes; smtp-source: {SIZE}")
        return lines

    def deliver(self, full, mails, connections, port):
        for old in self.folder.glob("run.db*"):
            old.unlink()
        shutil.copy(self.folder / f"{full}.db", self.folder / "run.db")
        settings = self.settings("run", "smtp", connections, port)
        os.sync()
        begin = time.monotonic()
        self.ask(settings, "deliver")
        took = time.monotonic() - begin
        db = sqlite3.connect(self.folder / "run.db")
        (sent,) = db.execute("select count(*) from outbox where state = 'sent' and attempts = 1").fetchone()
        db.close()
        assert sent == mails, f"{sent} of {mails} sent"
        return mails / took

    def source(self, mails, connections, port):
        words = ["-d", "-s", connections, "-l", SIZE, "-m", mails, "-f", FROM, "-t", TO, f"127.0.0.1:{port}"]
        os.sync()
        begin = time.monotonic()
        subprocess.run(["/usr/sbin/smtp-source", *map(str, words)], check=True)
        return mails / (time.monotonic() - begin)

    def compare(self, where, full, mails, connections, port, rounds, goal):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(self.source(mails, connections, port))
            ours.append(self.deliver(full, mails, connections, port))
        ratios = " ".join(f"{o / t:.2f}" for o, t in zip(ours, theirs))
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(
            f"{where:9} connections {connections}: deliver {statistics.median(ours):6.0f}/s, "
            f"smtp-source {statistics.median(theirs):6.0f}/s, ratio {ratio:.2f} (goal {goal}; rounds {ratios})",
            flush=True,
        )


def start_postfix(folder):
    """A Postfix that takes mails into its queue and throws them away from there; its port, and how to stop it."""
    folder.chmod(0o755)
    settings, queue, data = (folder / name for name in ("settings", "queue", "data"))
    for path in (settings, queue, data):
        path.mkdir()
    shutil.chown(data, "postfix")
    port = free_port()
    (settings / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\ncommand_directory = /usr/sbin\n"
        f"daemon_directory = {DAEMONS}\nmail_owner = postfix\nsetgid_group = postdrop\nmyhostname = mx.{DOMAIN}\n"
        "mydestination =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nalias_maps =\n"
        "local_recipient_maps =\ndefault_transport = discard:\nsmtpd_peername_lookup = no\nbiff = no\n"
        f"maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\n"
    )
    (settings / "master.cf").write_text(f"127.0.0.1:{port} inet n - n - - smtpd{MASTER}")
    subprocess.run(["/usr/sbin/postfix", "-c", settings, "start"], check=True, stderr=subprocess.DEVNULL)
    return port, lambda: subprocess.run(["/usr/sbin/postfix", "-c", settings, "abort"], stderr=subprocess.DEVNULL)


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--program", default="target/release/wiedervorlage")
    ask.add_argument("--mails", type=int, default=20000)
    ask.add_argument("--postfix-mails", type=int, default=3000)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--dir", default=None)
    args = ask.parse_args()
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        folder = pathlib.Path(folder)
        bench = Bench(os.path.abspath(args.program), folder)
        print(f"a sync takes {sync_time(folder):.0f} µs in {folder.parent}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        lines = bench.lines()
        port = free_port()
        sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"])
        try:
            wait_for(port)
            bench.fill("full", args.mails, lines)
            for connections, goal in ((1, 0.5), (8, 0.8)):
                bench.compare("smtp-sink", "full", args.mails, connections, port, args.rounds, goal)
        finally:
            sink.kill()
            sink.wait()
        if not args.postfix_mails:
            return
        bench.fill("some", args.postfix_mails, lines)
        with tempfile.TemporaryDirectory() as place:
            port, stop = start_postfix(pathlib.Path(place))
            try:
                wait_for(port)
                for connections in (1, 8):
                    bench.compare("Postfix", "some", args.postfix_mails, connections, port, args.rounds, 0.9)
            finally:
                stop()
                time.sleep(0.5)


if __name__ == "__main__":
    main()
