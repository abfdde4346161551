// SPDX-License-Identifier: Apache-2.0
#include "testing/fix_cases.h"

#include <ostream>

namespace postflight::lab {
namespace {

const std::string kRedis = "--only 'redis*'", kHttp = "--only 'http*'", kHost = "--only host",
                  kSockets = "--only sockets";

std::vector<FixCase> of_redis() {
  return {
      {"RedisFolderNotWritable", "redis/last-save-failed", kRedis, ":7101",
       "redis save 7101 'save 3600 1'; fill 7101 20; chmod 555 /srv/save; fails_to_save 7101",
       "drwx", "chmod 755 /srv/save", ""},
      {"RedisFolderDeleted", "redis/last-save-failed", kRedis, ":7102",
       "redis gone 7102 'save 3600 1'; fill 7102 20; rm -r /srv/gone; fails_to_save 7102",
       "Transfer finished with success", "",
       "[ $(stat -c %a /root/redis-7102.rdb) = 600 ]; put_back gone 7102; restart gone 7102; "
       "[ $(redis-cli -p 7102 DBSIZE) = 20 ]",
       "then redis-cli -p 7102 SHUTDOWN NOSAVE"},
      {"RedisFolderWithAppendOnlyFileDeleted", "redis/last-save-failed", kRedis, ":7113",
       "redis kept 7113 'save 3600 1' 'appendonly yes'; fill 7113 20; rm -r /srv/kept; "
       "fails_to_save 7113",
       "Transfer finished with success", "",
       "put_back kept 7113; sed -i '/^appendonly/s/yes/no/' /etc/redis-kept.conf; "
       "restart kept 7113; [ $(redis-cli -p 7113 DBSIZE) = 20 ]; "
       "redis-cli -p 7113 CONFIG SET appendonly yes; "
       "waits \"redis-cli -p 7113 INFO persistence | grep aof_rewrite_in_progress:0\"; "
       "redis-cli -p 7113 INFO persistence | grep aof_last_bgrewrite_status:ok; "
       "sed -i '/^appendonly/s/no/yes/' /etc/redis-kept.conf; rm /srv/kept/dump.rdb; "
       "restart kept 7113; [ $(redis-cli -p 7113 DBSIZE) = 20 ]",
       "set appendonly no in its configuration, then redis-cli -p 7113 SHUTDOWN NOSAVE"},
      {"RedisAppendOnlyFileOnAFullDisk", "redis/aof-write-failed", kRedis, ":7103",
       "disk /srv/aof size=1m; redis aof 7103 'save \"\"' 'appendonly yes'; fill 7103 1500",
       "/srv/aof", "mount -o remount,size=8m /srv/aof", ""},
      {"RedisAppendOnlyFileNotRewritten", "redis/aof-rewrite-failed", kRedis, ":7104",
       "disk /srv/rewrite size=2m; "
       "redis rewrite 7104 'save \"\"' 'appendonly yes' 'aof-use-rdb-preamble no'; "
       "fill 7104 1500; redis-cli -p 7104 BGREWRITEAOF; sleep 0.5; "
       "[ $(redis-cli -p 7104 INFO persistence | grep -c last_bgrewrite_status:err) = 1 ]",
       "in_progress", "mount -o remount,size=16m /srv/rewrite", ""},
      {"RedisKeepsNothing", "redis/nothing-persisted", kRedis, ":7105",
       "redis memory 7105 'save \"\"'; fill 7105 5", "Background saving started", "", ""},
      {"RedisIsFull", "redis/memory-nearly-full", kRedis, ":7106",
       "redis full 7106 'maxmemory 3mb'; fill 7106 3000", "Biggest string", "",
       "redis-cli -p 7106 CONFIG SET maxmemory 64mb"},
      {"RedisRunsOutOfConnections", "redis/clients-nearly-full", kRedis, ":7107",
       "redis busy 7107 'maxclients 20'; "
       "unit leak bash -c 'for i in {10..27}; do eval \"exec $i<>/dev/tcp/127.0.0.1/7107\"; done; "
       "exec sleep 600'",
       "18 \"sleep\"", "", "systemctl stop leak"},
      {"RedisTurnsAwayItsClients", "redis/ping-refused", kRedis, ":7112",
       "redis crowded 7112 'maxclients 5'; "
       "unit crowd bash -c 'for i in {10..14}; do eval \"exec $i<>/dev/tcp/127.0.0.1/7112\"; done; "
       "exec sleep 600'",
       "5 \"sleep\"", "", "systemctl stop crowd"},
      {"RedisIsOpen", "redis/open-to-strangers", kRedis, ":7108",
       "redis open 7108 'bind 0.0.0.0' 'protected-mode no'", "OK", "", ""},
      {"RedisReplicaAlone", "redis/replica-cut-off", kRedis, ":7109",
       "redis replica 7109 'replicaof 127.0.0.1 7110'", "master_host:127.0.0.1", "",
       "redis master 7110"},
      {"RedisEvicts", "redis/evicts-keys", kRedis, ":7111",
       "redis cache 7111 'maxmemory 2mb' 'maxmemory-policy allkeys-lru'; fill 7111 3000",
       "allkeys-lru", "", "redis-cli -p 7111 CONFIG RESETSTAT"},
  };
}

std::vector<FixCase> of_sockets() {
  return {
      {"QueueIsFull", "sockets/backlog-full", kSockets, ":7201",
       "unit stuck python3 -c 'import socket, time; s = socket.socket(); "
       "s.bind((\"127.0.0.1\", 7201)); s.listen(5); time.sleep(600)'; listens 7201; "
       "unit crowd bash -c 'for i in {10..19}; do (exec 3<>/dev/tcp/127.0.0.1/7201; sleep 600) & "
       "done; wait'",
       "import socket, time", "", "systemctl stop crowd stuck", "", true},
      {"TwoProgramsOnOnePort", "sockets/port-shared", kSockets, ":7202",
       "unit old python3 -m http.server 7202 --bind 127.0.0.1; listens 7202; "
       "site '[::]:7202 ipv6only=on' 'return 204;'",
       "python3", "", "systemctl stop old"},
      {"ProgramFileReplaced", "sockets/program-file-replaced", kSockets, ":7203",
       "cp /usr/bin/redis-server /usr/local/bin/kept; "
       "unit kept /usr/local/bin/kept --port 7203 --bind 127.0.0.1; listens 7203; "
       "cp /usr/bin/redis-server /usr/local/bin/new; mv /usr/local/bin/new /usr/local/bin/kept",
       "kept", "", "systemctl restart kept; listens 7203",
       "# at a quiet time: systemctl restart kept.service"},
      {"DockerApiWithoutTls", "sockets/docker-api-exposed", kSockets, ":2375",
       "mkdir -p /etc/systemd/system/docker.service.d; printf "
       "'[Service]\\nExecStart=\\nExecStart=%s\\n' "
       "'dockerd -H fd:// -H tcp://0.0.0.0:2375' >/etc/systemd/system/docker.service.d/tcp.conf; "
       "systemctl daemon-reload; systemctl restart docker; listens 2375",
       "docker.service.d/tcp.conf:", "",
       "rm /etc/systemd/system/docker.service.d/tcp.conf; "
       "systemctl daemon-reload && systemctl restart docker",
       "", true},
  };
}

std::vector<FixCase> of_the_machine() {
  return {
      {"DiskIsFull", "resources/disk-full", kHost, "/srv/full",
       "disk /srv/full size=20m; head -c 16M /dev/zero >/srv/full/big.log; "
       "unit holder bash -c 'exec 7>/srv/full/gone; head -c 3M /dev/zero >&7; "
       "rm /srv/full/gone; exec sleep 600'",
       "/srv/full/gone (deleted)", "", "rm /srv/full/big.log; systemctl stop holder"},
      {"InodesAreUsedUp", "resources/inodes-full", kHost, "/srv/many",
       "disk /srv/many nr_inodes=1000; mkdir /srv/many/cache; "
       "seq 990 | (cd /srv/many/cache; xargs touch)",
       "/srv/many/cache", "", "rm -r /srv/many/cache"},
      {"FileSystemBecameReadOnly", "resources/file-system-read-only", kHost, "/srv/ro",
       "disk /srv/writable size=1m; mkdir -p /srv/ro; mount --bind /srv/writable /srv/ro; "
       "mount -o remount,ro /srv/writable; umount /srv/writable",
       "/srv/ro", "", "mount -o remount,rw /srv/ro"},
      {"NewerKernel", "resources/newer-kernel-installed", kHost, "host",
       "touch /boot/vmlinuz-99.$(uname -r | cut -d. -f2-)", "vmlinuz-99.", "",
       "rm /boot/vmlinuz-99.*"},
      {"RebootRequired", "resources/reboot-required", kHost, "host",
       "touch /run/reboot-required; echo libc6 >/run/reboot-required.pkgs", "libc6", "",
       "rm /run/reboot-required"},
  };
}

std::vector<FixCase> of_web_servers() {
  return {
      {"UpstreamIsGone", "http/gateway-error", kHttp, ":7301",
       "site 7301 'location / { proxy_pass http://127.0.0.1:7399; }'",
       "upstream: \"http://127.0.0.1:7399", "",
       "unit app python3 -m http.server 7399; listens 7399"},
      {"ApplicationFails", "http/server-error", kHttp, ":7302",
       "site 7302 'location / { root /srv/x; try_files /a /b; } location = /b { rewrite ^ /b; }'",
       "redirection cycle", "", "site 7302 'return 200;'"},
      {"RedirectLeadsBack", "http/redirects-to-itself", kHttp, ":7303",
       "site 7303 'location / { return 301 http://$http_host$request_uri; }'",
       "/etc/nginx/sites-enabled/7303", "", "site 7303 'return 200;'"},
      {"FilesAreListed", "http/directory-listing", kHttp, ":7304",
       "mkdir -p /srv/list; site 7304 'location / { root /srv/list; autoindex on; }'",
       "autoindex on", "", "site 7304 'location / { root /srv/list; }'"},
      {"DefaultPage", "http/default-page", kHttp, ":7305",
       "site 7305 'root /var/www/html; index index.nginx-debian.html;'", "root /var/www/html", "",
       "site 7305 'return 200;'"},
      {"HealthCheckFails", "http/health-check-fails", kHttp, ":7306",
       "site 7306 'location = /health { return 503 \"{\\\"db\\\": \\\"refused\\\"}\"; } "
       "location / { return 200; }'",
       "refused", "", "site 7306 'return 200;'"},
      {"HealthSaysNo", "http/health-says-no", kHttp, ":7307",
       "site 7307 'location = /health { return 200 \"{\\\"status\\\": \\\"down\\\"}\"; } "
       "location / { return 200; }'",
       "\"down\"", "", "site 7307 'return 200;'"},
      {"CertificateOfTheInstallation", "http/certificate-refused",
       "--config /root/public.yaml --only http:advacodex.com", "advacodex.com",
       "echo 'public_names: [advacodex.com]' >/root/public.yaml; cd /etc/nginx/ssl; "
       "cp site.crt right.crt; openssl req -x509 -key site.key -subj /CN=advacodex.com "
       "-addext subjectAltName=DNS:advacodex.com -days 9 -out site.crt 2>/dev/null; "
       "nginx -s reload; sleep 0.5; cp right.crt site.crt",
       "/etc/nginx/ssl/site.crt", "", "nginx -t && nginx -s reload"},
  };
}

}  // namespace

void PrintTo(const FixCase& one, std::ostream* out) {
  *out << one.name;
}

std::vector<FixCase> fix_cases() {
  std::vector<FixCase> all;
  for (const auto& some :
       {of_redis(), of_sockets(), of_the_machine(), of_web_servers(), fix_cases_of_containers()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

const std::string kFixTools = R"(cat >/root/tools <<'TOOLS'
start() { runuser -u redis -- redis-server /etc/redis-$1.conf; listens $(awk '/^port/ {print $2}' /etc/redis-$1.conf); }
redis() { # NAME PORT LINE...
  local name=$1 port=$2; shift 2
  install -d -o redis "/srv/$name"; chown redis "/srv/$name"
  printf '%s\n' "port $port" 'bind 127.0.0.1' "dir /srv/$name" 'daemonize yes' "$@" >"/etc/redis-$name.conf"
  start "$name"
}
fill() { for i in $(seq "$2"); do printf 'SET k%d %01000d\n' "$i" "$i"; done | redis-cli -p "$1" >/dev/null; }
put_back() { # NAME PORT: the dump, as its finding advises
  install -d -o redis "/srv/$1"; install -o redis -m 600 "/root/redis-$2.rdb" "/srv/$1/dump.rdb"
}
restart() { # NAME PORT
  redis-cli -p "$2" SHUTDOWN NOSAVE; waits "! ss -Hltn sport = :$2 | grep -q ."; start "$1"
}
fails_to_save() { redis-cli -p "$1" BGSAVE; waits "redis-cli -p $1 INFO persistence | grep -q status:err"; }
disk() { mkdir -p "$1"; mount -t tmpfs -o "$2" data "$1"; }
unit() { systemd-run -q --collect --unit "$1" "${@:2}"; }
site() { # LISTEN LINES
  printf 'server { listen %s; %s }\n' "$1" "$2" >"/etc/nginx/sites-enabled/${1//[^0-9]/}"; nginx -t -q; nginx -s reload
}
waits() { for i in $(seq 50); do if bash -c "$1"; then return; fi; sleep 0.1; done; return 1; }
listens() { waits "ss -Hltn sport = :$1 | grep -q ."; }
TOOLS
)";

}  // namespace postflight::lab
