// SPDX-License-Identifier: Apache-2.0
#include "host/testing/bus_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace postflight::host::testing {

namespace {

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

FileDescriptor listen_at(const std::string& path) {
  FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) throw std::system_error(errno, std::generic_category(), "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::length_error("path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 8) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen at " + path);
  }
  return socket;
}

/// Waits for one of two descriptors; true where the first one has something.
bool ready(int fd, short events, int stop, int timeout_ms) {
  std::array<pollfd, 2> both{{{fd, events, 0}, {stop, POLLIN, 0}}};
  ::poll(both.data(), both.size(), timeout_ms);
  return both[1].revents == 0 && both[0].revents != 0;
}

bool stopped(int stop) {
  pollfd one{stop, POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

/// Length of the first complete type of a signature.
std::size_t type_length(std::string_view signature) {
  if (signature[0] == 'a') return 1 + type_length(signature.substr(1));
  if (signature[0] != '(' && signature[0] != '{') return 1;
  int depth = 0;
  std::size_t i = 0;
  do {
    depth += signature[i] == '(' || signature[i] == '{';
    depth -= signature[i] == ')' || signature[i] == '}';
    ++i;
  } while (depth > 0);
  return i;
}

void append(sd_bus_message* message, std::string_view type, const Json& value);

void append_all(sd_bus_message* message, std::string_view signature, const Json& values) {
  for (const Json& value : values) {
    const auto length = type_length(signature);
    append(message, signature.substr(0, length), value);
    signature.remove_prefix(length);
  }
}

void append_basic(sd_bus_message* message, char type, const Json& value) {
  switch (type) {
    case 'b': {
      const int flag = value.get<bool>();
      return check(sd_bus_message_append_basic(message, type, &flag), "append");
    }
    case 'i': {
      const auto number = value.get<std::int32_t>();
      return check(sd_bus_message_append_basic(message, type, &number), "append");
    }
    case 'u': {
      const auto number = value.get<std::uint32_t>();
      return check(sd_bus_message_append_basic(message, type, &number), "append");
    }
    case 't':
    case 'x': {
      const auto number = value.get<std::uint64_t>();
      return check(sd_bus_message_append_basic(message, type, &number), "append");
    }
    default: {
      const auto text = value.get<std::string>();
      return check(sd_bus_message_append_basic(message, type, text.c_str()), "append");
    }
  }
}

void append(sd_bus_message* message, std::string_view type, const Json& value) {
  const std::string inside(type.substr(1));
  if (type[0] == 'v') {
    const auto held = value.at("type").get<std::string>();
    check(sd_bus_message_open_container(message, 'v', held.c_str()), "open");
    append(message, held, value.at("data"));
    check(sd_bus_message_close_container(message), "close");
  } else if (type[0] == 'a') {
    check(sd_bus_message_open_container(message, 'a', inside.c_str()), "open");
    if (inside[0] == '{') {
      const std::string pair = inside.substr(1, inside.size() - 2);
      for (const auto& [key, one] : value.items()) {
        check(sd_bus_message_open_container(message, 'e', pair.c_str()), "open");
        append_basic(message, pair[0], Json(key));
        append(message, std::string_view(pair).substr(1), one);
        check(sd_bus_message_close_container(message), "close");
      }
    } else {
      for (const Json& one : value) append(message, inside, one);
    }
    check(sd_bus_message_close_container(message), "close");
  } else if (type[0] == '(') {
    const std::string fields = inside.substr(0, inside.size() - 1);
    check(sd_bus_message_open_container(message, 'r', fields.c_str()), "open");
    append_all(message, fields, value);
    check(sd_bus_message_close_container(message), "close");
  } else {
    append_basic(message, type[0], value);
  }
}

std::string bytes_of(BadSocket::Kind kind) {
  if (kind == BadSocket::Kind::kDrip) return "O";
  if (kind == BadSocket::Kind::kEndless) return std::string(4096, 'x');
  return "\x1b[2J no D-Bus\r\nat all\r\nnor ever\r\n";
}

}  // namespace

/// One connection.
struct BusSession {
  BusServer& server;
  bool over = false;

  static int on_message(sd_bus_message* call, void* data, sd_bus_error*) {
    auto& self = *static_cast<BusSession*>(data);
    if (sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0) return 0;
    BusQuestion question{sd_bus_message_get_path(call),
                         sd_bus_message_get_interface(call),
                         sd_bus_message_get_member(call),
                         {}};
    const char* text = nullptr;
    while (sd_bus_message_read_basic(call, 's', static_cast<void*>(&text)) > 0)
      question.argument = text;
    const BusReply reply = self.server.answer_(question);
    ++self.server.questions_;
    if (reply.silent) return 1;
    if (reply.hang_up) {
      self.over = true;
      return 1;
    }
    if (!reply.error.empty()) {
      return sd_bus_reply_method_errorf(call, reply.error.c_str(), "%s", "said the test");
    }
    sd_bus_message* raw = nullptr;
    check(sd_bus_message_new_method_return(call, &raw), "reply");
    append_all(raw, reply.type, reply.data);
    check(sd_bus_send(nullptr, raw, nullptr), "send");
    sd_bus_message_unref(raw);
    return 1;
  }

  void talk(int fd, int stop) {
    sd_bus* bus = nullptr;
    check(sd_bus_new(&bus), "new");
    sd_id128_t id{};
    id.bytes[0] = 1;
    check(sd_bus_set_fd(bus, fd, fd), "fd");
    check(sd_bus_set_server(bus, 1, id), "server");
    check(sd_bus_add_filter(bus, nullptr, &on_message, this), "filter");
    check(sd_bus_start(bus), "start");
    while (!over && !stopped(stop)) {
      const int done = sd_bus_process(bus, nullptr);
      if (done < 0) break;
      if (done == 0) ready(fd, static_cast<short>(sd_bus_get_events(bus)), stop, 100);
    }
    sd_bus_close_unref(bus);
  }
};

BusServer::BusServer(const std::string& path, Answer answer)
    : answer_(std::move(answer)),
      listener_(listen_at(path)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { serve(); }) {}

BusServer::~BusServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void BusServer::serve() {
  while (!stopped(stop_.get())) {
    if (!ready(listener_.get(), POLLIN, stop_.get(), -1)) continue;
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) BusSession{*this}.talk(fd, stop_.get());
  }
}

BadSocket::BadSocket(const std::string& path, Kind kind)
    : kind_(kind),
      listener_(listen_at(path)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { serve(); }) {}

BadSocket::~BadSocket() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void BadSocket::serve() {
  while (!stopped(stop_.get())) {
    if (!ready(listener_.get(), POLLIN, stop_.get(), -1)) continue;
    const FileDescriptor peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    const std::string bytes = bytes_of(kind_);
    if (kind_ == Kind::kCloseAtOnce) continue;
    while (!stopped(stop_.get())) {
      if (kind_ != Kind::kSilent &&
          ::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
          errno == EPIPE) {
        break;
      }
      const bool once = kind_ == Kind::kGarbage || kind_ == Kind::kSilent;
      ready(stop_.get(), POLLIN, stop_.get(), once ? -1 : (kind_ == Kind::kDrip ? 100 : 1));
    }
  }
}

}  // namespace postflight::host::testing
