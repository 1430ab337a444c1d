# shellcheck shell=bash
# The official Pulumi CLI and plugins, as they are.

# Prints the folder to put in front of PATH when an official CLI is there or can be downloaded; fails otherwise.
official_cli_folder() {
    local folder
    folder=$(installed_cli) || folder=$(downloaded_cli) || return 1
    complete_with_plugins "$folder"
}

# The CLI on PATH, unless it is one that was built here.
installed_cli() {
    local program version
    program=$(command -v pulumi) || return 1
    program=$(readlink -f "$program")
    [[ $program != "$cache"/* ]] || return 1
    version=$("$program" version 2>/dev/null) || return 1
    [[ $version =~ ^v3\.([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 200)) || {
        say "pulumi on PATH is $version; 3.200 or newer is needed, so another one is used"
        return 1
    }
    [[ -x $(dirname "$program")/pulumi-language-nodejs ]] || return 1
    dirname "$program"
}

# The pinned release, downloaded once. Nothing is tried when the built one is there already.
downloaded_cli() {
    local platform archive target work base=https://get.pulumi.com/releases/sdk
    platform=$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
    target=$cache/pulumi-v$PULUMI_VERSION-$platform
    if [[ -d $target ]]; then echo "$target"; return; fi
    if [[ ${TOOLCHAIN:-auto} == auto && -d $cache/cli-$(module_key cli) ]]; then return 1; fi

    archive=pulumi-v$PULUMI_VERSION-$platform.tar.gz
    work=$(mktemp -d "$cache/.downloading-XXXXXX")
    say "downloading the Pulumi CLI $PULUMI_VERSION …"
    if fetch "$base/$archive" "$work/$archive" &&
        fetch "$base/pulumi-$PULUMI_VERSION-checksums.txt" "$work/checksums.txt" &&
        (cd "$work" && grep " $archive\$" checksums.txt | sha256sum --check --quiet >&2) &&
        tar -xzf "$work/$archive" -C "$work"; then
        mv -T "$work/pulumi" "$target" 2>/dev/null || true
        rm -rf "$work"
        echo "$target"
    else
        rm -rf "$work"
        say "it cannot be downloaded from here"
        return 1
    fi
}

fetch() {
    command -v curl >/dev/null && curl --fail --silent --show-error --location --connect-timeout 5 --max-time 600 \
        --output "$2" "$1" 2>/dev/null
}

# Prints the CLI's folder once it has its plugins; where one cannot be downloaded, a folder in which built ones stand in.
complete_with_plugins() {
    local folder=$1
    if install_plugin "$folder" docker "$DOCKER_PLUGIN_VERSION" &&
        install_plugin "$folder" random "$RANDOM_PLUGIN_VERSION" &&
        install_plugin "$folder" command "$COMMAND_PLUGIN_VERSION" &&
        install_plugin "$folder" grafana "$GRAFANA_PLUGIN_VERSION" --server github://api.github.com/pulumiverse; then
        echo "$folder"
        return
    fi
    say "the official plugins cannot be downloaded from here"
    local plugins=() module
    for module in bridged-providers own-providers; do plugins+=("$(ensure_module "$module")"); done
    link_programs "$folder" "${plugins[@]}"
}

install_plugin() {
    local folder=$1 name=$2 version=$3
    shift 3
    # A plugin that is there is not asked for: the CLI takes longer to say so than a preview's start.
    [[ -d ${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$name-v$version ]] ||
        timeout 300 "$folder/pulumi" plugin install resource "$name" "$version" "$@" >&2
}
