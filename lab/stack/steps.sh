# SPDX-License-Identifier: Apache-2.0
# The steps that states are made of. Sourced by lab/states/*; everything here runs inside the lab as root.

STACK=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
APP=/opt/advakod
COMPOSE_FILE=$APP/docker-compose.prod.yml
SITE_URL=https://advacodex.com
DATABASE=advakod_db
BACKUPS=/var/backups/advakod
LOGS=/run/advakod-lab  # what each step printed
DIGEST_FILE=/var/lib/faultbak/digest
mkdir -p "$LOGS"

# --- saying and waiting ---------------------------------------------------------------------------------------

began=$(date +%s.%N)
report() { awk -v a="$began" -v b="$(date +%s.%N)" -v what="$1" 'BEGIN { printf "  %5.1f s  %s\n", b - a, what }' >&2; }

# step NAME COMMAND...: runs it with its output kept; shows that only where it fails.
step() {
  local name=$1 log status
  shift
  log=$LOGS/${name// /-}.log
  # Not in an `if`: there a failing command would not end the step.
  set +e
  (set -e; "$@") >"$log" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    report "$name"
    return
  fi
  printf 'lab: the step "%s" failed:\n' "$name" >&2
  tail -n 20 "$log" >&2
  return 1
}

wait_for() {
  local seconds=$1 tries
  shift
  for ((tries = seconds * 10; tries > 0; tries--)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "not within $seconds s: $*"
  return 1
}

# --- PostgreSQL -----------------------------------------------------------------------------------------------

psql_host() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# The cluster 15/main of the host, as the administrator of the seed set it up: on all addresses, and the networks of
# Docker in pg_hba.conf.
make_cluster() {
  pg_createcluster --locale C.UTF-8 --encoding UTF8 15 main -- --no-sync
  pg_conftool 15 main set listen_addresses '*'
  local network
  for network in 17 18 19 20; do
    echo "host $DATABASE advakod 172.$network.0.0/16 scram-sha-256"
  done >>/etc/postgresql/15/main/pg_hba.conf
  systemctl daemon-reload  # Debian's generator makes the unit of the cluster
  systemctl start postgresql@15-main
}

# fill_database COMMAND...: COMMAND is a psql that reads standard input as the superuser, database last.
fill_database() {
  "$@" postgres <"$STACK/sql/roles.sql"
  "$@" "$DATABASE" <"$STACK/sql/data.sql"
}

finish_database() {
  runuser -u postgres -- vacuumdb -q --analyze "$DATABASE"
  runuser -u postgres -- /usr/local/bin/advakod-backup
}

# What faults and lab/health compare with: one number for the content of all messages.
DIGEST_QUERY="select md5(string_agg(md5(m::text), '' order by id)) from chat_messages m"
digest_of_messages() { psql_host -d "$DATABASE" -c "$DIGEST_QUERY"; }

make_database() {
  make_cluster
  fill_database psql_host -d
  digest_of_messages >"$DIGEST_FILE"
  finish_database
}

# --- Docker ---------------------------------------------------------------------------------------------------

# One image for all: there is no registry to pull from. /usr comes from the host, by every service's volumes; the rest
# is what a program looks for in /etc.
make_images() {
  local tree name
  tree=$(mktemp -d)
  mkdir -p "$tree"/{dev,proc,sys,run,etc,var/lib,var/log,data,app,root,home,site} "$tree/qdrant"
  mkdir "$tree/tmp" "$tree/var/tmp"
  chmod 1777 "$tree/tmp" "$tree/var/tmp"
  for name in bin sbin lib lib32 lib64; do
    if [[ -L /$name ]]; then ln -s "$(readlink "/$name")" "$tree/$name"; fi
  done
  (cd /etc && cp -a --parents passwd group login.defs pam.conf pam.d security nsswitch.conf host.conf ld.so.cache ld.so.conf ld.so.conf.d services protocols \
    alternatives ssl/certs ssl/openssl.cnf python3* perl postgresql-common debian_version mime.types "$tree/etc/")
  tar -C "$tree" -c . | docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' -c 'ENV LANG=C.UTF-8' - \
    advakod/backend:latest
  for name in advakod/frontend:latest redis:7-alpine qdrant/qdrant:v1.11.0 postgres:15; do
    docker tag advakod/backend:latest "$name"
  done
  rm -rf "$tree"
}

compose() { (cd "$APP" && docker-compose -p advakod -f docker-compose.prod.yml "$@"); }

# edit_compose OLD NEW: the first occurrence, which must be there.
edit_compose() {
  python3 - "$COMPOSE_FILE" "$1" "$2" <<'PY'
import sys
path, old, new = sys.argv[1:]
with open(path) as file:
    text = file.read()
if old not in text:
    sys.exit(f"{path} has no {old!r}")
with open(path, "w") as file:
    file.write(text.replace(old, new, 1))
PY
}

# make_collection NAME POINTS: in the volume, as the stand-in of Qdrant keeps it.
make_collection() {
  local folder
  folder=$(docker volume inspect -f '{{.Mountpoint}}' advakod_qdrant_data)/collections/$1
  mkdir -p "$folder"
  printf '{"points": %s, "status": "green"}\n' "$2" >"$folder/state.json"
}

make_volumes() {
  docker volume create --label com.docker.compose.project=advakod --label com.docker.compose.volume=qdrant_data \
    advakod_qdrant_data
}

redis() { docker exec advakod_redis redis-cli -e "$@"; }  # -e: an error is an error
redis_is_ready() { [[ $(redis ping) == PONG ]]; }

fill_redis() {
  wait_for 10 redis_is_ready
  redis set app:settings v1
  local number
  for number in 1 2 3; do redis set "app:feature:$number" on; done
  redis save
}

# --- network --------------------------------------------------------------------------------------------------

make_firewall() {
  local port network
  for port in 22 80 443; do ufw allow "$port/tcp"; done
  for network in 17 18 19 20; do ufw allow from "172.$network.0.0/16" to any port 5432 proto tcp; done
  ufw --force enable
}

site_answers() { [[ $(curl -s -o /dev/null -m 4 -w '%{http_code}' "$SITE_URL$1") == "$2" ]]; }

container_health() { docker inspect -f '{{.State.Health.Status}}' "$1"; }
has_health() { [[ $(container_health "$1") == "$2" ]]; }
worker_works() { [[ $(docker logs --since 5s advakod_celery_worker 2>&1) == *succeeded* ]]; }
