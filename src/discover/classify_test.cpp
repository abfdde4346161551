// SPDX-License-Identifier: Apache-2.0
// One line for each guess that matters, and the cases in which no guess is the right one.
#include "discover/classify.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

Program program(std::string name, std::string executable = {}, std::string command_line = {}) {
  Program one;
  one.pid = 100;
  one.executable = executable.empty() ? "/usr/bin/" + name : std::move(executable);
  one.name = std::move(name);
  one.command_line = std::move(command_line);
  return one;
}

Guess tcp(const Program& one, std::uint16_t port) {
  return guess_protocol(std::vector{one}, Transport::tcp, port);
}

struct Expected {
  const char* program;
  std::uint16_t port;
  const char* protocol;
  bool certain;
};

TEST(Classify, ProgramsComeBeforePorts) {
  constexpr Expected kCases[] = {
      {"redis-server", 6379, "redis", true},
      {"redis-server", 7000, "redis", true},
      {"valkey-server", 6380, "redis", true},
      {"redis-sentinel", 26379, "redis-sentinel", true},
      {"nginx", 80, "http", true},
      {"nginx", 443, "https", true},
      {"nginx", 8443, "https", true},
      {"nginx", 12345, "http", false},
      {"nginx", 5432, "postgresql", false},
      {"apache2", 443, "https", true},
      {"httpd", 80, "http", true},
      {"caddy", 80, "http", true},
      {"haproxy", 80, "http", false},
      {"haproxy", 3306, "mysql", false},
      {"postgres", 5433, "postgresql", true},
      {"mysqld", 3306, "mysql", true},
      {"mysqld", 33060, "mysqlx", true},
      {"mariadbd", 3307, "mysql", true},
      {"mongod", 27018, "mongodb", true},
      {"sshd", 2200, "ssh", true},
      {"dockerd", 2375, "docker-api", true},
      {"memcached", 11212, "memcached", true},
      {"named", 53, "dns", true},
      {"unbound", 5335, "dns", true},
      {"dnsmasq", 53, "dns", true},
      {"systemd-resolve", 53, "dns", true},
      {"qdrant", 6333, "http", true},
      {"qdrant", 6334, "grpc", true},
      {"exim4", 587, "smtp", true},
      {"php-fpm8.2", 9000, "fastcgi", true},
      {"slapd", 389, "ldap", true},
      {"beam.smp", 5672, "amqp", true},
      {"beam.smp", 25672, "", false},
      {"named", 953, "", false},
      {"dockerd", 2377, "", false},
  };
  for (const Expected& one : kCases) {
    const Guess guess = tcp(program(one.program), one.port);
    EXPECT_EQ(guess.protocol, one.protocol) << one.program << " " << one.port;
    EXPECT_EQ(guess.certain, one.certain) << one.program << " " << one.port;
    EXPECT_EQ(guess.basis.empty(), guess.protocol.empty());
  }
}

TEST(Classify, PortsSpeakForUnknownPrograms) {
  constexpr Expected kCases[] = {
      {"", 80, "http", false},         {"", 8080, "http", false},
      {"", 443, "https", false},       {"", 6379, "redis", false},
      {"", 5432, "postgresql", false}, {"", 22, "ssh", false},
      {"", 465, "smtp", false},        {"", 53, "dns", false},
      {"", 3306, "mysql", false},      {"", 6333, "http", false},
      {"", 6334, "grpc", false},       {"", 27017, "mongodb", false},
      {"", 11211, "memcached", false}, {"", 2375, "docker-api", false},
      {"", 9200, "http", false},       {"", 12345, "", false},
  };
  for (const Expected& one : kCases) {
    const Guess unknown = guess_protocol({}, Transport::tcp, one.port);
    EXPECT_EQ(unknown.protocol, one.protocol) << one.port;
    EXPECT_FALSE(unknown.certain);
    EXPECT_EQ(tcp(program("my-own-thing"), one.port).protocol, one.protocol) << one.port;
  }
  EXPECT_EQ(guess_protocol({}, Transport::tcp, 5432).basis, "port 5432");
}

