#!/usr/bin/env bash
# The states of earlier deploys name this file in what they run when their containers are replaced.
set -euo pipefail
exec node --disable-warning=ExperimentalWarning "$(dirname "$0")/drain.mts"
