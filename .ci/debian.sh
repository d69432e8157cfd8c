# Functions that install Debian packages. Sourced by bash scripts.

export DEBIAN_FRONTEND=noninteractive

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        echo "neither root nor sudo: cannot run: $*" >&2
        return 1
    fi
}

step() {
    printf '\n==> %s\n' "$*"
}

has() {
    command -v "$1" > /dev/null
}

# Installs packages without starting their services.
install_without_starting() {
    local policy=/usr/sbin/policy-rc.d status=0 ours=false
    if [[ ! -e $policy ]]; then
        ours=true
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" > /dev/null
        as_root chmod 755 "$policy"
    fi
    as_root apt-get install --yes --no-install-recommends "$@" || status=$?
    if $ours; then
        as_root rm -f "$policy"
    fi
    return "$status"
}

# Installs the given packages, if any.
install_missing() {
    if (($#)); then
        step "Debian packages: $*"
        as_root apt-get update
        install_without_starting "$@"
    fi
}
