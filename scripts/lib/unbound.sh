#!/bin/bash
# The Debian source package of Unbound: shared by scripts/setup, which builds Unbound into .deps/, and
# scripts/deb/packages, which makes packages. To be sourced, not run.
#
# Before a download: $suite, $running (Debian code names) and $apt (a folder for lists, files, log).
# Messages begin with $me, the name of the script that sources this file. $version is a result.
# shellcheck disable=SC2154,SC2034

FLAGS=--with-dynlibmodule # added to Debian's own configure options
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
SAFE_PATH=/usr/sbin:/usr/bin:/sbin:/bin # a foreign python in PATH would end up in the build

# Source packages known by the hash of the .dsc (the signature was checked with Debian's keyring
# when the line was written): version, Debian's version, suite. A mirror's pool keeps source packages
# for some time after the index has moved on to a newer version.
PINNED=(
    "1.17.1 1.17.1-2+deb12u4 bookworm 7833b82f7a888354c672dd743c19551325cb745e9a70793e90f4c9493ebaa065"
    "1.26.2 1.26.2-0+deb13u1 trixie d0de2b0ac0bc2f0448e6a5b80f45b69236c9124f8ac09182f1b95bf02a97385b"
    "1.22.0 1.22.0-2+deb13u3 trixie ade536ed9c112076e61c6e367528f77749cbf3156b29f8a57a0ac96a81c6c5cb"
)
ADVISORIES=scripts/lib/advisories.tsv
LOGS=.deps # where logs of apt go

say() { printf '%s\n' "$me: $*"; }
die() { printf '%s\n' "$me: $*" >&2; exit 1; }

# On a terminal a single line that is rewritten, elsewhere a line for every tenth part.
shown=-1
progress() { # progress DONE TOTAL TITLE
    local percent=$(($2 > 0 ? $1 * 100 / $2 : 0))
    [ "$percent" -le 100 ] || percent=100
    if [ -t 1 ]; then
        printf '\r%s: %3d %%  %-60s' "$me" "$percent" "$3 ($1 of $2)"
        [ "$percent" -lt 100 ] || printf '\n'
    elif [ $((percent / 10)) -gt "$shown" ]; then
        shown=$((percent / 10))
        say "$(printf '%3d %%' "$percent")  $3 ($1 of $2)"
    fi
}

# Run a command into a log file, and show how many lines of the log match, out of how many.
watch_log() { # watch_log LOG PATTERN TOTAL TITLE COMMAND...
    local log=$1 pattern=$2 total=$3 what=$4 done=0 pid
    shift 4
    shown=-1
    : >"$log"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        done=$(grep -c -- "$pattern" "$log" || true)
        [ "$done" -lt "$total" ] || done=$((total - 1))
        progress "$done" "$total" "$what"
        sleep 1
    done
    if ! wait "$pid"; then
        [ ! -t 1 ] || echo
        tail -n 25 "$log" >&2
        die "failed: $what. The whole log is in $log"
    fi
    progress "$total" "$total" "$what"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo: run as root: $*"
    fi
}

# ---- packages

