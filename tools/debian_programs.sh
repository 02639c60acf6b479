#!/bin/bash
# Programs of Debian's that some tests and the bench use; none of them is needed to run a centre.
#
#   tools/debian_programs.sh install    gets the missing ones where the user may install packages
#   tools/debian_programs.sh report     one line for each one that is still missing
set -euo pipefail

# program | Debian packages | what is left out without it
programs() {
    cat <<'LIST'
sipp|sip-tester|the SIP tests against SIPp are skipped
baresip|baresip-core|the calls with a baresip phone are skipped
linphonec|linphone-cli|the calls with a Linphone phone are skipped
kamailio|kamailio kamailio-tls-modules|the calls through a Kamailio, proxy or PBX, are skipped
chromium|chromium fonts-noto-cjk|the wallboard's tests in a browser are skipped
rtpengine|rtpengine-daemon|the calls whose media rtpengine serves are skipped
gcc|gcc libc6-dev|the load tests and make bench are skipped
LIST
}

missing() {
    local program packages without
    while IFS='|' read -r program packages without; do
        command -v "$program" >/dev/null 2>&1 || echo "$program|$packages|$without"
    done < <(programs)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

POLICY=/usr/sbin/policy-rc.d
KEPT=$POLICY.kept-by-callcenter

# Debian starts a service as soon as it is installed, unless this file says 101 (forbidden).
forbid_services() {
    trap allow_services EXIT
    [ ! -e "$POLICY" ] || as_root mv "$POLICY" "$KEPT"
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

allow_services() {
    as_root rm -f "$POLICY"
    [ ! -e "$KEPT" ] || as_root mv "$KEPT" "$POLICY"
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq \
        -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60 "$@"
}

install() {
    local wanted program packages _
    wanted=$(missing)
    [ -n "$wanted" ] || return 0
    may_install || return 0
    forbid_services
    apt update >/dev/null 2>&1 || true
    # One by one: a package that this release does not have must not take the others along.
    while IFS='|' read -r program packages _; do
        echo "Installing $packages (for tests only)"
        # shellcheck disable=SC2086 # the packages are words
        apt install --no-install-recommends -y $packages </dev/null >/dev/null 2>&1 || true
    done <<<"$wanted"
}

report() {
    local program packages without
    while IFS='|' read -r program packages without; do
        [ -z "$program" ] || echo "Not here: $program (Debian: $packages); $without."
    done < <(missing)
}

case "${1-}" in
    install | report) "$1" ;;
    *) echo "usage: $0 install|report" >&2; exit 2 ;;
esac
