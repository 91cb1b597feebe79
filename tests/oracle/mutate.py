#!/usr/bin/env python3
"""Bends a generated delivery towards what is rare in generate.py but decides who gets which mail.

    mutate.py DIR --on 2026-11-23 --seed 1 absent addresses deputies     changes the files of DIR in place
    mutate.py DIR --on 2026-11-23 --seed 1 all

Every row stays one that an import takes over. Same arguments, same files. Standard library only.
"""
import argparse, csv, io, random
from datetime import date, timedelta
from pathlib import Path

DAY = timedelta(days=1)


def fmt(d):
    return d.strftime("%d.%m.%Y") if d else ""


class Delivery:
    def __init__(self, folder):
        self.folder, self.heads, self.rows = Path(folder), {}, {}
        for path in sorted(self.folder.glob("*.csv")):
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("cp1252")
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
            self.rows[path.stem], self.heads[path.stem] = list(reader), reader.fieldnames

    def write(self):
        for name, rows in self.rows.items():
            with open(self.folder / f"{name}.csv", "w", encoding="utf-8", newline="") as f:
                w = csv.DictWriter(f, self.heads[name], delimiter=";", lineterminator="\r\n", restval="")
                w.writeheader()
                w.writerows(rows)

    def staff(self, *roles):
        return [p for p in self.rows["personal"] if p["rolle"] in roles]


def absent(d, rng, on):
    """Long and open absences, of leads and deputies too; a row without a first day has no effect but a report."""
    for p in d.staff("BAK", "IFK", "FM", "TL"):
        if rng.random() < 0.35:
            von = on + rng.randint(-30, 60) * DAY
            bis = von + rng.randint(0, 70) * DAY if rng.random() < 0.8 else None
            d.rows["abwesenheiten"].append({"kuerzel": p["kuerzel"], "von": fmt(von), "bis": fmt(bis)})
        if rng.random() < 0.1:
            von = on + rng.randint(0, 100) * DAY
            d.rows["abwesenheiten"].append({"kuerzel": p["kuerzel"], "von": fmt(von), "bis": fmt(von - DAY)})


def addresses(d, rng, on):
    """Colleagues without an address; teams without a mailbox."""
    for p in d.rows["personal"]:
        if rng.random() < 0.25:
            p["email"] = ""
    for t in d.rows["teams"]:
        if rng.random() < 0.15:
            t["postfach"] = ""


def deputies(d, rng, on):
    """Chains of deputies that break, end, or turn in circles."""
    everybody = [p["kuerzel"] for p in d.rows["personal"]]
    for p in d.rows["personal"]:
        if rng.random() < 0.6:
            p["vertretung"] = rng.choice(["", p["kuerzel"], "NIEMAND", rng.choice(everybody), rng.choice(everybody)])


def unknown(d, rng, on):
    """Cases whose BAK or IFK nobody knows, or is not named; or holds another role."""
    everybody = [p["kuerzel"] for p in d.rows["personal"]]
    for c in d.rows["betreuungen"]:
        for column in ("bak", "ifk"):
            if rng.random() < 0.2:
                c[column] = rng.choice(["", "", "FORT", "WEG", rng.choice(everybody)])


def regions(d, rng, on):
    """Cases without a BAK, with and without a region; BAK who share one, have none, or write it differently."""
    places = ["", "Heilbronn", "Weinsberg", "heilbronn"]
    for p in d.staff("BAK", "IFK"):
        p["region"] = rng.choice(places)
    for c in d.rows["betreuungen"]:
        if rng.random() < 0.5:
            c["region"] = rng.choice(places)
        if rng.random() < 0.3:
            c["bak"] = ""


def shared(d, rng, on):
    """Colleagues who share a mailbox, with each other, with their team, and over teams."""
    boxes = ["gemeinsam@jobcenter.example", "flur2@jobcenter.example"] + [t["postfach"] for t in d.rows["teams"]]
    for p in d.rows["personal"]:
        if rng.random() < 0.3:
            p["email"] = rng.choice(boxes)
    for t in d.rows["teams"]:
        if rng.random() < 0.3:
            t["postfach"] = rng.choice(boxes)


