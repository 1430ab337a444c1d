#!/usr/bin/env bash
# Gives Grafana's administrator the stack's password. Grafana reads the one in its environment when its volume is new and
# never again: a volume that was adopted or restored brings another. Safe to run at any time.
#   CONTAINER        id of Grafana's container, which is healthy
#   standard input   the password
set -euo pipefail
source "$(dirname "$0")/docker.sh"

if ! said=$(docker exec --user grafana --interactive "$CONTAINER" \
    grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin 2>&1); then
    echo "Grafana does not take the password of its administrator:" >&2
    echo "$said" >&2
    exit 1
fi
# What was refused before says nothing any more (components/monitoring/grafana/password.ts).
rm -f "${TMPDIR:-/tmp}/dating-grafana-refused-$(id -u)-"*
