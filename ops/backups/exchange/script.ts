/**
 * What is done to volumes in a container that has each of them at /volumes/NAME: `bash -c SCRIPT - COMMAND ARGUMENT…`
 *
 * Everything that is not in use is below the folder `.restore` in a volume's root. A set is a folder there with
 *   data    what is, or was, in the volume's root
 *   root    an empty folder with the owner, the permissions and the time of the volume's root
 *   about   why it is there, in JSON
 * `part` is being unpacked. `new-TIME` is complete. One whose name is a time was in use until then. An exchange renames what is
 * in use into `leaving`; when that is all of it, `leaving` becomes `left`, and the set that comes is renamed into place; when
 * that is all of it, `left` gets its time. Whenever it is ended, the same command goes on with it.
 */
export const exchangeScript = String.raw`
set -euo pipefail
shopt -s nullglob
cd /volumes

# The second folder gets the owner, the permissions and the time of the first.
alike() { chown --reference="$1" "$2"; chmod --reference="$1" "$2"; touch --reference="$1" "$2"; }

# Renames everything in a folder into another one.
move() { find "$1" -mindepth 1 -maxdepth 1 ! -name .restore -exec mv --target-directory "$2" {} +; }

# Free bytes and inodes of each volume, its filesystem, and what is in its folder.
look() {
  for volume in *; do
    echo "space $volume $(stat --format %d "$volume") $(stat --file-system --format '%a %S %c %d' "$volume")"
    for folder in "$volume"/.restore/*; do
      about=
      [ ! -e "$folder/about" ] || about=$(cat "$folder/about")
      echo "set $volume $(basename "$folder") $about"
    done
  done
}

# VOLUME ENTRIES SET: unpacks standard input, and fails where that is not so many files, folders and links.
unpack() {
  cd "$1"
  if [ ! -e .restore ]; then
    time=$(stat --format %y .)
    mkdir --mode 0700 .restore
    touch --date "$time" .
  fi
  cd .restore
  rm -rf part
  mkdir -p part/data part/root
  zstd --decompress --stdout |
    tar --extract --numeric-owner --same-permissions --xattrs --exclude ./.restore --directory part/data
  found=$(find part/data -printf . | wc --bytes)
  [ "$found" = "$2" ] || { echo "$1: $2 files expected, $found unpacked" >&2; exit 1; }
  if [ -e ../PG_VERSION ] && ! cmp --silent ../PG_VERSION part/data/PG_VERSION; then
    echo "$1: the stack's files are of Postgres $(cat ../PG_VERSION), and the archive's are not" >&2
    exit 1
  fi
  alike part/data part/root
  sync --file-system .
  mv --no-target-directory part "$3"
}

# ABOUT ID COMING: in every volume, the set COMING comes into use, and what is in use becomes the set ID.
exchange() {
  for volume in *; do (
    cd "$volume/.restore"
    if [ -e "$2" ]; then
      rm -rf gone
      exit 0
    fi
    if [ ! -e leaving ] && [ ! -e left ]; then
      [ -e "$3/root" ] || { echo "$volume has no $3 to put in place" >&2; exit 1; }
      rm -rf begun
      mkdir -p begun/data begun/root
      alike .. begun/root
      echo "$1" >begun/about
      mv --no-target-directory begun leaving
    fi
    if [ -e leaving ]; then
      move .. leaving/data
      mv --no-target-directory leaving left
    fi
    if [ -e "$3" ]; then
      if [ -e "$3/data" ]; then
        move "$3/data" ..
        # Fails where something is left.
        rmdir "$3/data"
      fi
      alike "$3/root" ..
      rm -rf gone
      mv --no-target-directory "$3" gone
    fi
    sync --file-system .
    mv --no-target-directory left "$2"
    rm -rf gone
    sync --file-system .
  ) done
}

# NAME…: these sets go, each at once for whoever looks, and what was staged.
remove() {
  for volume in *; do
    [ -e "$volume/.restore" ] || continue
    (
      cd "$volume/.restore"
      rm -rf gone begun
      for name in part new-* "$@"; do
        [ -e "$name" ] || continue
        mv --no-target-directory "$name" gone
        rm -rf gone
      done
      cd ..
      time=$(stat --format %y .)
      rmdir --ignore-fail-on-non-empty .restore
      touch --date "$time" .
    )
  done
}

# Bytes of all that is not in use.
size() {
  set -- */.restore
  [ $# = 0 ] || du --summarize --block-size 1 --total "$@" | tail --lines 1 | cut --fields 1
}

"$@"
`;
