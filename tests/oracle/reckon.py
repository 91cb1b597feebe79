#!/usr/bin/env python3
"""Reference for who gets which mail when: slow, plain, and independent of the product.

    reckon.py DATA_DIR --from 2026-11-23 --to 2027-03-22 [--down 2026-12-07..2026-12-11]
                       [--data-until 2026-12-18 [--reported]]

Prints what a service would send that starts fresh on the first day, runs on every workday up to and including
the last one, and stands still on the days of --down (both included). Every team has its first run on the first
workday on which the service runs. The data is static: today's records, evaluated as of each day by oracle.py
beside this file. It counts as fresh, so nothing is held back as stale, and nothing is reassigned.

With --data-until no new data comes after that day, up to which it counts as fresh. From the third workday after it the
data is stale, and steps for ifk and tl of the rules that wait for activities are held. The whole delivery is known. With
--reported it is not: everything was reported on its own day, so that an activity, an end, a talk, a Fazit, a Kennung or a
held event of a later day never came. Each mail then carries `stale`: whether it opens with a warning.

One JSON object a line, sorted by (date, kind, to), one mail each:

    {"date": "2026-11-23", "kind": "mitteilung", "to": "address",
     "obligations": [{"rule": ..., "subject": ..., "cycle": ..., "step": ...}]}

Kinds: tagesuebersicht, persoenlich, mitteilung, eskalation, wochenbericht; the stellenticker is left out. There is
one mail per kind, address and day over all teams. Obligations are sorted by (rule, subject, cycle) without
duplicates; `step` is the step in force. A wochenbericht and the receipt of a day with nothing open carry [], and an
eskalation that only says whose places are passed: more than 50 clients in main care, and on the last run not yet.

The semantics are RULES.md's, section 5; where the two differ, RULES.md is right. What it leaves open is decided here:

- Start concerns the obligations that are open on the first run. One that appears later (a rest ends, a Kennung
  becomes known) was never told to anybody, so its latest step fires even if the step's day is before the first run.
- What is sent is remembered per role. A step for bak that fires during an appointment leaves the steps for ifk and
  tl unsent; these fire on the first run after it, with the step then in force, if the obligation is still open.
  A held obligation still belongs to its roles and is listed in a mail that goes out for another reason.
- What nobody can be told about an IFK's case, for want of a team mailbox, stays unsent in the same way.
- What waits for a lead who cannot be reached stays unsent in the same way: it goes with the step then in force,
  and not at all if the obligation has ended. One weekly report is kept waiting, however many weeks it takes.
- `missed` of a skipped workday goes where a `missed` of the day itself goes: to the daily mails of that run, by the
  absences of that run's day.
- A case without a region matches no BAK, and region and kuerzel are compared as written. A BAK who is named but
  unknown, or matched but without an address, has no personal mail; no other colleague is looked for.
- A mitteilung is triggered per IFK over all teams. If an IFK and all deputies are away, each of the obligations
  goes to the mailbox of its own case's team.
- A reminder asks about the address to which the IFK's mail goes on that day, whosever case was the reason for
  an earlier mail there. The week is the office's: the first run of any ISO week.
- A colleague of an unknown rolle is refused, an absence without a first day has no effect, a case of an unknown team
  is refused, and a team without a mailbox gets nothing there.

Standard library only.
"""
import argparse
import functools
import json
import sys
from datetime import date

# The oracle is a script beside this one; a compiled copy of it would only litter the folder.
sys.dont_write_bytecode = True
import oracle  # noqa: E402

DAY = oracle.DAY
ROLES = {"BAK", "IFK", "FM", "TL"}
IFK_MUST_ACT = {"besuch-16", "kennung-16", "mag-nachhaltung-kunde"}
REMINDER_WORKDAYS = 5
PLACES = 50
STALE_AFTER = 2
WAIT_FOR_ACTIVITIES = {"kundenkontakt", "ag-kontakt", "stellensuchlauf", "stellensuchlauf-16", "lebenslauf-anfordern",
                       "lebenslauf-erinnern", "lebenslauf-rueckgabe", "mag-nachhaltung-ag", "mag-nachhaltung-kunde",
                       "egz-intervention", "ag-alternative"}


