#!/bin/sh
# Servers of PostgreSQL and MariaDB for tests, each as an unprivileged user, in a folder of its own,
# reached over a socket alone.
#   sh tools/databases.sh start FOLDER   makes and starts those that are installed
#   sh tools/databases.sh stop FOLDER    stops them and removes the folder
# FOLDER/environment then has the variables by which tests find them (tests/testthat/
# helper-servers.R); what could not be started is said, and has none.
set -u
action=${1:-}
folder=${2:-}
case $action in start | stop) ;; *)
  echo "Say start or stop, and a folder."
  exit 2
  ;;
esac
[ -n "$folder" ] || { echo "Say which folder."; exit 2; }

# The first of the paths that can be run.
first_program() {
  for program in "$@"; do
    command -v "$program" && return 0
  done
  return 1
}

# Runs the words after the first as that user, as root; else as who we are.
as_user() {
  user=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
  else
    "$@"
  fi
}

# A folder that belongs to the user, and that others cannot enter
make_place() {
  mkdir -p "$2"
  chmod 700 "$2"
  [ "$(id -u)" -ne 0 ] || chown "$1" "$2"
}

known_user() {
  for user in "$@"; do
    id "$user" >/dev/null 2>&1 && { echo "$user"; return 0; }
  done
}

pg_ctl=$(first_program /usr/lib/postgresql/*/bin/pg_ctl pg_ctl) || pg_ctl=
pg_user=$(known_user postgres nobody)
pg_place=$folder/postgresql
maria_user=$(known_user mysql nobody)
maria_place=$folder/mariadb

start_postgresql() {
  [ -n "$pg_ctl" ] || { echo "PostgreSQL is not installed."; return; }
  make_place "$pg_user" "$pg_place"
  log=$pg_place/log
  if as_user "$pg_user" "${pg_ctl%pg_ctl}initdb" -A trust -U covary -E UTF8 --locale=C -N \
    -D "$pg_place/data" >"$folder/postgresql.log" 2>&1 &&
    as_user "$pg_user" "$pg_ctl" -w -s -D "$pg_place/data" -l "$log" \
      -o "-k $pg_place -c listen_addresses='' -c fsync=off" start >>"$folder/postgresql.log" 2>&1
  then
    echo "COVARY_POSTGRESQL=$pg_place" >>"$folder/environment"
    echo "PostgreSQL runs."
  else
    echo "PostgreSQL does not start:"
    tail -n 5 "$folder/postgresql.log"
  fi
}

start_mariadb() {
  server=$(first_program mariadbd /usr/sbin/mariadbd mysqld /usr/sbin/mysqld) &&
    maker=$(first_program mariadb-install-db mysql_install_db) ||
    { echo "MariaDB is not installed."; return; }
  make_place "$maria_user" "$maria_place"
  socket=$maria_place/socket
  # No passwords: others cannot reach the socket.
  as_user "$maria_user" "$maker" --no-defaults --auth-root-authentication-method=normal \
    --skip-test-db --datadir="$maria_place/data" >"$folder/mariadb.log" 2>&1
  as_user "$maria_user" "$server" --no-defaults --datadir="$maria_place/data" \
    --socket="$socket" --pid-file="$maria_place/pid" --skip-networking \
    --innodb-flush-log-at-trx-commit=0 >>"$folder/mariadb.log" 2>&1 &
  tries=0
  while [ ! -S "$socket" ] && [ $tries -lt 300 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  if [ -S "$socket" ]; then
    echo "COVARY_MARIADB=$socket" >>"$folder/environment"
    echo "MariaDB runs."
  else
    echo "MariaDB does not start:"
    tail -n 5 "$folder/mariadb.log"
  fi
}

if [ "$action" = start ]; then
  mkdir -p "$folder"
  chmod 755 "$folder"
  : >"$folder/environment"
  start_postgresql
  start_mariadb
else
  if [ -n "$pg_ctl" ] && [ -d "$pg_place/data" ]; then
    as_user "$pg_user" "$pg_ctl" -s -m fast -D "$pg_place/data" stop
  fi
  if [ -f "$maria_place/pid" ]; then
    pid=$(cat "$maria_place/pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  fi
  rm -rf "$folder"
fi
