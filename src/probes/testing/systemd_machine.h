// SPDX-License-Identifier: Apache-2.0
// A folder that stands in for a machine with systemd, for tests: unit files, a socket behind which
// recorded answers are given, and what the probe `systemd` says about it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "host/testing/bus_server.h"
#include "probes/probe.h"

namespace postflight::testing {

class SystemdMachine {
 public:
  SystemdMachine();
  ~SystemdMachine();
  SystemdMachine(const SystemdMachine&) = delete;
  SystemdMachine& operator=(const SystemdMachine&) = delete;

  const std::string& root() const { return root_; }
  std::string private_socket() const { return root_ + "/run/systemd/private"; }

  /// Writes a file, with the folders above it.
  void write(const std::string& path, const std::string& text) const;
  void link(const std::string& path, const std::string& target) const;
  /// The unit folders of a freshly installed Debian, as far as the recording needs them.
  void install() const;

  /// What was recorded; change it before answer().
  Json recording;
  /// Sets a property of a recorded unit: type and value as busctl --json has them.
  void set(const std::string& unit, const std::string& property, const std::string& type,
           Json data);
  /// Names of recorded units as ListUnits is to give them, with their active state.
  void list(const std::string& unit, const std::string& active_state);

  /// Starts to answer from the recording, or as `twist` says where it says something.
  using Twist =
      std::function<std::optional<host::testing::BusReply>(const host::testing::BusQuestion&)>;
  void answer(Twist twist = {});

  /// Facts by component: "systemd", "unit:nginx.service".
  std::map<std::string, Json> look(const Observed<Topology>& topology = Seen{Topology{},
                                                                             Evidence{}},
                                   Duration budget = Duration{3000}) const;
  std::size_t questions() const { return server_ ? server_->questions() : 0; }

 private:
  host::testing::BusReply reply_to(const host::testing::BusQuestion& question) const;

  std::string root_;
  std::unique_ptr<host::testing::BusServer> server_;
};

/// A service on all addresses, held by one program in this cgroup.
Service service_in(const std::string& cgroup, std::uint16_t port, std::int32_t pid = 4711,
                   const std::string& program = "server");

}  // namespace postflight::testing
