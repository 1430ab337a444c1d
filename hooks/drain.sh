#!/usr/bin/env bash
# Takes a container out of service before it is stopped: its health check fails from now on, so the edge stops sending
# it requests. Does nothing for a container that is gone or does not run.
#   CONTAINER    id of the container
#   DRAIN_FILE   the file whose existence fails the health check
set -euo pipefail

# Traefik applies changes at most every 2 seconds (providers.providersThrottleDuration).
readonly edge_delay=2.5
# The health check's interval times its retries, and some more.
readonly limit=60

health() {
    docker inspect --format '{{.State.Status}}/{{.State.Health.Status}}' "$CONTAINER" 2>/dev/null || echo gone
}

[[ $(health) == running/* ]] || exit 0
[[ $(health) != running/unhealthy ]] || exit 0
docker exec --user 0 "$CONTAINER" touch "$DRAIN_FILE"

deadline=$((SECONDS + limit))
while [[ $(health) == running/healthy || $(health) == running/starting ]]; do
    if ((SECONDS >= deadline)); then
        echo "$CONTAINER still passes its health check $limit seconds after it was marked for draining" >&2
        exit 1
    fi
    sleep 0.25
done
sleep "$edge_delay"
