#!/bin/sh
# How fast mails leave, beside smtp-source of Debian's package postfix, in one run: benches/versand.py says how.
# benches/versand.sh [--mails N] [--rounds N] [--postfix-mails N]
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet
exec python3 benches/versand.py --program "${CARGO_TARGET_DIR:-target}/release/wiedervorlage" "$@"