cleanup_root=() # a file to remove at the end, as root
cleanup() {
    [ ${#cleanup_root[@]} -eq 0 ] || as_root rm -f "${cleanup_root[@]}"
    cleanup_root=()
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Services that come with packages must not start: nothing may listen that nobody asked for.
forbid_services() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    cleanup_root=(/usr/sbin/policy-rc.d)
    as_root sh -c 'printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d &&
        chmod 755 /usr/sbin/policy-rc.d'
}

# Nor at the next boot. Only for packages that were not there before us.
disable_services() { # disable_services PACKAGE...
    local unit units=() now=()
    command -v systemctl >/dev/null || return 0
    while read -r unit; do
        [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != enabled ] || units+=("$unit")
    done < <(dpkg -L "$@" 2>/dev/null |
        sed -En 's,^(/usr)?/lib/systemd/system/([^/@]*\.(service|socket))$,\2,p' | sort -u)
    [ ${#units[@]} -gt 0 ] || return 0
    [ ! -d /run/systemd/system ] || now=(--now)
    say "not started, and disabled at boot, as we installed them: ${units[*]}"
    as_root systemctl disable "${now[@]}" "${units[@]}" >/dev/null 2>&1 ||
        say "systemctl could not disable them all: look at 'systemctl status ${units[*]}'"
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

updated=''
apt_update() {
    [ -z "$updated" ] || return 0
    say "reading package lists"
    as_root apt-get -q update >"$LOGS/apt-update.log" 2>&1 ||
        say "apt-get update had errors (see $LOGS/apt-update.log); trying with what there is"
    updated=1
}

apt_install() { # apt_install TITLE APT-ARGUMENT...: installs, and sees to new services
    local what=$1 before after new=()
    shift
    apt_update
    forbid_services
    before=$(dpkg-query -W -f '${binary:Package}\n' | sort)
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold "$@" >"$LOGS/apt-install.log" 2>&1 </dev/null; then
        tail -n 25 "$LOGS/apt-install.log" >&2
        die "failed: $what. The whole log is in $LOGS/apt-install.log"
    fi
    after=$(dpkg-query -W -f '${binary:Package}\n' | sort)
    mapfile -t new < <(comm -13 <(echo "$before") <(echo "$after"))
    [ ${#new[@]} -eq 0 ] || disable_services "${new[@]}"
    cleanup
}

# ---- the source package

# Where this machine gets a suite from: apt itself reads both formats of its configuration.
mirrors() { # mirrors SUITE -> base addresses, one a line
    # apt fills in the names in parentheses, not the shell
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk -v suite="$1" '$1 == suite && $2 == "main" && !seen[$3]++ { print $3 }'
}

own_apt() { # own_apt COMMAND ARGUMENT...: apt that sees only our sources file
    local command=$1 root=()
    shift
    [ "$(id -u)" != 0 ] || root=(-o APT::Sandbox::User=root)
    "$command" -q "${root[@]}" -o Dir::Etc::sourcelist="$apt/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$apt/lists" \
        -o Dir::Cache="$apt/cache" "$@"
}

# Do apt's lists arrive, signed with Debian's keys, with this line added to $lines?
usable() { # usable LINE
    printf '%s\n' "${lines[@]}" "$1" >"$apt/sources.list"
    own_apt apt-get -o APT::Update::Error-Mode=any update >>"$apt/log" 2>&1
}

# Writes the sources file: the suite from the first mirror that has it, and for the running
# release the updates and security suites too.
find_sources() {
    local lines=() line address each also=()
    [ "$suite" != "$running" ] || also=("$suite-updates" "$suite-security")
    for each in "$suite" "${also[@]}"; do
        while read -r address; do
            line="deb-src [signed-by=$KEYRING] $address $each main"
            if usable "$line"; then
                lines+=("$line")
                break
            fi
            # another suite is looked for where the running release comes from
        done < <(mirrors "$running${each#"$suite"}")
    done
    [ ${#lines[@]} -gt 0 ] || die "no mirror in this machine's apt configuration has the sources" \
        "of '$suite' (tried with the Debian archive keys; see $apt/log)"
    usable "" || die "cannot read the source lists; see $apt/log"
}

newest_first() { # Debian versions, one a line
    local versions=() i j swap
    mapfile -t versions
    for ((i = 0; i < ${#versions[@]}; i++)); do
        for ((j = i + 1; j < ${#versions[@]}; j++)); do
            if dpkg --compare-versions "${versions[j]}" gt "${versions[i]}"; then
                swap=${versions[i]} versions[i]=${versions[j]} versions[j]=$swap
            fi
        done
    done
    printf '%s\n' "${versions[@]}"
}

# A file from the pool of a mirror of this machine, if the hash is right.
pool_file() { # pool_file NAME SHA256
    local address
    while read -r address; do
        ! /usr/lib/apt/apt-helper download-file "${address%/}/pool/main/u/unbound/$1" \
            "$apt/source/$1" "SHA256:$2" >>"$apt/log" 2>&1 || return 0
    done < <(mirrors "$running")
    return 1
}

# A source package by the hash of the .dsc, which names the hashes of the other files.
pool_package() { # pool_package DEBIAN-VERSION SHA256
    local sum file
    rm -rf "$apt/source"
    mkdir -p "$apt/source"
    pool_file "unbound_$1.dsc" "$2" || return 1
    while read -r sum file; do
        pool_file "$file" "$sum" || return 1
    done < <(sed -n '/^Checksums-Sha256:/,/^Files:/s/^ \([0-9a-f]*\) [0-9]* /\1 /p' \
        "$apt/source/unbound_$1.dsc")
}

# Sets $version to a pinned version with this name, a version's or a suite's; false: not to be had.
download_pinned() { # download_pinned NAME
    local line upstream debian of hash
    for line in "${PINNED[@]}"; do
        read -r upstream debian of hash <<<"$line"
        [ "$upstream" = "$1" ] || [ "$of" = "$1" ] || continue
        ! pool_package "$debian" "$hash" || { version=$debian; return 0; }
    done
    return 1
}

# Sets $version to the newest version that can be downloaded; the files are in $apt/source.
download() {
    local candidate candidates=()
    rm -rf "$apt/source"
    mkdir -p "$apt/source"
    mapfile -t candidates < <(own_apt apt-cache showsrc unbound 2>>"$apt/log" |
        sed -n 's/^Version: //p' | sort -u | newest_first)
    for candidate in "${candidates[@]}"; do
        if (cd "$apt/source" &&
            own_apt apt-get source --download-only "unbound=$candidate") >>"$apt/log" 2>&1; then
            version=$candidate
            return 0
        fi
        say "Unbound $candidate is listed but its mirror does not have it; trying an older one"
    done
    ! download_pinned "$suite" || return 0
    die "the source package of Unbound could not be downloaded; see $apt/log"
}

unpack() { # unpack TREE
    rm -rf "$1"
    # dpkg-source remarks that the maintainer's own key is not at hand. apt has checked the chain:
    # archive key -> InRelease -> Sources -> the hash of each of these files.
    dpkg-source --no-copy -x "$apt"/source/*.dsc "$1" >"$apt/unpack.log" 2>&1 ||
        die "cannot unpack the source package; see $apt/unpack.log"
    sed -i "s/--enable-subnet/$FLAGS &/" "$1/debian/rules"
    grep -q -- "$FLAGS" "$1/debian/rules" ||
        die "no place for $FLAGS in debian/rules of this package: scripts/lib/unbound.sh must learn it"
}

# ---- published vulnerabilities

upstream_of() { # upstream_of DEBIAN-VERSION -> Unbound's own version
    local upstream=${1#*:}
    printf '%s\n' "${upstream%-*}"
}

# Lines of the table of advisories that concern a version and that the changelog does not name. D-151.
advisories_open() { # advisories_open DEBIAN-VERSION CHANGELOG
    local upstream day cve since fixed what
    upstream=$(upstream_of "$1")
    while IFS=$'\t' read -r day cve since fixed what; do
        [[ $day == 20* ]] || continue
        dpkg --compare-versions "$upstream" lt "$fixed" || continue
        [[ $since == - ]] || dpkg --compare-versions "$upstream" ge "$since" || continue
        grep -qsw "$cve" "$2" || printf '%s\t%s\t%s\t%s\n' "$day" "$cve" "$fixed" "$what"
    done <"$ADVISORIES"
}

# An Unbound that is older than the newest in the table: say so, and which advisories are open.
say_advisories() { # say_advisories DEBIAN-VERSION CHANGELOG
    local newest open
    newest=$(grep '^20' "$ADVISORIES" | cut -f 4 | newest_first | awk 'NR == 1')
    dpkg --compare-versions "$(upstream_of "$1")" lt "$newest" || return 0
    open=$(advisories_open "$1" "$2" | cut -f 2)
    say "Unbound $1 is older than $newest"
    [ -n "$open" ] || return 0
    say "its changelog does not name $(wc -l <<<"$open") published vulnerabilities (see $ADVISORIES):"
    xargs -n 5 <<<"$open" | while read -r open; do say "  $open"; done
}

# ---- build

build_dependencies() { # build_dependencies TREE
    ! (cd "$1" && dpkg-checkbuilddeps) >/dev/null 2>&1 || return 0
    say "installing what Debian says Unbound needs to build"
    apt_install "installing Unbound's build dependencies" build-dep "./$1"
}

clean_env() { env -i PATH="$SAFE_PATH" HOME="${HOME:-/}" LANG=C.UTF-8 "$@"; }

