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
    local folder=$1 programs=() module
    if plugins_installed || { ! stand_ins_built && install_plugins "$folder"; }; then
        echo "$folder"
        return
    fi
    if ! stand_ins_built; then
        say "the official plugins cannot be downloaded from here"
        [[ ${TOOLCHAIN:-auto} == auto ]] || exit 1
    fi
    # A folder that is not ours may be /usr/local/bin, and is on PATH anyway.
    [[ $folder != "$cache"/* ]] || programs=("$folder")
    for module in "${stand_ins[@]}"; do programs+=("$(ensure_module "$module")") || exit 1; done
    link_programs "${programs[@]}"
}

readonly stand_ins=(bridged-providers own-providers)

# Whether the built plugins are there already, so that the network is not asked again for the official ones.
stand_ins_built() {
    local module
    [[ ${TOOLCHAIN:-auto} == auto ]] || return 1
    for module in "${stand_ins[@]}"; do [[ -d $cache/$module-$(module_key "$module") ]] || return 1; done
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

# The CLI itself takes longer to say so than a preview takes to start.
plugins_installed() {
    local name version _
    while read -r name version _; do
        [[ -d ${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$name-v$version ]] || return 1
    done < <(official_plugins)
}

install_plugins() {
    local folder=$1 name version options
    while read -r name version options; do
        # shellcheck disable=SC2086
        timeout 300 "$folder/pulumi" plugin install resource "$name" "$version" $options </dev/null >&2 || return 1
    done < <(official_plugins)
}
