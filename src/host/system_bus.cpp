// SPDX-License-Identifier: Apache-2.0
// sd-bus itself would wait up to 90 seconds for the peer to authenticate; here every step waits for
// the deadline at most.
#include "host/system_bus.h"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <limits>

#include "base/text.h"
#include "host/bus_message.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr const char* kDestination = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr const char* kPrivateSocket = "/run/systemd/private";
constexpr const char* kBusSocket = "/run/dbus/system_bus_socket";

/// A path as the value in an address of D-Bus: everything but a few characters as %XX.
std::string address_of(const std::string& path) {
  std::string address = "unix:path=";
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_' || c == '/' || c == '.';
    address += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return address;
}

/// What a failed call of sd-bus means about the peer.
std::unexpected<Error> failed(const std::string& source, std::string_view doing, int result) {
  const int number = -result;
  // A socket that may not be opened gives EACCES; EPERM is a handshake that went wrong.
  if (number == EPERM || number == ENOMEM || number == ENOBUFS || number == EBADMSG ||
      number == EPROTO || number == EIO) {
    return fail(Errc::kMalformed,
                fmt::format("{}: what came while {} is no D-Bus, or a refusal ({})", source, doing,
                            fail_errno("read", number).error().what));
  }
  auto error = fail_errno(fmt::format("{}: {}", source, doing), number).error();
  if (error.code == Errc::kNotFound) error.code = Errc::kUnreachable;
  return std::unexpected(std::move(error));
}

using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

/// One call that was sent.
struct Pending {
  Message reply{nullptr, &sd_bus_message_unref};
  std::size_t* open = nullptr;
};

/// Called by sd-bus, which is C: keeps the reply and does nothing else that could fail.
int take_reply(sd_bus_message* reply, void* data, sd_bus_error*) {
  auto& pending = *static_cast<Pending*>(data);
  pending.reply.reset(sd_bus_message_ref(reply));
  --*pending.open;
  return 1;
}

Result<Json> answer_in(sd_bus_message* reply, std::span<const std::string_view> only) {
  if (const sd_bus_error* error = sd_bus_message_get_error(reply)) {
    return std::unexpected(
        error_from_bus(error->name ? error->name : "", error->message ? error->message : ""));
  }
  return read_message(reply, only);
}

}  // namespace

BusCall all_properties(std::string path, std::span<const std::string_view> only) {
  return {std::move(path), kProperties, "GetAll", {""}, only};
}

BusCall one_property(std::string path, std::string interface, std::string name) {
  return {std::move(path), kProperties, "Get", {std::move(interface), std::move(name)}, {}};
}

BusCall manager_method(std::string member) {
  return {kManagerPath, "org.freedesktop.systemd1.Manager", std::move(member), {}, {}};
}

std::string unit_object(std::string_view unit) {
  std::string path = "/org/freedesktop/systemd1/unit/";
  for (const char c : unit) {
    const bool digit = c >= '0' && c <= '9';
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       (digit && path.back() != '/');  // sd_bus_path_encode(3)
    path += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
  }
  return path;
}

Result<bool> is_systemd_in_charge(const std::string& root) {
  return exists(under_root(root, "/run/systemd/system"));
}

void SystemBus::Closer::operator()(sd_bus* bus) const {
  sd_bus_close_unref(bus);  // without flushing: a peer that reads nothing would hold us up
}

Result<SystemBus> SystemBus::connect(const std::string& root, Deadline deadline) {
  auto direct = open(under_root(root, kPrivateSocket), kPrivateSocket, false, deadline);
  if (direct || direct.error().code == Errc::kTimeout) return direct;
  auto bus = open(under_root(root, kBusSocket), kBusSocket, true, deadline);
  if (bus) return bus;
  // What the socket said that this process has a right to is the more telling of the two.
  const bool denied = direct.error().code == Errc::kDenied;
  const Error& telling = denied ? bus.error() : direct.error();
  return fail(telling.code, direct.error().what + "; " + bus.error().what +
                                (denied ? "; run as root to ask systemd itself" : ""));
}