TEST(Classify, RuntimesAreTakenForWebApplications) {
  for (const auto* name : {"python3", "python3.11", "gunicorn", "uvicorn", "node", "java", "ruby",
                           "puma", "deno", "bun", "docker-proxy"}) {
    const Guess guess = tcp(program(name), 7777);
    EXPECT_EQ(guess.protocol, "http") << name;
    EXPECT_FALSE(guess.certain) << name;
  }
  EXPECT_EQ(tcp(program("docker-proxy"), 5432).protocol, "postgresql");
  EXPECT_EQ(tcp(program("docker-proxy"), 6379).basis, "port 6379");
  // The name is the script's; what it is shows in the program file.
  EXPECT_EQ(tcp(program("backend", "/usr/bin/python3.11"), 7777).protocol, "http");
}

TEST(Classify, ACommandLineTellsAJavaServer) {
  const auto java = [](const char* main) { return program("java", "/usr/bin/java", main); };
  EXPECT_EQ(tcp(java("java -Xmx1g kafka.Kafka server.properties"), 9094).protocol, "kafka");
  EXPECT_EQ(tcp(java("java org.elasticsearch.bootstrap.Elasticsearch"), 9200).protocol, "http");
}

TEST(Classify, ExceptionsAreNotMistakenForTheService) {
  const auto redis = [](const char* title) {
    return program("redis-server", "/usr/bin/redis-server", title);
  };
  EXPECT_EQ(tcp(redis("redis-server *:6379 [cluster]"), 6379).protocol, "redis");
  EXPECT_EQ(tcp(redis("redis-server *:6379 [cluster]"), 16379).protocol, "");
  EXPECT_EQ(tcp(program("master", "/usr/lib/postfix/sbin/master"), 25).protocol, "smtp");
  EXPECT_EQ(tcp(program("master", "/opt/app/master"), 12345).protocol, "");
}

TEST(Classify, UdpHasItsOwnProtocols) {
  const auto udp = [](const char* name, std::uint16_t port) {
    return guess_protocol(std::vector{program(name)}, Transport::udp, port).protocol;
  };
  EXPECT_EQ(udp("nginx", 443), "");
  EXPECT_EQ(udp("dnsmasq", 53), "dns");
  EXPECT_EQ(udp("dnsmasq", 67), "dhcp");
  EXPECT_EQ(udp("chronyd", 123), "ntp");
  EXPECT_EQ(udp("chronyd", 323), "");
  EXPECT_EQ(udp("memcached", 11211), "memcached");
  EXPECT_EQ(udp("systemd-resolve", 5355), "llmnr");
  EXPECT_EQ(guess_protocol({}, Transport::tcp, 123).protocol, "");
  EXPECT_EQ(guess_protocol({}, Transport::udp, 80).protocol, "");
}

TEST(Classify, OfSeveralHoldersTheKnownOneSpeaks) {
  const std::vector<Program> holders = {program("start.sh"), program("redis-server")};
  EXPECT_EQ(guess_protocol(holders, Transport::tcp, 7000).protocol, "redis");
}

TEST(DataService, KnowsWhatStrangersShouldNotReach) {
  for (const auto* name :
       {"redis", "postgresql", "mysql", "mongodb", "memcached", "docker-api", "amqp"}) {
    EXPECT_TRUE(is_data_service(std::string_view(name))) << name;
  }
  for (const auto* name : {"http", "https", "ssh", "smtp", "dns", "", "redis2"}) {
    EXPECT_FALSE(is_data_service(std::string_view(name))) << name;
  }
}

TEST(DataService, KnowsDataBehindHttp) {
  const auto service = [](const char* name, std::uint16_t port) {
    Service one;
    one.port = port;
    if (*name) one.programs = Seen{std::vector{program(name)}, Evidence{}};
    const auto* seen = one.programs.seen();
    one.guess = guess_protocol(seen ? seen->value : std::vector<Program>{}, Transport::tcp, port);
    return one;
  };
  EXPECT_TRUE(is_data_service(service("qdrant", 6333)));
  EXPECT_TRUE(is_data_service(service("docker-proxy", 6333)));
  EXPECT_TRUE(is_data_service(service("", 9200)));
  EXPECT_TRUE(is_data_service(service("postgres", 5432)));
  EXPECT_FALSE(is_data_service(service("nginx", 9200)));
  EXPECT_FALSE(is_data_service(service("nginx", 80)));
  EXPECT_FALSE(is_data_service(service("", 8080)));
}

}  // namespace
}  // namespace postflight