# ---------------------------------------------------------------- the oracle, with its steps kept
def keep_steps(plain):
    """The ledger needs every step of an obligation, and its case; the oracle prints only the step in force."""
    def obligation(out, f, rule, fall, subject, cycle, raw, action, steps, **more):
        before = len(out)
        plain(out, f, rule, fall, subject, cycle, raw, action, steps, **more)
        for o in out[before:]:
            o["fall"], o["steps"] = fall, steps
    return obligation


oracle.obligation = keep_steps(oracle.obligation)


def forget_what_was_reported_after(last):
    """Rows that say something of a later day say it no more; of a case or an event only that."""
    plain = oracle.read

    def later(text):
        d = oracle.parse_date(text)
        return d is not None and d > last

    def read(folder, name):
        rows = [dict(r) for r in plain(folder, name)]
        if name == "aktivitaeten.csv":
            rows = [r for r in rows if not later(r["datum"])]
        for r in rows:
            if name == "veranstaltungen.csv" and later(r["datum"]):
                r["durchgefuehrt"] = "nein"
            if name == "betreuungen.csv":
                for day, said in (("ende_am", "ende_grund"), ("kennung_seit", "kennung"),
                                  ("rueckgabegespraech_am", None), ("fazit_am", None)):
                    if later(r[day]):
                        r[day] = ""
                        if said:
                            r[said] = ""
        return rows

    oracle.read = functools.lru_cache(maxsize=None)(read)


# Pure functions of their arguments, called some million times: remembering them changes no answer.
# The delivery does not change either while this program runs, and the oracle never alters a row it has read.
for name in ("parse_date", "werktag", "workday", "back", "fwd", "fwd_law", "wd", "read"):
    setattr(oracle, name, functools.lru_cache(maxsize=None)(getattr(oracle, name)))


def open_on(folder, t):
    """The obligations of day t, each with key, case, team and all of its steps."""
    f, out = oracle.Facts(folder, t), []
    for o in oracle.evaluate(folder, t):
        if o["state"] == "missed":                  # the one obligation that the oracle writes by hand
            o["fall"], o["steps"] = o["subject"], [(o["step"], t, o["to"])]
        o["key"] = (o["rule"], o["subject"], o["cycle"])
        o["case"] = f.cases[o["fall"]] if o["fall"] else None
        o["team"] = o["case"]["team"] if o["case"] else o["subject"]
        o["roles"] = {r for _, day, roles in o["steps"] if day <= t for r in roles}
        if o["team"] in f.teams:
            out.append(o)
    return out


# ---------------------------------------------------------------- people
class Office:
    def __init__(self, folder):
        self.teams = {r["team"]: r for r in oracle.read(folder, "teams.csv") if r["team"]}
        self.staff = {r["kuerzel"]: r for r in oracle.read(folder, "personal.csv") if r["kuerzel"] and r["rolle"] in ROLES}
        self.away = {}
        for r in oracle.read(folder, "abwesenheiten.csv"):
            if von := oracle.parse_date(r["von"]):
                self.away.setdefault(r["kuerzel"], []).append((von, oracle.parse_date(r["bis"]) or date.max))

    def absent(self, who, t):
        return any(von <= t <= bis for von, bis in self.away.get(who, []))

    def reach(self, who, t):
        """The address at which the colleague or the first deputy of the chain can be reached on t, or None."""
        asked = set()
        while who in self.staff and who not in asked:
            asked.add(who)
            if self.staff[who]["email"] and not self.absent(who, t):
                return self.staff[who]["email"]
            who = self.staff[who].get("vertretung", "")
        return None

    def mailbox(self, team):
        return self.teams[team]["postfach"]

    def lead(self, team, t):
        """None if nobody can be reached: never a mailbox that colleagues read."""
        return self.reach(self.teams[team].get("leitung", ""), t)

    def bak(self, case):
        """The case's BAK; for a case without one the team's BAK of its region; or None."""
        if case["bak"]:
            return case["bak"]
        return min((k for k, p in self.staff.items() if p["rolle"] == "BAK" and p["team"] == case["team"]
                    and p["region"] and p["region"] == case["region"]), default=None)

    def personal(self, o, t):
        """Where the BAK's own part goes: nowhere if nobody with an address is meant in the first place."""
        who = self.bak(o["case"])
        if who not in self.staff or not self.staff[who]["email"]:
            return None
        return self.reach(who, t) or self.mailbox(o["team"])

    def ifk(self, o):
        """Whose mitteilung it is: a colleague's over all teams, or that of the one nobody of a team."""
        who = o["case"]["ifk"]
        return who if who in self.staff else ("nobody", o["team"])

    def notice(self, o, t):
        return self.reach(o["case"]["ifk"], t) or self.mailbox(o["team"])


