// SPDX-License-Identifier: Apache-2.0
// The tables behind discover/classify.h. Names are shell patterns for the name of the process,
// which the kernel cuts to 15 characters, or of its program file. Data only.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace postflight::classify_tables {

struct PortRule {
  std::uint16_t port;
  std::string_view protocol;
};

struct ProgramRule {
  std::string_view program;
  std::string_view protocol;  ///< On any port that is no exception; may be empty.
  std::span<const PortRule> exceptions = {};
  bool certain = true;
  bool carries_anything = false;  ///< A proxy: a port that is not of the web outweighs it.
};

struct CommandLineRule {
  std::string_view part;
  std::string_view protocol;
};

inline constexpr std::array kWebTls = {PortRule{443, "https"}, PortRule{8443, "https"}};
inline constexpr std::array kMySql = {PortRule{33060, "mysqlx"}, PortRule{33062, "mysql"}};
inline constexpr std::array kNamed = {PortRule{953, ""}, PortRule{8953, ""}, PortRule{853, ""},
                                      PortRule{443, ""}, PortRule{8053, "http"}};
inline constexpr std::array kDnsmasq = {PortRule{67, "dhcp"}, PortRule{547, "dhcp"},
                                        PortRule{69, "tftp"}};
inline constexpr std::array kResolved = {PortRule{5355, "llmnr"}, PortRule{5353, "mdns"}};
inline constexpr std::array kQdrant = {PortRule{6334, "grpc"}, PortRule{6335, ""}};
inline constexpr std::array kDocker = {PortRule{2377, ""}, PortRule{7946, ""}, PortRule{4789, ""},
                                       PortRule{9323, "http"}};
inline constexpr std::array kBeam = {PortRule{5672, "amqp"}, PortRule{15672, "http"},
                                     PortRule{15692, "http"}, PortRule{1883, "mqtt"},
                                     PortRule{5984, "http"}};
inline constexpr std::array kChrony = {PortRule{123, "ntp"}};
inline constexpr std::array kDhcp = {PortRule{67, "dhcp"}, PortRule{68, "dhcp"},
                                     PortRule{546, "dhcp"}, PortRule{547, "dhcp"}};
inline constexpr std::array kDovecot = {PortRule{143, "imap"},   PortRule{993, "imaps"},
                                        PortRule{110, "pop3"},   PortRule{995, "pop3s"},
                                        PortRule{4190, "sieve"}, PortRule{24, "lmtp"}};
inline constexpr std::array kEtcd = {PortRule{2380, ""}};
inline constexpr std::array kClickHouse = {PortRule{8123, "http"}, PortRule{9000, "clickhouse"}};
inline constexpr std::array kNats = {PortRule{8222, "http"}, PortRule{6222, ""}};
inline constexpr std::array kLdap = {PortRule{636, "ldaps"}};
inline constexpr std::array kGitea = {PortRule{22, "ssh"}, PortRule{2222, "ssh"}};
inline constexpr std::array kMinio = {PortRule{443, "https"}};

