#!/bin/bash
# Runs the commands of a handbook as they stand there, on a system of their own: folders of this machine are covered for
# this process and its children alone (a mount namespace), so that users are made, files installed and rights kept as on
# a fresh machine. It needs root.
#   ablauf.sh FOLDER   with FOLDER/befehle (one command a line, with the exit code it is to end with before it),
#                      FOLDER/lieferung, FOLDER/liste, FOLDER/quelle (the source), FOLDER/uhr (what the clock shows, read anew by every program)
set -uo pipefail
shopt -s expand_aliases
place=$1
cd "$place/quelle" || exit 99

cover() { mount -t tmpfs -o mode=0755 tmpfs "$1" || exit 99; }
cp -a /etc "$place/etc" && mount --bind "$place/etc" /etc || exit 99
cover /srv
cover /usr/local/bin
cover /var/lib
cp -r "$place/lieferung" "$place/liste" /srv && chmod -R a+rwX /srv

mkdir "$place/bin"
# As much of sudo as the handbook uses. The other clock is for the program alone: what root had begun with it, another
# user could not go on with.
cat > "$place/bin/sudo" <<'SUDO'
#!/bin/bash
if [ "$1" = -u ]; then user=$2; shift 2; exec runuser -u "$user" -- env LD_PRELOAD="$FAKETIME_LIBRARY" "$@"; fi
exec "$@"
SUDO
# As much of systemctl: the unit says what is started, and as whom.
cat > "$place/bin/systemctl" <<'SYSTEMCTL'
#!/bin/bash
set -euo pipefail
verb=$1
[ "$verb" = daemon-reload ] && exit 0
unit=/etc/systemd/system/${!#}.service
log=${0%/bin/*}/protokoll
pid=${0%/bin/*}/pid
case $verb in
start | enable)
    program=$(sed -n 's/^ExecStart=//p' "$unit") user=$(sed -n 's/^User=//p' "$unit")
    : > "$log"
    runuser -u "$user" -- env LD_PRELOAD="$FAKETIME_LIBRARY" $program >> "$log" 2>&1 &
    echo $! > "$pid"
    # Nothing is asked of it before it says that it is ready.
    timeout 60 grep -q -m1 'service ready' <(tail -n +1 --pid=$! -f "$log") || { cat "$log" >&2; exit 1; }
    ;;
reload)
    pkill -HUP -P "$(cat "$pid")"
    timeout 60 grep -q -m1 'read anew' <(tail -n +1 -f "$log") || { cat "$log" >&2; exit 1; }
    ;;
stop)
    # Its parent stands between it and us.
    pkill -TERM -P "$(cat "$pid")"
    timeout 60 tail -s 0.1 --pid="$(cat "$pid")" -f /dev/null
    ;;
*) exit 64 ;;
esac
SYSTEMCTL
chmod 0755 "$place/bin/"*
export PATH="$place/bin:$PATH"

minute=0
# Every command comes ten minutes after the one before it.
tick() {
    minute=$((minute + 10))
    printf '@2026-11-23 %02d:%02d:00\n' $((8 + minute / 60)) $((minute % 60)) > "$place/uhr.neu"
    chmod 0644 "$place/uhr.neu"
    mv "$place/uhr.neu" "$place/uhr"
}
over() {
    if [ -f "$place/pid" ]; then pkill -KILL -P "$(cat "$place/pid")"; fi
    exit "$1"
}
while read -r expected line <&3; do
    tick
    # Evaluated, so that an alias of the page holds for what comes after it.
    eval "$line" > "$place/aus" 2>&1
    ended=$?
    if [ "$ended" != "$expected" ]; then
        printf 'ended with %s instead of %s: %s\n' "$ended" "$expected" "$line"
        cat "$place/aus"
        if [ -f "$place/protokoll" ]; then tail -n 20 "$place/protokoll"; fi
        over 1
    fi
done 3< "$place/befehle"
over 0