# ---------------------------------------------------------------- what was sent
class Ledger:
    """Per obligation and role the day of the latest step sent. Entries stay when an obligation ends, so one that
    comes back with the same cycle continues where it was."""

    def __init__(self):
        self.sent = {}

    def start(self, obligations, t):
        """A first run is silent about the past: to every role, steps of earlier days count as sent."""
        for o in obligations:
            self.sent[o["key"]] = {r: t - DAY for _, _, roles in o["steps"] for r in roles}

    def fires(self, o, role, t):
        """Whether a step that names the role has been reached and not been sent. However many have, it is once."""
        if (o["appointment"] or o["stale"]) and role in ("ifk", "tl"):
            return False
        return self.reached(o, role, t) > self.sent.get(o["key"], {}).get(role, date.min)

    def record(self, o, role, t):
        self.sent.setdefault(o["key"], {})[role] = self.reached(o, role, t)

    @staticmethod
    def reached(o, role, t):
        return max((day for _, day, roles in o["steps"] if role in roles and day <= t), default=date.min)


# ---------------------------------------------------------------- the days
class Service:
    def __init__(self, folder, data_until=None):
        self.folder = folder
        self.data_until = data_until
        self.office = Office(folder)
        self.ledger = Ledger()
        self.last_run = None
        self.notices = {}               # address → days on which a mitteilung went there
        self.loads = {}                 # team → BAK → main care on the last run on which the lead could be told
        self.reports = set()            # teams whose weekly report has not gone yet

    def run(self, t, skipped):
        """All mails of day t: {(kind, address): {key: step in force}}."""
        mails = {}
        office, ledger = self.office, self.ledger
        first_run = self.last_run is None
        first_of_week = first_run or oracle.iso_week(self.last_run) != oracle.iso_week(t)
        today = open_on(self.folder, t)
        for o in today:
            o["stale"] = self.stale(t) and o["rule"] in WAIT_FOR_ACTIVITIES
        if first_run:
            ledger.start(today, t)

        def put(kind, address, o=None):
            if address:
                mail = mails.setdefault((kind, address), {})
                if o:
                    mail[o["key"]] = o["step"]

        # The daily mails state what is open; nothing needs to fire for them.
        for team in office.teams:
            put("tagesuebersicht", office.mailbox(team))
        gap = [o for s in skipped for o in open_on(self.folder, s) if o["state"] == "missed"]
        for o in today + gap:
            if o["roles"] & {"bak", "team"}:
                put("tagesuebersicht", office.mailbox(o["team"]), o)
            if "bak" in o["roles"]:
                put("persoenlich", office.personal(o, t), o)

        # IFKs hear only when there is a reason, and then everything that is theirs.
        theirs = [o for o in today if "ifk" in o["roles"] and office.notice(o, t)]
        triggered = set()
        for o in theirs:
            if first_run or ledger.fires(o, "ifk", t):
                triggered.add(office.ifk(o))
            if (first_of_week and o["rule"] in IFK_MUST_ACT and o["state"] == "overdue" and not o["appointment"]
                    and not o["stale"]
                    and not self.noticed_lately(office.notice(o, t), t)):
                triggered.add(office.ifk(o))
        for o in theirs:
            if ledger.fires(o, "ifk", t):
                ledger.record(o, "ifk", t)
            if office.ifk(o) in triggered:
                put("mitteilung", office.notice(o, t), o)
        for kind, address in mails:
            if kind == "mitteilung":
                self.notices.setdefault(address, set()).add(t)

        # Unrecorded, an escalation stays due until somebody can be told.
        for o in today:
            if ledger.fires(o, "tl", t) and (address := office.lead(o["team"], t)):
                ledger.record(o, "tl", t)
                put("eskalation", address, o)

        # The lead hears on the first run on which a BAK has more clients than there are places.
        loads = {row["bak"]: row["open"] for row in oracle.capacity(self.folder, t)}
        for team in office.teams:
            if address := office.lead(team, t):
                own = {k: loads.get(k, 0) for k, r in office.staff.items() if (r["rolle"], r["team"]) == ("BAK", team)}
                before = self.loads.get(team, own)
                if any(before.get(k, 0) <= PLACES < n for k, n in own.items()):
                    put("eskalation", address)
                self.loads[team] = own

        if first_of_week:
            self.reports |= set(office.teams)
        for team in sorted(self.reports):
            if address := office.lead(team, t):
                self.reports.discard(team)
                put("wochenbericht", address)

        self.last_run = t
        return mails

    def stale(self, t):
        """Whether the data is older on t than so many workdays."""
        return self.data_until is not None and self.data_until < oracle.wd(t, -STALE_AFTER)

    def noticed_lately(self, address, t):
        return any(oracle.wd(t, -REMINDER_WORKDAYS) <= d < t for d in self.notices.get(address, ()))


