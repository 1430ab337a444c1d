# shellcheck shell=bash
# What is asked of the network, and of a command that may never answer.

# Bounds a command where `timeout` exists (macOS has none): a server or a hung engine may never answer.
bounded() {
    local seconds=$1
    shift
    if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

# Whether a server answers at all, with whatever: an HTTP error is an answer. Node.js asks where there is no curl: a machine
# without it is not one without the internet.
reaches() {
    if command -v curl >/dev/null; then
        curl --silent --output /dev/null --head --connect-timeout 5 --max-time 20 "$1"
    else
        node -e 'fetch(process.argv[1], { method: "HEAD", signal: AbortSignal.timeout(20_000) }).catch(() => process.exit(1))' "$1"
    fi
}
