// SPDX-License-Identifier: Apache-2.0
#include "probes/testing/systemd_machine.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "host/system_bus.h"
#include "probes/part.h"

namespace postflight::testing {
namespace {

namespace fs = std::filesystem;
using host::testing::BusQuestion;
using host::testing::BusReply;

class PartsSink : public FactSink {
 public:
  void put(std::string_view key, std::string_view json) override {
    if (key == kPartKey) {
      facts[parse_json(json).value().at("component_id")];
      return;
    }
    const auto at = key.find(kPartSeparator);
    const std::string component(at == std::string_view::npos ? "systemd" : key.substr(0, at));
    const std::string fact(at == std::string_view::npos ? key : key.substr(at + 1));
    facts[component][fact] = parse_json(json).value();
  }
  std::map<std::string, Json> facts;
};

constexpr const char* kLib = "/lib/systemd/system/";

}  // namespace

SystemdMachine::SystemdMachine() {
  std::string pattern = "/tmp/pfsysXXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
  root_ = pattern;
  fs::create_directories(root_ + "/run/systemd/system");
  fs::create_directories(root_ + "/etc/systemd/system");
  std::stringstream text;
  text << std::ifstream(std::string(PF_SOURCE_DIR) + "/src/probes/testdata/systemd/healthy.json")
              .rdbuf();
  recording = parse_json(text.str()).value();
}

SystemdMachine::~SystemdMachine() {
  server_.reset();
  fs::remove_all(root_);
}

void SystemdMachine::write(const std::string& path, const std::string& text) const {
  fs::create_directories(fs::path(root_ + path).parent_path());
  std::ofstream(root_ + path) << text;
}

void SystemdMachine::link(const std::string& path, const std::string& target) const {
  fs::create_directories(fs::path(root_ + path).parent_path());
  fs::create_symlink(target, root_ + path);
}

void SystemdMachine::install() const {
  for (const char* unit : {"nginx", "docker", "containerd", "cron", "ufw", "redis-server",
                           "postgresql", "postgresql@"}) {
    write(kLib + std::string(unit) + ".service",
          "[Service]\n[Install]\nWantedBy=multi-user.target\n");
  }
  write(kLib + std::string("graphical.target"), "[Unit]\nRequires=multi-user.target\n");
  write(kLib + std::string("multi-user.target"), "[Unit]\nRequires=basic.target\n");
  write(kLib + std::string("basic.target"), "[Unit]\nWants=sockets.target timers.target\n");
  for (const char* unit : {"nginx", "docker", "containerd", "cron", "ufw", "postgresql"}) {
    const std::string name = std::string(unit) + ".service";
    link("/etc/systemd/system/multi-user.target.wants/" + name, kLib + name);
  }
  link("/etc/systemd/system/sockets.target.wants/docker.socket",
       kLib + std::string("docker.socket"));
  link("/run/systemd/generator/postgresql.service.wants/postgresql@15-main.service",
       kLib + std::string("postgresql@.service"));
  for (const char* program : {"/usr/sbin/nginx", "/usr/sbin/dockerd", "/usr/sbin/cron"}) {
    write(program, "");
  }
}

void SystemdMachine::set(const std::string& unit, const std::string& property,
                         const std::string& type, Json data) {
  recording["units"][unit]["data"][0][property] = {{"type", type}, {"data", std::move(data)}};
}

void SystemdMachine::list(const std::string& unit, const std::string& active_state) {
  recording["ListUnits"]["data"][0].push_back(
      {unit, unit, "loaded", active_state, active_state, "", "/", 0, "", "/"});
}

void SystemdMachine::answer(Twist twist) {
  server_ = std::make_unique<host::testing::BusServer>(
      private_socket(), [this, twist = std::move(twist)](const BusQuestion& question) {
        if (twist) {
          if (auto reply = twist(question)) return *std::move(reply);
        }
        return reply_to(question);
      });
}

BusReply SystemdMachine::reply_to(const BusQuestion& question) const {
  const auto from = [](const Json& recorded) {
    return BusReply{recorded.at("type"), recorded.at("data"), {}};
  };
  if (question.interface == "org.freedesktop.systemd1.Manager") {
    return from(recording.at(question.member));
  }
  if (question.path == "/org/freedesktop/systemd1") return from(recording.at("manager"));
  for (const auto& [unit, answer] : recording.at("units").items()) {
    if (question.path != host::unit_object(unit)) continue;
    if (question.member == "GetAll") return from(answer);
    const Json& all = answer.at("data")[0];
    if (all.contains(question.argument)) return {"v", Json::array({all.at(question.argument)}), {}};
    return {{}, {}, "org.freedesktop.DBus.Error.UnknownProperty"};
  }
  return {{}, {}, "org.freedesktop.systemd1.NoSuchUnit"};
}

std::map<std::string, Json> SystemdMachine::look(const Observed<Topology>& topology,
                                                 Duration budget) const {
  PartsSink sink;
  const Target target{"systemd", "systemd", {}, ""};
  const Settings settings;
  find_probe("systemd")->run({target, topology, settings, Deadline{budget}, root_}, sink);
  return std::move(sink.facts);
}

Service service_in(const std::string& cgroup, std::uint16_t port, std::int32_t pid,
                   const std::string& program) {
  Service service;
  service.id = "0.0.0.0:" + std::to_string(port);
  service.port = port;
  service.listeners = {{.address = "0.0.0.0", .exposure = Exposure::wildcard}};
  service.programs =
      Seen{std::vector<Program>{{.pid = pid, .name = program, .cgroup = cgroup}}, Evidence{}};
  return service;
}

}  // namespace postflight::testing