def reckon(folder, start, end, down=None, data_until=None):
    """Yields the mails as dictionaries, in the order in which they are printed."""
    service, skipped, t = Service(folder, data_until), [], start
    while t <= end:
        if oracle.workday(t):
            if down and down[0] <= t <= down[1]:
                if service.last_run:    # days before the first run are no gap
                    skipped.append(t)
            else:
                for (kind, to), held in sorted(service.run(t, skipped).items()):
                    yield {"date": t.isoformat(), "kind": kind, "to": to, "obligations": [
                        {"rule": rule, "subject": subject, "cycle": cycle, "step": step}
                        for (rule, subject, cycle), step in sorted(held.items())],
                        **({} if data_until is None else {"stale": service.stale(t)})}
                skipped = []
        t += DAY


def span(text):
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("data")
    p.add_argument("--from", dest="start", type=date.fromisoformat, required=True, metavar="A")
    p.add_argument("--to", dest="end", type=date.fromisoformat, required=True, metavar="B")
    p.add_argument("--down", type=span, metavar="C..D", help="days on which the service stands still")
    p.add_argument("--data-until", type=date.fromisoformat, metavar="D", help="the last day on which data comes in")
    p.add_argument("--reported", action="store_true", help="everything was reported on its own day, if at all")
    a = p.parse_args()
    if a.reported:
        if not a.data_until:
            p.error("--reported is about --data-until")
        forget_what_was_reported_after(a.data_until)
    if not 2021 <= a.start.year <= a.end.year <= 2039:
        p.error("the holiday table covers 2020 to 2040; both days need a year of margin on either side")
    if odd := sorted({r["bundesland"] for r in oracle.read(a.data, "teams.csv")} - {"BW"}):
        p.error(f"only BW is tabulated, not {odd}")
    for mail in reckon(a.data, a.start, a.end, a.down, a.data_until):
        print(json.dumps(mail, ensure_ascii=False))


if __name__ == "__main__":
    main()
