#!/usr/bin/env bash
# Waits until a container is healthy. When it does not become so in time, or dies, fails with its last log lines.
#   CONTAINER        id of the container
#   HEALTH_TIMEOUT   seconds that it may take
set -euo pipefail

state() {
    docker inspect --format \
        '{{.Name}} {{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' "$CONTAINER"
}

fail() {
    echo "${name#/} $1. Its last log lines:"
    docker logs --tail 20 "$CONTAINER" 2>&1 | sed 's/^/    /'
    echo "Its last health checks:"
    docker inspect --format '{{range .State.Health.Log}}    exit {{.ExitCode}}: {{.Output}}{{println}}{{end}}' "$CONTAINER" |
        grep -v '^$' | tail -n 3
    exit 1
} >&2

# A dozen of these wait at once, beside what they wait for, and each look costs processor time: so the Docker Engine says
# when to look. What it said in the last minute is heard again, as it may have been said before it was listened to.
exec 3< <(exec docker events --since 1m --format '{{.Action}}' \
    --filter "container=$CONTAINER" --filter event=health_status --filter event=die 2>/dev/null)
listener=${!:-}
trap 'kill "$listener" 2>/dev/null || true' EXIT
# Looks by itself, too, after so many seconds.
readonly patience=5

deadline=$((SECONDS + HEALTH_TIMEOUT))
before=
while true; do
    read -r name status restarts health < <(state) || {
        echo "Container $CONTAINER is gone" >&2
        exit 1
    }
    case $health in
        healthy) exit 0 ;;
        none) fail "has no health check" ;;
    esac
    [[ $status != exited && $status != dead ]] || fail "has stopped"
    # A container that was given another memory limit is the same as before, with the restarts of its worse days.
    before=${before:-$restarts}
    ((restarts - before < 3)) || fail "was restarted $((restarts - before)) times"
    left=$((deadline - SECONDS))
    ((left > 0)) || fail "did not become healthy within $HEALTH_TIMEOUT seconds ($health)"
    read -r -t $((left < patience ? left : patience)) -u 3 _ || (($? > 128)) || sleep 1
done
