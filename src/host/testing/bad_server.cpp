// SPDX-License-Identifier: Apache-2.0
// One poll(2) loop per server; an eventfd ends it.
#include "host/testing/bad_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <vector>

namespace postflight::host::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Behaviour::Kind;

[[noreturn]] void give_up(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address make_address(const std::string& text, std::uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof *v6;
  }
  return address;
}

FileDescriptor bound_socket(int type, const std::string& text, std::uint16_t& port) {
  Address address = make_address(text, port);
  FileDescriptor fd{::socket(address.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) give_up("socket");
  const int one = 1;
  // So that a test may have "0.0.0.0" and "::" on one port.
  if (address.storage.ss_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  }
  if (::bind(fd.get(), address.get(), address.length) != 0) give_up("bind");
  ::getsockname(fd.get(), address.get(), &address.length);
  // sin_port and sin6_port stand at the same place.
  port = ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
  return fd;
}

FileDescriptor make_stop() {
  FileDescriptor fd{::eventfd(0, EFD_CLOEXEC)};
  if (!fd) give_up("eventfd");
  return fd;
}

void signal_stop(const FileDescriptor& fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd.get(), &one, sizeof one);
}

struct Connection {
  FileDescriptor fd;
  std::size_t number = 0;
  std::string received;
  std::string to_send;
  std::size_t next_byte = 0;
  Clock::time_point next_time = Clock::now();
  bool answered = false;
  bool close_when_sent = false;
  bool done = false;
};

void reset_connection(Connection& connection) {
  const linger hard{1, 0};
  ::setsockopt(connection.fd.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  connection.done = true;
}

void on_received(const Behaviour& behaviour, Connection& connection) {
  if (behaviour.kind == Kind::kReset) return reset_connection(connection);
  if (behaviour.kind == Kind::kFixed || behaviour.kind == Kind::kFixedAndClose) {
    if (!connection.answered) connection.to_send = behaviour.bytes;
    connection.answered = true;
    connection.close_when_sent = behaviour.kind == Kind::kFixedAndClose;
  }
  if (behaviour.kind != Kind::kReply) return;
  const auto reply = behaviour.reply(connection.number, connection.received);
  if (!reply) return;
  connection.received.clear();
  connection.to_send += *reply;
  connection.close_when_sent = reply->empty();
}

void receive(const Behaviour& behaviour, Connection& connection) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) connection.done = true;
  if (count <= 0) return;
  connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  on_received(behaviour, connection);
}

/// What this behaviour has to say without being asked.
void refill(const Behaviour& behaviour, Connection& connection) {
  if (behaviour.kind == Kind::kEndless && connection.to_send.empty()) {
    while (connection.to_send.size() < 64 * 1024) connection.to_send += behaviour.bytes;
  }
  if (behaviour.kind == Kind::kDrip && Clock::now() >= connection.next_time) {
    connection.to_send += behaviour.bytes[connection.next_byte++ % behaviour.bytes.size()];
    connection.next_time += std::chrono::seconds{1};
  }
}

void send_pending(Connection& connection) {
  if (!connection.to_send.empty()) {
    const ssize_t count = ::send(connection.fd.get(), connection.to_send.data(),
                                 connection.to_send.size(), MSG_NOSIGNAL);
    if (count > 0) connection.to_send.erase(0, static_cast<std::size_t>(count));
    if (count < 0 && errno != EAGAIN && errno != EINTR) connection.done = true;
  }
  if (connection.to_send.empty() && connection.close_when_sent) connection.done = true;
}

bool wants_to_write(const Behaviour& behaviour, const Connection& connection) {
  return !connection.to_send.empty() || connection.close_when_sent ||
         behaviour.kind == Kind::kEndless;
}

}  // namespace

Behaviour Behaviour::garbage() {
  return {Kind::kEndless, std::string("\x00\xFF\xFE{]garbage\r\n\x1B[2J\x80\x00", 19), {}, {}};
}

std::string BadServer::url(std::string_view path, std::string_view scheme) const {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

BadServer::BadServer(Behaviour behaviour) : behaviour_(std::move(behaviour)), stop_(make_stop()) {
  ListeningPort listening = listen_on("127.0.0.1", 0, 64);
  listener_ = std::move(listening.socket);
  port_ = listening.port;
  thread_ = std::thread([this] { serve(); });
}

BadServer::~BadServer() {
  signal_stop(stop_);
  thread_.join();
}

void BadServer::serve() {
  std::vector<Connection> connections;
  while (true) {
    std::vector<pollfd> entries{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Connection& one : connections) {
      const int events = POLLIN | (wants_to_write(behaviour_, one) ? POLLOUT : 0);
      entries.push_back({one.fd.get(), static_cast<short>(events), 0});
    }
    ::poll(entries.data(), entries.size(), behaviour_.kind == Kind::kDrip ? 50 : -1);
    if (entries[0].revents) return;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (entries[i + 2].revents & (POLLIN | POLLERR | POLLHUP))
        receive(behaviour_, connections[i]);
      refill(behaviour_, connections[i]);
      if (!connections[i].done) send_pending(connections[i]);
    }
    std::erase_if(connections, [](const Connection& one) { return one.done; });
    if (!(entries[1].revents & POLLIN)) continue;
    FileDescriptor fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd) continue;
    Connection fresh;
    fresh.number = connections_++;
    fresh.fd = std::move(fd);
    fresh.to_send = behaviour_.head;
    if (behaviour_.kind != Kind::kCloseAtOnce) connections.push_back(std::move(fresh));
  }
}

RefusedPort::RefusedPort() : socket_(bound_socket(SOCK_STREAM, "127.0.0.1", port_)) {}

UdpServer::UdpServer(Reply reply)
    : reply_(std::move(reply)),
      socket_(bound_socket(SOCK_DGRAM, "127.0.0.1", port_)),
      stop_(make_stop()),
      thread_([this] { serve(); }) {}

UdpServer::~UdpServer() {
  signal_stop(stop_);
  thread_.join();
}

void UdpServer::serve() {
  std::array<char, 64 * 1024> buffer;
  while (true) {
    std::array<pollfd, 2> entries{{{stop_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
    ::poll(entries.data(), entries.size(), -1);
    if (entries[0].revents) return;
    Address from;
    from.length = sizeof from.storage;
    const ssize_t count =
        ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, from.get(), &from.length);
    if (count < 0) continue;
    ++datagrams_;
    if (const auto reply = reply_({buffer.data(), static_cast<std::size_t>(count)})) {
      ::sendto(socket_.get(), reply->data(), reply->size(), 0, from.get(), from.length);
    }
  }
}

ListeningPort listen_on(const std::string& address, std::uint16_t port, int backlog) {
  ListeningPort result;
  result.port = port;
  result.socket = bound_socket(SOCK_STREAM, address, result.port);
  if (::listen(result.socket.get(), backlog) != 0) give_up("listen");
  return result;
}

}  // namespace postflight::host::testing
