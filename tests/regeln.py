#!/usr/bin/env python3
"""regeln.py BINARY: do the examples of docs/regeln.md hold?

Reads the table „Geprüfte Beispiele" of docs/regeln.md, builds a delivery per row, asks oracle and binary, compares."""
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
DOC = HOUSE / "docs" / "regeln.md"
OWN = HOUSE / "config" / "beispiel-nachbetreuung.toml"
ORACLE = HOUSE / "tests" / "oracle" / "oracle.py"
WV = sys.argv[1]
COLS = "fallnr bak ifk team region kennung kennung_seit uebergabe_am hauptbetreuer_seit ende_am ende_grund rueckgabegespraech_am fazit_am".split()
STATE = {"upcoming": "demnächst", "today": "heute", "overdue": "noch offen", "info": "zur Kenntnis", "missed": "nachzutragen"}
D = r"\d\d\.\d\d\.\d{4}"
ACT = "kontakt_persoenlich kontakt_telefonisch kontakt_schriftlich kontaktversuch ag_kontakt stellensuchlauf lebenslauf_angefordert lebenslauf_erinnert lebenslauf_eingegangen aussendienst egz_risiko egz_intervention ag_unzufrieden ag_alternative mag_nachhaltung_ag mag_nachhaltung_kunde".split()


def build(folder, given):
    f = Path(folder)
    w = lambda n, rows: (f / n).write_text("\n".join(";".join(r) for r in rows) + "\n", encoding="utf-8")
    case = dict.fromkeys(COLS, ""); case.update(fallnr="0000017", bak="AB", ifk="CD", team="T1", region="Nord")
    beleg = dict.fromkeys(COLS, ""); beleg.update(fallnr="0000001", bak="AB", ifk="CD", team="T1", region="Nord",
        hauptbetreuer_seit="01.02.2021", uebergabe_am="01.02.2021", ende_am="30.06.2021", ende_grund="rueckgabe_frist", rueckgabegespraech_am="30.06.2021", fazit_am="30.06.2021")
    acts = [["fallnr", "art", "datum", "anzahl"]] + [["0000001", a, "01.03.2021", "1"] for a in ACT if not a.startswith(("egz", "ag_u"))]
    foe = [["foerdernr", "fallnr", "art", "arbeitgeber", "beginn", "ende", "potenzial"]]
    pau = [["fallnr", "von", "bis"]]; ver = [["team", "titel", "art", "datum", "durchgefuehrt"]]
    ter = [["terminnr", "fallnr", "art", "datum", "uhrzeit", "ort"]]
    for s in (x.strip().strip("`").strip() for x in given.split(";")):
        k, _, v = s.partition(" ")
        if k in ("16e", "16i", "MAG", "EGZ"):
            m = re.fullmatch(rf"({D})–({D})(?: potenzial (ja|nein))?", v); foe.append([f"F{len(foe)}", "0000017", k, "Firma", m[1], m[2], m[3] or ""])
        elif k in ACT:
            m = re.fullmatch(rf"({D})(?: ×(\d+))?", v); acts.append(["0000017", k, m[1], m[2] or ""])
        elif k == "Pause":
            a, b = v.split("–"); pau.append(["0000017", a, b])
        elif k == "Termin":
            a, d = v.split(); ter.append([f"N{len(ter)}", "0000017", a, d, "10:00", "Büro"])
        elif k == "Veranstaltung":
            d, j = v.split(); ver.append(["T1", "Messe", "messe", d, j])
        elif k in COLS: case[k] = v
        else: raise SystemExit(f"unbekannte Angabe: {s!r}")
    w("teams.csv", [["team", "name", "postfach", "bundesland", "leitung"], ["T1", "Team 1", "team1@x.invalid", "BW", "TL"]])
    w("personal.csv", [["kuerzel", "name", "email", "rolle", "team", "region", "vertretung"], ["AB", "A B", "ab@x.invalid", "BAK", "T1", "Nord", ""], ["CD", "C D", "cd@x.invalid", "IFK", "", "", ""], ["TL", "T L", "tl@x.invalid", "TL", "T1", "", ""]])
    w("betreuungen.csv", [COLS] + [[r[c] for c in COLS] for r in (beleg, case)])
    w("aktivitaeten.csv", acts); w("foerderungen.csv", foe); w("pausen.csv", pau); w("veranstaltungen.csv", ver); w("termine.csv", ter)


def de(s): return date.fromisoformat(s).strftime("%d.%m.%Y")


def show(o):
    t = f"{o['step']} an {', '.join(o['to'])}; Frist {de(o['raw_due'])}; Handlungstag {de(o['action_due'])}; {STATE[o['state']]}"
    if o["appointment"]: t += f"; Termin {de(o['appointment'])}"
    return t + ("; neu" if o["fires_today"] else "")


def ask(given, rule, day, extra=None, oracle=True):
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/in"); build(d + "/in", given)
        iso = datetime.strptime(day, "%d.%m.%Y").date().isoformat()
        env = dict(os.environ, WIEDERVORLAGE__DATABASE__URL=f"sqlite:{d}/x.db")
        if extra: env["WIEDERVORLAGE__RULES__FILE"] = extra
        r = subprocess.run([WV, "import", d + "/in"], env=env, capture_output=True, text=True)
        if r.returncode: raise SystemExit(r.stdout + r.stderr)
        b = subprocess.run([WV, "evaluate", "--on", iso, "--format", "jsonl"], env=env, capture_output=True, text=True)
        if b.returncode: raise SystemExit(b.stdout + b.stderr)
        pick = lambda text: sorted(show(o) for o in map(json.loads, text.splitlines()) if o["rule"] == rule) or ["nichts"]
        wv = pick(b.stdout)
        if not oracle: return wv, wv
        o = subprocess.run([sys.executable, ORACLE, d + "/in", "--on", iso], capture_output=True, text=True, check=True)
        if o.stderr: print("!!", o.stderr.strip())
        allo = sorted(o.stdout.splitlines(), key=str)
        norm = lambda t: sorted(json.dumps(json.loads(x), sort_keys=True) for x in t.splitlines())
        if not extra and norm(o.stdout) != norm(b.stdout): raise SystemExit(f"Orakel und Programm verschieden: {given} am {day}")
        return pick(o.stdout), wv


if __name__ == "__main__":
    text = DOC.read_text(encoding="utf-8")
    bad = n = 0
    WDAY = ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."]
    for m in re.finditer(rf"(Mo|Di|Mi|Do|Fr|Sa|So)\.,\s+({D})", text):
        if WDAY[datetime.strptime(m[2], "%d.%m.%Y").weekday()] != m[1] + ".": print("Wochentag falsch:", m[0]); bad += 1
    part = text.split("## Geprüfte Beispiele")[1]
    rule = given = None
    for line in part.splitlines():
        if not line.startswith("|") or line.startswith("|--") or line.startswith("| Regel"): continue
        c = [x.strip() for x in line.strip("|").split("|")]
        if len(c) != 4: continue
        rule = c[0].strip("`") or rule; given = c[1].strip("`") or given
        own = rule == "nachbetreuung"
        o, b = ask(given, rule, c[2], str(OWN) if own else None, oracle=not own)
        n += 1
        if c[3] not in o or c[3] not in b or len(o) != 1 or len(b) != 1:
            bad += 1; print(f"{rule} | {given} | {c[2]}\n   Text   {c[3]}\n   Orakel {o}\n   wv     {b}")
    print(n, "Zeilen geprüft,", bad, "Fehler")
    sys.exit(bad > 0 or n < 90)
