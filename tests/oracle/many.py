#!/usr/bin/env python3
"""What oracle.py says about one delivery on many days, in one go.

    many.py --delivery DIR [--delivery LATER_DIR] 2026-11-23 2026-11-24 …

One JSON object a line and day: {"on": day, "evaluate": [obligations], "capacity": [rows]}.
Several deliveries are taken as imported one after the other (RULES.md section 1, Keys): rows with a key are added, a
file without key (and termine) states all rows of its source and replaces the earlier one.
oracle.py is imported as it is. Standard library only.
"""
import argparse
import functools
import json
import sys
from datetime import date
from pathlib import Path

# The oracle is a script beside this one; a compiled copy of it would only litter the folder.
sys.dont_write_bytecode = True
import oracle  # noqa: E402

STATES_ALL = {"pausen.csv", "abwesenheiten.csv", "veranstaltungen.csv", "termine.csv"}
# Pure functions of their arguments: remembering them changes no answer. The oracle never alters a row it has read.
for name in ("parse_date", "werktag", "workday", "back", "fwd", "fwd_law", "wd", "read"):
    setattr(oracle, name, functools.lru_cache(maxsize=None)(getattr(oracle, name)))
read_one = oracle.read


@functools.lru_cache(maxsize=None)
def read_all(folders, name):
    folders = [f for f in folders if (Path(f) / name).exists()]
    if name in STATES_ALL:
        folders = folders[-1:]
    return [row for folder in folders for row in read_one(folder, name)]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--delivery", action="append", required=True, metavar="DIR")
    p.add_argument("days", nargs="+", type=date.fromisoformat, metavar="DAY")
    a = p.parse_args()
    oracle.read = read_all
    deliveries = tuple(a.delivery)
    for day in a.days:
        if not 2021 <= day.year <= 2039:
            p.error("the holiday table covers 2020 to 2040; a day needs a year of margin on either side")
        print(json.dumps({"on": day.isoformat(), "evaluate": oracle.evaluate(deliveries, day),
                          "capacity": oracle.capacity(deliveries, day)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
