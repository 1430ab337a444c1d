# For hooks that talk to the Postgres of a stack.

source "$(dirname "${BASH_SOURCE[0]}")/docker.sh"

# Prints the id of the Postgres container that runs; nothing where Docker says that none does. Fails where Docker could not be
# asked for half a minute.
#   $1   the stack's prefix
running_postgres() {
    local deadline=$((SECONDS + 30)) found
    until found=$(docker ps --quiet --no-trunc --filter "label=dating.stack=$1" --filter label=dating.service=postgres); do
        ((SECONDS < deadline)) || return 1
        sleep 0.5
    done
    # The newest comes first.
    printf '%s' "${found%%$'\n'*}"
}
