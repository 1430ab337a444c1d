#!/usr/bin/env bash
# The throw-away server in which the backup service restores what it has backed up. It asks that service what to be:
#   dump   an empty server, to which only the role of the backups can log in
#   files  one on the files that were restored to /verify/data, which gets its log from the backup service
#   none   none; what there was is thrown away
# It is Postgres's restore_command, too: `wal NAME PATH`. What makes it needs the `bash` that every official image of Postgres has.
set -uo pipefail

# One line to the backup service, one back.
ask() {
  timeout "$1" bash -c 'exec 3<>/dev/tcp/backup/9104 && printf "%s\n" "$1" >&3 && IFS= read -r answer <&3 && printf "%s\n" "$answer"' \
    ask "$2" 2>/dev/null
}

if [[ ${1-} = wal ]]; then
  answer=$(ask 3600 "wal $2 $3") || answer="failed: the backup service does not answer"
  case $answer in
    ok) exit 0 ;;
    missing) exit 1 ;;
    # Above 125, Postgres stops, and does not take the log for ended.
    *) echo "$2: $answer" >&2 && exit 200 ;;
  esac
fi

readonly made=/tmp/verify restored=/verify/data
server='' order=none state=idle

# It may be lost at any time, writes nothing elsewhere, and needs little memory.
readonly settings=(
  -c listen_addresses='*' -c archive_mode=off -c hot_standby=off -c autovacuum=off
  -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_wal_size=256MB
  -c shared_buffers=32MB -c maintenance_work_mem=32MB -c shared_preload_libraries=
  -c restore_command="bash $0 wal %f %p"
)

start() {
  local data=$restored
  if [[ $1 = dump ]]; then
    data=$made
    rm -rf "$data"
    initdb --pgdata="$data" --username="$PGUSER" --pwfile=/run/secrets/backup_password --auth=scram-sha-256 --no-sync >/dev/null || return
    echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  fi
  # Behind all else that wants the processor.
  nice -n 19 postgres -D "$data" "${settings[@]}" &
  server=$!
}

stop() {
  if [[ $server ]]; then
    kill -QUIT "$server" 2>/dev/null
    wait "$server"
    server=''
  fi
  rm -rf "$made"
}

trap 'stop; exit 0' TERM INT
# What was there when the host lost its power is people's data.
rm -rf "$made"

while true; do
  touch /tmp/alive
  wanted=$(ask 15 "am $state") || wanted=none
  if [[ $wanted != "$order" ]]; then
    stop
    order=$wanted state=idle
    if [[ $order = dump || $order = files ]]; then
      start "$order" && state="serving $order" || state=ended
      continue
    fi
  fi
  if [[ $server ]] && ! kill -0 "$server" 2>/dev/null; then
    state=ended
  fi
  pause=5
  [[ $order = none ]] || pause=1
  sleep "$pause" &
  wait $!
done