def leads(d, rng, on):
    """One lead for several teams, none, an unknown one, one who is a BAK, one with a deputy."""
    first = d.rows["teams"][0]["leitung"]
    everybody = [p["kuerzel"] for p in d.rows["personal"]]
    for t in d.rows["teams"]:
        if rng.random() < 0.7:
            t["leitung"] = rng.choice([first, first, "", "UNBEKANNT", rng.choice(everybody)])
    for p in d.staff("TL"):
        p["vertretung"] = rng.choice(["", "BAK0", "TL0", rng.choice(everybody)])


def appointments(d, rng, on):
    """Many appointments, so that notices are held back again and again."""
    for c in d.rows["betreuungen"]:
        for k in range(rng.choice([0, 0, 1, 2, 6])):
            art = rng.choice(["aussendienst", "rueckgabegespraech", "rueckgabegespraech", "vorstellungsgespraech"])
            when = "" if rng.random() < 0.05 else fmt(on + rng.randint(-5, 110) * DAY)
            d.rows["termine"].append({"terminnr": f"M{c['fallnr']}-{k}", "fallnr": c["fallnr"], "art": art, "datum": when,
                                      "uhrzeit": "09:00", "ort": "Heilbronn", "teilnehmer": ""})


def lively(d, rng, on):
    """What goes on happening after the delivery's day, so that cycles end and begin while the days pass."""
    arten = ["kontakt_telefonisch", "ag_kontakt", "stellensuchlauf", "stellensuchlauf", "lebenslauf_angefordert",
             "lebenslauf_erinnert", "egz_risiko", "egz_intervention", "ag_unzufrieden", "ag_alternative", "aussendienst",
             "mag_nachhaltung_ag", "mag_nachhaltung_kunde"]
    for c in d.rows["betreuungen"]:
        for _ in range(rng.randint(0, 12)):
            d.rows["aktivitaeten"].append({"fallnr": c["fallnr"], "art": rng.choice(arten), "anzahl": rng.choice(["", "1", "2", "0"]),
                                           "datum": fmt(on + rng.randint(0, 110) * DAY), "bemerkung": ""})
        if rng.random() < 0.3:
            von = on + rng.randint(0, 80) * DAY
            d.rows["pausen"].append({"fallnr": c["fallnr"], "von": fmt(von), "grund": "",
                                     "bis": fmt(von + rng.randint(0, 40) * DAY) if rng.random() < 0.9 else ""})
        if rng.random() < 0.25:
            von = on + rng.randint(-40, 60) * DAY
            d.rows["foerderungen"].append({"foerdernr": f"N{c['fallnr']}", "fallnr": c["fallnr"], "arbeitgeber": "", "potenzial": "",
                                           "art": rng.choice(["MAG", "MAG", "16e", "16i", "EGZ"]), "beginn": fmt(von),
                                           "ende": fmt(von + rng.randint(0, 150) * DAY)})
        if rng.random() < 0.2 and not c["ende_am"]:
            c["ende_am"] = fmt(on + rng.randint(0, 100) * DAY)
            c["ende_grund"] = rng.choice(["", "integration", "integration", "rueckgabe_frist", "rueckgabe_mitwirkung"])
        if rng.random() < 0.1:
            c["kennung"], c["kennung_seit"] = rng.choice(["BAK16e", "Ende16", "16i"]), fmt(on + rng.randint(0, 90) * DAY)


KINDS = {f.__name__: f for f in (absent, addresses, deputies, unknown, regions, shared, leads, appointments, lively)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("kinds", nargs="+", choices=[*KINDS, "all"], metavar="KIND", help=", ".join([*KINDS, "all"]))
    p.add_argument("--on", type=date.fromisoformat, required=True)
    p.add_argument("--seed", type=int, required=True)
    a = p.parse_args()
    d = Delivery(a.folder)
    for kind in KINDS if "all" in a.kinds else a.kinds:
        KINDS[kind](d, random.Random(f"{kind} {a.seed}"), a.on)
    d.write()


if __name__ == "__main__":
    main()
