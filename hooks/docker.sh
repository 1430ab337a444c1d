# For hooks in bash: over SSH, the Docker CLI waits for its turn, as sshd has few sessions.
docker() {
    if [[ ${DOCKER_HOST-} == ssh://* ]]; then
        node --disable-warning=ExperimentalWarning "$(dirname "${BASH_SOURCE[0]}")/docker-in-turn.mts" "$@"
    else
        command docker "$@"
    fi
}