/// First match counts.
inline constexpr std::array kPrograms = {
    ProgramRule{"redis-sentinel", "redis-sentinel"},
    ProgramRule{"redis-server", "redis"},
    ProgramRule{"valkey-server", "redis"},
    ProgramRule{"keydb-server", "redis"},
    ProgramRule{"dragonfly", "redis", {}, false},
    ProgramRule{"nginx", "http", kWebTls, true, true},
    ProgramRule{"openresty", "http", kWebTls, true, true},
    ProgramRule{"angie", "http", kWebTls, true, true},
    ProgramRule{"apache2", "http", kWebTls, true, true},
    ProgramRule{"httpd", "http", kWebTls, true, true},
    ProgramRule{"lighttpd", "http", kWebTls, true, true},
    ProgramRule{"caddy", "http", kWebTls, true, true},
    ProgramRule{"haproxy", "http", kWebTls, false, true},
    ProgramRule{"traefik", "http", kWebTls, false, true},
    ProgramRule{"envoy", "http", kWebTls, false, true},
    ProgramRule{"postgres", "postgresql"},
    ProgramRule{"postmaster", "postgresql"},
    ProgramRule{"pgbouncer", "postgresql"},
    ProgramRule{"mysqld", "mysql", kMySql},
    ProgramRule{"mariadbd", "mysql", kMySql},
    ProgramRule{"mongod", "mongodb"},
    ProgramRule{"mongos", "mongodb"},
    ProgramRule{"memcached", "memcached"},
    ProgramRule{"qdrant", "http", kQdrant},
    ProgramRule{"clickhouse*", "", kClickHouse},
    ProgramRule{"influxd", "http", {}, false},
    ProgramRule{"etcd", "etcd", kEtcd},
    ProgramRule{"beam.smp", "", kBeam},
    ProgramRule{"epmd", ""},
    ProgramRule{"nats-server", "nats", kNats},
    ProgramRule{"mosquitto", "mqtt", {}, false},
    ProgramRule{"minio", "http", kMinio, false},
    ProgramRule{"sshd*", "ssh"},
    ProgramRule{"dropbear", "ssh"},
    ProgramRule{"dockerd", "docker-api", kDocker},
    ProgramRule{"containerd", "http", {}, false},
    ProgramRule{"named", "dns", kNamed},
    ProgramRule{"unbound", "dns", kNamed},
    ProgramRule{"dnsmasq", "dns", kDnsmasq},
    ProgramRule{"systemd-resolve*", "dns", kResolved},
    ProgramRule{"pdns_*", "dns", kNamed, false},
    ProgramRule{"coredns", "dns", kNamed, false},
    ProgramRule{"avahi-daemon", "mdns", {}, false},
    ProgramRule{"chronyd", "", kChrony},
    ProgramRule{"ntpd", "", kChrony},
    ProgramRule{"dhclient", "", kDhcp},
    ProgramRule{"dhcpcd", "", kDhcp},
    ProgramRule{"dhcpd", "", kDhcp},
    ProgramRule{"kea-dhcp*", "", kDhcp},
    ProgramRule{"systemd-network*", "", kDhcp},
    ProgramRule{"NetworkManager", "", kDhcp},
    ProgramRule{"exim4", "smtp"},
    ProgramRule{"exim", "smtp"},
    ProgramRule{"smtpd", "smtp"},
    ProgramRule{"sendmail*", "smtp"},
    ProgramRule{"opensmtpd", "smtp"},
    ProgramRule{"dovecot", "", kDovecot},
    ProgramRule{"slapd", "ldap", kLdap},
    ProgramRule{"rpcbind", "rpcbind"},
    ProgramRule{"rpc.*", ""},
    ProgramRule{"smbd", "smb"},
    ProgramRule{"nmbd", ""},
    ProgramRule{"cupsd", "http", {}, false},
    ProgramRule{"php-fpm*", "fastcgi"},
    ProgramRule{"prometheus", "http"},
    ProgramRule{"node_exporter", "http"},
    ProgramRule{"grafana*", "http"},
    ProgramRule{"gitea", "http", kGitea, false},
    ProgramRule{"forgejo", "http", kGitea, false},
};

/// Programs that run somebody's application, which most often is a web server.
inline constexpr std::array<std::string_view, 22> kRuntimes = {
    "python*", "gunicorn*", "uvicorn*", "hypercorn*",  "daphne",       "uwsgi*",
    "granian", "waitress*", "node",     "nodejs",      "next-server*", "npm*",
    "deno",    "bun",       "java",     "ruby*",       "puma*",        "php",
    "php8*",   "dotnet",    "celery*",  "docker-proxy"};

