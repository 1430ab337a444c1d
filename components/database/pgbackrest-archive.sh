#!/usr/bin/env bash
# Postgres's archive_command: asks the backup service, which has pgBackRest, to archive a file of the write-ahead log, and
# succeeds when it is in the repository. pgBackRest refuses to work where its name is not in the command, so it is in this one's.
#   $1  the file's name
#   $2  how many files may wait. Of more, the oldest is given up: Postgres would keep all of them until the disk is full, and stop.
# It runs in the folder with the data. https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-ARCHIVING-WAL
set -uo pipefail

readonly file=$1 limit=$2
# What is left of the disk, in KiB, below which nothing may wait either.
readonly least=$((1024 * 1024))
# Seconds that a service gets which a deploy is replacing: Postgres would have its third refusal within three, and ask again in a minute.
readonly patience=20

look() {
  waiting=(pg_wal/archive_status/*.ready)
  free=$(df -Pk . | awk 'END { print $4 }')
}

too_many() {
  ((${#waiting[@]} > limit || (${#waiting[@]} > 2 && free < least)))
}

# https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/utils/pidfile.h
stops() {
  [[ $(sed -n 8p postmaster.pid 2>/dev/null) != ready* ]]
}

ask='{ exec 3<>/dev/tcp/backup/9102; } || exit 2
  printf "%s\n" "$1" >&3 && IFS= read -r answer <&3 && [[ $answer = ok ]]'
while true; do
  # While Postgres stops it tries three times, and has a minute for that before Docker ends it.
  timeout 15 bash -c "$ask" ask "$file" 2>/dev/null && exit 0
  answered=$?
  look
  ((answered == 2 && SECONDS < patience)) && ! too_many && ! stops || break
  sleep 0.5
done

if too_many; then
  echo "$file is given up: ${#waiting[@]} files wait for the backup service, and $((free / 1024)) MiB of the disk are free" >&2
  exit 0
fi
echo "$file waits, as ${#waiting[@]} files do: the backup service does not archive it" >&2
exit 1
