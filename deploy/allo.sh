#!/bin/sh
# allo, as installed in /usr/lib/allo, driven by Debian's own python3.
set -eu

top=/usr/lib/allo
export ALLO_CONFIG="${ALLO_CONFIG:-/etc/allo/allo.toml}"
# -P and a PYTHONPATH of our own: whatever lies in the caller's folder, only our code is run.
export PYTHONPATH="$top:$top/packages"

# What writes the service's state is never root: files would be left that the service cannot
# change. The rest (install, doctor, …) is whoever calls it.
as_allo=
if [ "$(id -u)" = 0 ]; then
    case "${1:-} ${2:-}" in
        run\ * | prompts\ * | configure\ * | code\ * | report\ * | "asterisk start" | "asterisk cli")
            export HOME=/var/lib/allo
            as_allo='setpriv --reuid=allo --regid=allo --init-groups'
            ;;
    esac
fi
# shellcheck disable=SC2086 # words
exec $as_allo /usr/bin/python3 -P -m router.cli "$@"
