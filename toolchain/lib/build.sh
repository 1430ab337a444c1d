# shellcheck shell=bash
# Builds Go modules into the cache, once for each content.

readonly minimum_go=1.26

# Prints the key of a module: it changes with its sources, its flags and what compiles it.
module_key() {
    (
        cd "$root/$1"
        { go_version; uname -sm; find . -type f ! -name README.md ! -name '*_test.go' -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum | cut -c1-16
    )
}

# go's own start is most of the time of a set-up that has nothing to do, so its answer is kept beside its program.
go_version() {
    local go
    go=$(command -v go) || { echo "no go"; return; }
    stat -L -c '%n %s %Y' "$go" 2>/dev/null || stat -L -f '%N %z %m' "$go"
}

# Prints the folder with a module's programs, building them where they are not there.
ensure_module() {
    local module=$1 target
    [[ -f $root/$module/packages ]] || die "there is no $module: $(cd "$root" && echo services/*)"
    target=$cache/${module//\//-}-$(module_key "$module")
    if [[ ! -d $target ]]; then
        # Two checkouts may want the same at once; the second then finds it done.
        exec {lock}>"$target.lock"
        flock "$lock"
        [[ -d $target ]] || build_module "$module" "$target" >&2
        exec {lock}>&-
        rm -f "$target.lock"
    fi
    echo "$target"
}

build_module() {
    local module=$1 target=$2 begin=$SECONDS work output ldflags=""
    require_go
    say "building $module from Go modules (minutes, once) …"
    work=$(mktemp -d "$cache/.building-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    cp -R "$root/$module/." "$work/source"
    mkdir "$work/out"
    output=$work/out/
    # A service is one program, named after its folder, whatever its package is called.
    [[ $module != services/* ]] || output+=${module#services/}
    [[ ! -f $work/source/ldflags ]] || ldflags=$(<"$work/source/ldflags")
    # Explicitly joined by &&: a shell does not stop at errors inside a condition, and an empty folder would be kept.
    if ! compile "$work" "-s -w $ldflags" "$output" >"$work/log" 2>&1; then
        grep -v '^go: downloading' "$work/log" | tail -n 30 >&2
        die "building $module failed after $((SECONDS - begin)) s"
    fi
    mv "$work/out" "$target"
    say "built $module in $((SECONDS - begin)) s, $(du -sh "$target" | cut -f1): $target"
}

compile() {
    local work=$1 ldflags=$2 output=$3
    (
        cd "$work/source" && export CGO_ENABLED=0 GOWORK=off &&
            # What a module generates from its dependencies is not committed. Without the build's own flags, Go would
            # compile every dependency twice.
            { [[ ! -d cmd/generate ]] || go run -mod=readonly -trimpath ./cmd/generate; } &&
            xargs go build -mod=readonly -trimpath -ldflags "$ldflags" -o "$output" <packages &&
            { [[ ! -f files ]] || copy_files "$work/out" <files; }
    )
}

# Copies files that a dependency brings beside its programs: lines of "MODULE PATH".
copy_files() {
    local dependency path folder
    while read -r dependency path; do
        folder=$(go list -mod=readonly -m -f '{{.Dir}}' "$dependency") &&
            install -m 755 "$folder/$path" "$1/" || return 1
    done
}

require_go() {
    local found
    found=$(go env GOVERSION 2>/dev/null) || found=none
    if [[ $found == none || $(printf '%s\n' "go$minimum_go" "$found" | sort -V | head -n 1) != "go$minimum_go" ]]; then
        die "the official Pulumi CLI and plugins cannot be downloaded from here, and building them needs Go" \
            "$minimum_go or newer (found: $found). Install Go from https://go.dev/dl, or the Pulumi CLI from" \
            "https://www.pulumi.com/docs/install/"
    fi
}

# Prints a folder with all that a deploy needs, built here.
built_bin_folder() {
    local module folders=()
    for module in "${modules[@]}"; do folders+=("$(ensure_module "$module")"); done
    link_programs "${folders[@]}"
}

# Prints a folder that holds the programs of all the given ones. Hard links: the CLI looks for its language hosts
# beside itself, and follows symbolic links first.
link_programs() {
    local target work folder
    target=$cache/bin-$({ declare -f link_programs; printf '%s\n' "$@"; } | sha256sum | cut -c1-16)
    if [[ ! -d $target ]]; then
        work=$(mktemp -d "$cache/.linking-XXXXXX")
        for folder in "$@"; do cp -l "$folder"/* "$work/"; done
        # Somebody else may have been quicker.
        mv -T "$work" "$target" 2>/dev/null || rm -rf "$work"
    fi
    echo "$target"
}
