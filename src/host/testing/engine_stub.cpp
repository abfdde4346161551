// SPDX-License-Identifier: Apache-2.0
#include "host/testing/engine_stub.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace postflight::host::testing {
namespace {

[[noreturn]] void give_up(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

FileDescriptor bound_to(const std::string& path) {
  FileDescriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd || path.size() >= sizeof address.sun_path) give_up("socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    give_up("bind");
  }
  return fd;
}

bool wait_for_input(int fd, int stop) {
  std::array<pollfd, 2> both{pollfd{fd, POLLIN, 0}, pollfd{stop, POLLIN, 0}};
  return ::poll(both.data(), both.size(), -1) > 0 && (both[1].revents & POLLIN) == 0;
}

/// The path of the request line, once the whole head has come.
std::string read_path(int fd, int stop) {
  std::string head;
  std::array<char, 4096> buffer;
  while (head.find("\r\n\r\n") == std::string::npos) {
    if (!wait_for_input(fd, stop)) return {};
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) return {};
    head.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const auto begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

EngineStub::EngineStub(Answer answer, const std::string& name)
    : answer_(std::move(answer)),
      path_(folder_.path() + "/" + name),
      listener_(bound_to(path_)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (::listen(listener_.get(), 64) != 0 || !stop_) give_up("listen");
  thread_ = std::thread([this] { serve(); });
}

EngineStub::~EngineStub() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void EngineStub::serve() {
  while (wait_for_input(listener_.get(), stop_.get())) {
    FileDescriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client) continue;
    ++connections_;
    const std::string path = read_path(client.get(), stop_.get());
    const auto bytes = path.empty() ? std::optional<std::string>{""} : answer_(path);
    if (bytes) {
      send_all(client.get(), *bytes);
    } else {
      silent_.push_back(std::move(client));
    }
  }
}

std::string http_answer(int status, std::string_view body, std::string_view headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
  out += headers;
  out += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
  out += body;
  return out;
}

DeadSocket::DeadSocket() : path_(folder_.path() + "/docker.sock"), socket_(bound_to(path_)) {}

}  // namespace postflight::host::testing