/// Looked for in the command line of a runtime, before it is taken for a web application.
inline constexpr std::array kCommandLines = {
    CommandLineRule{"org.elasticsearch", "http"},
    CommandLineRule{"org.opensearch", "http"},
    CommandLineRule{"kafka.Kafka", "kafka"},
    CommandLineRule{"org.apache.zookeeper", "zookeeper"},
    CommandLineRule{"org.apache.cassandra", "cassandra"},
    CommandLineRule{"flower", "http"},
};

inline constexpr std::array kPorts = {
    PortRule{80, "http"},         PortRule{8080, "http"},
    PortRule{8000, "http"},       PortRule{3000, "http"},
    PortRule{5000, "http"},       PortRule{8888, "http"},
    PortRule{9090, "http"},       PortRule{3001, "http"},
    PortRule{4000, "http"},       PortRule{5173, "http"},
    PortRule{5555, "http"},       PortRule{8001, "http"},
    PortRule{8008, "http"},       PortRule{8081, "http"},
    PortRule{8082, "http"},       PortRule{8086, "http"},
    PortRule{9091, "http"},       PortRule{9093, "http"},
    PortRule{9100, "http"},       PortRule{9200, "http"},
    PortRule{5601, "http"},       PortRule{15672, "http"},
    PortRule{443, "https"},       PortRule{8443, "https"},
    PortRule{6379, "redis"},      PortRule{26379, "redis-sentinel"},
    PortRule{5432, "postgresql"}, PortRule{5433, "postgresql"},
    PortRule{6432, "postgresql"}, PortRule{22, "ssh"},
    PortRule{2222, "ssh"},        PortRule{25, "smtp"},
    PortRule{465, "smtp"},        PortRule{587, "smtp"},
    PortRule{143, "imap"},        PortRule{993, "imaps"},
    PortRule{110, "pop3"},        PortRule{995, "pop3s"},
    PortRule{53, "dns"},          PortRule{3306, "mysql"},
    PortRule{6333, "http"},       PortRule{6334, "grpc"},
    PortRule{27017, "mongodb"},   PortRule{11211, "memcached"},
    PortRule{2375, "docker-api"}, PortRule{2376, "docker-api"},
    PortRule{5672, "amqp"},       PortRule{1883, "mqtt"},
    PortRule{9092, "kafka"},      PortRule{2181, "zookeeper"},
    PortRule{2379, "etcd"},       PortRule{4222, "nats"},
    PortRule{9042, "cassandra"},  PortRule{389, "ldap"},
    PortRule{636, "ldaps"},       PortRule{445, "smb"},
    PortRule{111, "rpcbind"},     PortRule{123, "ntp"},
    PortRule{67, "dhcp"},         PortRule{68, "dhcp"},
    PortRule{546, "dhcp"},        PortRule{547, "dhcp"},
    PortRule{5353, "mdns"},       PortRule{5355, "llmnr"},
};

/// Protocols that have a form over UDP.
inline constexpr std::array<std::string_view, 9> kOverUdp = {
    "dns", "ntp", "dhcp", "mdns", "llmnr", "tftp", "rpcbind", "memcached", "ldap"};
/// Those that have none over TCP.
inline constexpr std::array<std::string_view, 4> kOnlyUdp = {"ntp", "dhcp", "mdns", "tftp"};

inline constexpr std::array<std::string_view, 17> kDataProtocols = {
    "redis",     "redis-sentinel", "postgresql", "mysql",      "mysqlx", "mongodb",
    "memcached", "docker-api",     "amqp",       "mqtt",       "kafka",  "zookeeper",
    "etcd",      "nats",           "cassandra",  "clickhouse", "ldap"};
/// Programs that keep data and speak HTTP or gRPC.
inline constexpr std::array<std::string_view, 5> kDataPrograms = {
    "qdrant", "influxd", "clickhouse*", "elasticsearch*", "weaviate"};
inline constexpr std::array<std::uint16_t, 5> kDataPortsOverHttp = {6333, 6334, 8086, 9200, 8123};

}  // namespace postflight::classify_tables
