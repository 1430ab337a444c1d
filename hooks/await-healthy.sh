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
    ((SECONDS < deadline)) || fail "did not become healthy within $HEALTH_TIMEOUT seconds ($health)"
    sleep 0.25
done