Result<SystemBus> SystemBus::open(const std::string& path, std::string source, bool is_broker,
                                  Deadline deadline) {
  sd_bus* raw = nullptr;
  if (const int result = sd_bus_new(&raw); result < 0) return failed(source, "begin", result);
  SystemBus bus{Handle{raw}, std::move(source)};
  int result = sd_bus_set_address(raw, address_of(path).c_str());
  if (result >= 0) result = sd_bus_set_bus_client(raw, is_broker ? 1 : 0);
  if (result >= 0) result = sd_bus_start(raw);
  if (result < 0) return failed(bus.source_, "connecting", result);
  PF_TRY(bus.wait_until_ready(deadline));
  return bus;
}

Result<> SystemBus::wait_until_ready(Deadline deadline) {
  while (true) {
    const int ready = sd_bus_is_ready(bus_.get());
    if (ready < 0) return failed(source_, "connecting", ready);
    if (ready > 0) return {};
    PF_TRY(step(deadline, "connecting"));
  }
}

/// Does what is to be done, or waits for the peer.
Result<> SystemBus::step(Deadline deadline, std::string_view doing) {
  const auto late = [&] {
    bus_.reset();
    return fail(Errc::kTimeout, fmt::format("{}: no answer in time while {}", source_, doing));
  };
  if (deadline.passed()) return late();
  const int done = sd_bus_process(bus_.get(), nullptr);
  if (done < 0) return failed(source_, doing, done);
  if (done > 0) return {};
  const auto left = std::chrono::microseconds(deadline.left());
  const int waited = sd_bus_wait(bus_.get(), static_cast<std::uint64_t>(left.count()));
  if (waited < 0 && waited != -EINTR) return failed(source_, doing, waited);
  return {};
}

Result<Json> SystemBus::call(const BusCall& call, Deadline deadline) {
  return std::move(call_all({&call, 1}, deadline).front());
}

Result<> SystemBus::send(const BusCall& call, void* pending) {
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_method_call(bus_.get(), &raw, kDestination, call.path.c_str(),
                                              call.interface.c_str(), call.member.c_str());
  const Message message{raw, &sd_bus_message_unref};
  for (const std::string& argument : call.arguments) {
    if (result >= 0) result = sd_bus_message_append_basic(raw, 's', argument.c_str());
  }
  if (result >= 0) {
    // The deadline is kept by step().
    result = sd_bus_call_async(bus_.get(), nullptr, raw, &take_reply, pending,
                               std::numeric_limits<std::uint64_t>::max());
  }
  if (result < 0) return failed(source_, call.member, result);
  return {};
}

std::vector<Result<Json>> SystemBus::call_all(std::span<const BusCall> calls, Deadline deadline) {
  std::size_t open = 0;
  std::vector<Pending> pending(calls.size());
  Result<> state;
  if (!bus_) state = fail(Errc::kTimeout, source_ + ": no answer in time to an earlier question");
  for (std::size_t i = 0; i < calls.size() && state; ++i) {
    pending[i].open = &open;
    state = send(calls[i], &pending[i]);
    if (state) ++open;
  }
  while (open > 0 && state) state = step(deadline, calls.front().member);
  // Whoever did not answer must not find a place that is gone.
  if (open > 0) bus_.reset();
  const Error no_reply = state ? Error{Errc::kUnreachable, source_ + ": no reply"} : state.error();
  std::vector<Result<Json>> answers;
  answers.reserve(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (pending[i].reply) {
      answers.push_back(answer_in(pending[i].reply.get(), calls[i].only));
      pending[i].reply.reset();
    } else {
      answers.push_back(std::unexpected(no_reply));
    }
  }
  return answers;
}

}  // namespace postflight::host
