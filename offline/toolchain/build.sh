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

# What a module's folder may say beside its Go files, each in a file of that name: `packages` (what to build), `ldflags`,
# `gcflags`, `tags`, `overlay` (below), `files` (copied from dependencies), and `debian-packages` (what C code in it is compiled with).
build_module() {
    local module=$1 target=$2 begin=$SECONDS work output
    require_go
    [[ ! -f $root/$module/debian-packages ]] || require_debian_packages $(<"$root/$module/debian-packages")
    say "building $module from Go modules (minutes, once) …"
    work=$(mktemp -d "$cache/.building-XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    cp -R "$root/$module/." "$work/source"
    mkdir "$work/out"
    output=$work/out/
    # The one program of a service is named after its folder, whatever its package is called; several keep their names.
    [[ $module != services/* || $(wc -l <"$work/source/packages") -gt 1 ]] || output+=${module#services/}
    # Explicitly joined by &&: a shell does not stop at errors inside a condition, and an empty folder would be kept.
    if ! compile "$work" "$output" >"$work/log" 2>&1; then
        grep -v '^go: downloading' "$work/log" | tail -n 30 >&2
        die "building $module failed after $((SECONDS - begin)) s"
    fi
    mv "$work/out" "$target"
    say "built $module in $((SECONDS - begin)) s, $(du -sh "$target" | cut -f1): $target"
}

compile() {
    local work=$1 output=$2 options=()
    (
        cd "$work/source" || exit
        # shellcheck source=go.env
        source "$root/go.env"
        [[ ! -f debian-packages ]] || CGO_ENABLED=1
        [[ ! -f gcflags ]] || options+=(-gcflags "$(<gcflags)")
        [[ ! -f tags ]] || options+=(-tags "$(<tags)")
        true &&
            { [[ ! -f overlay ]] || { overlay <overlay && options+=(-modfile=build.mod); }; } &&
            # What a module generates from its dependencies is not committed.
            { [[ ! -d cmd/generate ]] || go run "${options[@]}" ./cmd/generate; } &&
            xargs go build -ldflags "-s -w $(cat ldflags 2>/dev/null)" "${options[@]}" \
                -o "$output" <packages &&
            { [[ ! -f files ]] || copy_files "$work/out" <files; }
    )
}

# Builds with copies of dependencies in which files or whole folders are others: lines of "MODULE FILE-OR-FOLDER PATH", of
# "MODULE - PATH" for one that is left out, and of "MODULE -TEXT PATH" for its lines with that text. What is put in is what a
# release has and its module has not, or takes the place of a client of some cloud, which no machine that builds reaches and
# which would be most of what it compiles. The rest of a copy is what go.sum says.
overlay() {
    local dependency source path folder
    cp go.mod build.mod && cp go.sum build.sum || return 1
    while read -r dependency source path; do
        if [[ ! -d overlaid/$dependency ]]; then
            folder=$(go mod download -json "$dependency" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') &&
                mkdir -p "overlaid/$dependency" && cp -R "$folder/." "overlaid/$dependency" &&
                chmod -R u+w "overlaid/$dependency" &&
                go mod edit -replace "$dependency=./overlaid/$dependency" build.mod || return 1
        fi
        path=overlaid/$dependency/$path
        case $source in
            -) rm "$path" || return 1 ;;
            -*) grep -qF -e "${source#-}" "$path" && sed -i "\|${source#-}|d" "$path" || return 1 ;;
            *) rm -rf "$path" && mkdir -p "$(dirname "$path")" && cp -R "$source" "$path" || return 1 ;;
        esac
    done
}

# Copies files that a dependency brings beside its programs: lines of "MODULE PATH".
copy_files() {
    local dependency path folder
    while read -r dependency path; do
        folder=$(go list -mod=readonly -m -f '{{.Dir}}' "$dependency") &&
            install -m 755 "$folder/$path" "$1/" || return 1
    done
}

require_debian_packages() {
    local missing=() package
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]} == 0)) || "$root/../../setup/apt-install" "${missing[@]}" >&2
}

# GOTOOLCHAIN counts: a Go that is told to be a newer one is that.
has_go() {
    local found
    found=$(go env GOVERSION 2>/dev/null) || return 1
    [[ $(printf '%s\n' "go$minimum_go" "$found" | sort -V | head -n 1) == "go$minimum_go" ]]
}

require_go() {
    if ! has_go; then
        die "the official Pulumi CLI and plugins cannot be downloaded from here, and building them needs Go" \
            "$minimum_go or newer (found: $(go env GOVERSION 2>/dev/null || echo none)). Install Go from https://go.dev/dl, or the Pulumi CLI from" \
            "https://www.pulumi.com/docs/install/"
    fi
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
