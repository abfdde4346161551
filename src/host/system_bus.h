// SPDX-License-Identifier: Apache-2.0
// Asks systemd, process 1, over D-Bus: as root on its private socket, else over the system bus.
// Only reads properties and lists; no method that starts, stops, enables or reloads is ever called.
// Sources: org.freedesktop.systemd1(5), sd-bus(3), sd_booted(3).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/expected.h"
#include "base/json.h"

struct sd_bus;

namespace postflight::host {

/// One method call. Arguments are strings: nothing that is asked here takes anything else.
struct BusCall {
  std::string path;       ///< Object, e.g. /org/freedesktop/systemd1.
  std::string interface;  ///< e.g. org.freedesktop.systemd1.Manager.
  std::string member;
  std::vector<std::string> arguments;
  std::span<const std::string_view> only;  ///< Of a reply a{sv} these keys alone; empty for all.
};

/// All properties of an object, whatever its interfaces are called.
BusCall all_properties(std::string path, std::span<const std::string_view> only = {});

/// One property of an object.
BusCall one_property(std::string path, std::string interface, std::string name);

/// A method of systemd's manager.
BusCall manager_method(std::string member);

/// The object of a unit: "nginx.service" is /org/freedesktop/systemd1/unit/nginx_2eservice. Asking
/// for properties of a unit that is not in memory makes systemd read its file, as systemctl show
/// does.
std::string unit_object(std::string_view unit);

/// True where process 1 of the machine is systemd, as sd_booted(3) tells it.
/// Errors: kDenied.
Result<bool> is_systemd_in_charge(const std::string& root);

/// An open conversation; closed at the end of its life. After a kTimeout it is of no more use, and
/// every further call says so at once.
class SystemBus {
 public:
  /// Errors, each naming the socket: kUnreachable where nobody listens or the peer hangs up,
  /// kDenied, kTimeout where the peer is silent, kMalformed where it speaks something else.
  static Result<SystemBus> connect(const std::string& root, Deadline deadline);

  /// The reply's arguments; where it has only one, that one. D-Bus types become JSON as busctl(1)
  /// shows them, variants without their signature, dictionaries as objects.
  /// Errors: kNotFound for a unit or a file that does not exist, kDenied, kTimeout, kUnsupported
  /// for a method, an interface or a property this systemd does not have, kMalformed, kUnreachable.
  Result<Json> call(const BusCall& call, Deadline deadline);

  /// The same for many calls, all sent before the first reply is waited for. One answer per call,
  /// in order.
  std::vector<Result<Json>> call_all(std::span<const BusCall> calls, Deadline deadline);

  const std::string& source() const { return source_; }  ///< Path of the socket, for evidence.

 private:
  struct Closer {
    void operator()(sd_bus* bus) const;
  };
  using Handle = std::unique_ptr<sd_bus, Closer>;
  SystemBus(Handle bus, std::string source) : bus_(std::move(bus)), source_(std::move(source)) {}
  static Result<SystemBus> open(const std::string& path, std::string source, bool is_broker,
                                Deadline deadline);
  Result<> wait_until_ready(Deadline deadline);
  Result<> send(const BusCall& call, void* pending);
  Result<> step(Deadline deadline, std::string_view doing);

  Handle bus_;
  std::string source_;
};

}  // namespace postflight::host
