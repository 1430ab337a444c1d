# shellcheck shell=bash
# The official Pulumi CLI and plugins, as they are. A machine that reaches none of their servers is told apart from one
# where a download failed: the first builds them from package registries, the second tries again and then says so.

readonly cli_server=https://get.pulumi.com/releases/sdk
readonly tries=3
# Seconds before the second try; twice as long before the third.
readonly try_pause=${TOOLCHAIN_TRY_PAUSE:-5}

# Prints the folder to put in front of PATH.
official_folder() {
    local folder downloaded=
    if ! folder=$(installed_cli); then
        folder=$cache/pulumi-v$PULUMI_VERSION-$(platform)
        if [[ ! -d $folder ]]; then
            [[ ! -d $cache/built-here || $mode == official ]] || exec "$builder"
            reaches "$cli_server" || without_internet "the Pulumi CLI's server"
            download_cli "$folder"
        fi
        downloaded=true
    fi
    if ! plugins_installed; then
        if [[ -d $cache/built-here && $mode != official && ! $downloaded ]]; then
            say_once "the official Pulumi CLI is used, and the plugins that were built here: they could not be downloaded." \
                "With TOOLCHAIN=official the official ones are asked for again"
            exec "$builder" plugins
        fi
        install_plugins "$folder" "$downloaded"
    fi
    echo "$folder"
}

# Where nothing of the official parts can be reached, all of them are built, and the network is not asked again.
without_internet() {
    [[ $mode != official ]] || die "$1 cannot be reached, and TOOLCHAIN=official asks for the official parts"
    say "$1 cannot be reached from here: building from package registries instead"
    exec "$builder" "${@:2}"
}

# The CLI on PATH, unless it is one that was built here.
installed_cli() {
    local program version
    program=$(command -v pulumi) || return 1
    program=$(follow_links "$program")
    [[ $program != "$cache"/* ]] || return 1
    version=$("$program" version 2>/dev/null) || return 1
    [[ $version =~ ^v3\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 200)) || {
        say "pulumi on PATH is $version; 3.200 or newer, and not 4, is needed, so another one is used"
        return 1
    }
    [[ -x $(dirname "$program")/pulumi-language-nodejs ]] || {
        say "pulumi on PATH ($program) has no pulumi-language-nodejs beside it, so another one is used"
        return 1
    }
    [[ " $TESTED_PULUMI_VERSIONS " == *" ${version#v} "* ]] ||
        say_once "pulumi on PATH is $version; what was tested is ${TESTED_PULUMI_VERSIONS// / and }"
    dirname "$program"
}

# What `readlink -f` prints, which older macOS does not have.
follow_links() {
    local path=$1 target
    while [[ -L $path ]]; do
        target=$(readlink "$path")
        [[ $target == /* ]] || target=$(dirname "$path")/$target
        path=$target
    done
    echo "$(cd -P "$(dirname "$path")" && pwd)/$(basename "$path")"
}

# Compares files with lines of "SHA256  NAME" on standard input; macOS brings another program for it.
check_sha256() {
    if command -v sha256sum >/dev/null; then sha256sum --check --status; else shasum --algorithm 256 --check --status; fi
}

platform() { echo "$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')"; }

# The pinned release, verified against its published checksums.
download_cli() {
    local target=$1 work try archive
    archive=pulumi-v$PULUMI_VERSION-$(platform).tar.gz
    work=$(mktemp -d "$cache/.downloading-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    command -v curl >/dev/null || die "curl is missing: install it, or the Pulumi CLI (https://www.pulumi.com/docs/install/)"
    say "downloading the Pulumi CLI $PULUMI_VERSION …"
    for ((try = 1; try <= tries; try++)); do
        if fetch "$archive" "$work" && fetch "pulumi-$PULUMI_VERSION-checksums.txt" "$work" &&
            (cd "$work" && grep " $archive\$" "pulumi-$PULUMI_VERSION-checksums.txt" | check_sha256) &&
            tar -xzf "$work/$archive" -C "$work"; then
            # Somebody else may have been quicker.
            mv "$work/pulumi" "$target" 2>/dev/null || true
            return
        fi
        ((try == tries)) || sleep $((try * try_pause))
    done
    die "$cli_server/$archive cannot be downloaded ($tries tries), though its server answers. Try again, or install" \
        "the Pulumi CLI: https://www.pulumi.com/docs/install/"
}

fetch() {
    curl --fail --silent --show-error --location --connect-timeout 5 --max-time 600 --output "$2/$1" "$cli_server/$1"
}

# Lines of "NAME VERSION [OPTION …]".
official_plugins() {
    cat <<END
docker $DOCKER_PLUGIN_VERSION
random $RANDOM_PLUGIN_VERSION
command $COMMAND_PLUGIN_VERSION
grafana $GRAFANA_PLUGIN_VERSION --server github://api.github.com/pulumiverse
END
}

# Whether the CLI finds every plugin: in its own folder or, before that, on PATH, as where a package manager put it there.
# The CLI itself takes longer to say so than a preview takes to start.
plugins_installed() {
    local name version found _
    while read -r name version _; do
        found=$(command -v "pulumi-resource-$name") || found=
        if [[ $found && $(follow_links "$found") != "$cache"/* ]]; then
            say_once "the plugin $name is $found, as the CLI prefers what is on PATH; it has to be version $version," \
                "which nobody checks"
            continue
        fi
        [[ -d ${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$name-v$version ]] || return 1
    done < <(official_plugins)
}

# install_plugins FOLDER WORKED: WORKED says that something else could be downloaded from here.
install_plugins() {
    local folder=$1 worked=$2 name version options try
    while read -r name version options; do
        for ((try = 1; try <= tries; try++)); do
            # shellcheck disable=SC2086
            if bounded 300 "$folder/pulumi" plugin install resource "$name" "$version" $options </dev/null >&2; then
                worked=true
                continue 2
            fi
            [[ $worked ]] || reaches https://api.github.com/ || without_internet "the Pulumi plugins' server" plugins
            ((try == tries)) || sleep $((try * try_pause))
        done
        die "the plugin $name $version cannot be downloaded ($tries tries). Try again, or install it yourself:" \
            "pulumi plugin install resource $name $version $options"
    done < <(official_plugins)
}
