// SPDX-License-Identifier: Apache-2.0
// A non-blocking socket and poll(2): every wait is bounded by the caller's deadline.
#include "host/tcp.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "model/topology.h"

namespace postflight::host {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool operator==(const SocketAddress& other) const {
    return length == other.length && std::memcmp(&storage, &other.storage, length) == 0;
  }
};

Result<SocketAddress> parse_address(const std::string& text, std::uint16_t port) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof *v4;
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  const auto percent = text.find('%');
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    if (percent != std::string::npos) {
      v6->sin6_scope_id = ::if_nametoindex(text.c_str() + percent + 1);
    }
    address.length = sizeof *v6;
    return address;
  }
  return fail(Errc::kMalformed, "\"" + text + "\" is not a numeric address");
}

std::unexpected<Error> network_error(std::string_view doing, const std::string& peer,
                                     int error_number) {
  const std::string what = std::string(doing) + " " + peer;
  switch (error_number) {
    case ECONNREFUSED: return fail(Errc::kUnreachable, what + ": connection refused");
    case EPIPE:
    case ECONNRESET: return fail(Errc::kUnreachable, what + ": connection reset by the peer");
    default: return fail_errno(what, error_number);
  }
}

/// The kernel may connect a socket to itself when it picks the very port as its source (RFC 9293
/// section 3.5, simultaneous open); nobody listens there, however well it echoes.
bool is_self_connection(int fd) {
  SocketAddress self, peer;
  self.length = peer.length = sizeof(sockaddr_storage);
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&self.storage), &self.length) == 0 &&
         ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length) == 0 &&
         self == peer;
}

}  // namespace

Result<> TcpStream::wait(short events, Deadline deadline, std::string_view doing) const {
  while (true) {
    pollfd entry{fd_.get(), events, 0};
    const int count = ::poll(&entry, 1, deadline.left_for_poll());
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno("poll", errno);
    if (deadline.passed()) {
      return fail(Errc::kTimeout, std::string(doing) + " " + peer_ + ": no answer in time");
    }
  }
}

Result<TcpStream> TcpStream::connect(const std::string& address, std::uint16_t port,
                                     Deadline deadline, const std::string& local_address) {
  PF_TRY_ASSIGN(const SocketAddress remote, parse_address(address, port));
  FileDescriptor fd{
      ::socket(remote.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  if (!fd) return fail_errno("socket", errno);
  TcpStream stream{std::move(fd), format_endpoint(address, port)};
  if (!local_address.empty()) {
    PF_TRY_ASSIGN(const SocketAddress local, parse_address(local_address, 0));
    if (::bind(stream.fd(), local.get(), local.length) != 0) {
      return fail_errno("bind to " + local_address, errno);
    }
  }
  const int one = 1;  // probes speak in small turns; waiting to fill a segment only costs time
  ::setsockopt(stream.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int error = ::connect(stream.fd(), remote.get(), remote.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    PF_TRY(stream.wait(POLLOUT, deadline, "connect"));
    socklen_t size = sizeof error;
    ::getsockopt(stream.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0 && is_self_connection(stream.fd())) error = ECONNREFUSED;
  if (error != 0) return network_error("connect", stream.peer_, error);
  return stream;
}

Result<> TcpStream::send_all(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      PF_TRY(wait(POLLOUT, deadline, "send to"));
    } else if (errno != EINTR) {
      return network_error("send to", peer_, errno);
    }
    if (!bytes.empty() && deadline.passed()) {
      return fail(Errc::kTimeout, "send to " + peer_ + ": not taken in time");
    }
  }
  return {};
}

/// Adds what comes next to pending_, at most `limit` bytes; 0 where the peer has closed.
Result<std::size_t> TcpStream::fill(std::size_t limit, Deadline deadline) {
  std::array<char, 16 * 1024> buffer;
  while (true) {
    // Asked before every read, so that a peer that always has another byte cannot hold us.
    if (deadline.passed()) {
      return fail(Errc::kTimeout, "read from " + peer_ + ": no complete answer in time");
    }
    const ssize_t count = ::recv(fd_.get(), buffer.data(), std::min(limit, buffer.size()), 0);
    if (count >= 0) {
      pending_.append(buffer.data(), static_cast<std::size_t>(count));
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) {
      PF_TRY(wait(POLLIN, deadline, "read from"));
    } else if (errno != EINTR) {
      return network_error("read from", peer_, errno);
    }
  }
}

std::string TcpStream::take(std::size_t count) {
  std::string bytes = pending_.substr(0, count);
  pending_.erase(0, count);
  return bytes;
}

Result<std::string> TcpStream::read_some(std::size_t limit, Deadline deadline) {
  if (pending_.empty()) PF_TRY(fill(limit, deadline));
  return take(limit);
}

Result<std::string> TcpStream::read_until(std::string_view end, std::size_t limit,
                                          Deadline deadline) {
  for (std::size_t searched = 0;;) {
    const auto at = pending_.find(end, searched);
    if (at != std::string::npos && at + end.size() <= limit) return take(at + end.size());
    if (pending_.size() >= limit) {
      return fail(Errc::kMalformed, "read from " + peer_ + ": " + std::to_string(limit) +
                                        " bytes without the expected end");
    }
    searched = pending_.size() - std::min(pending_.size(), end.size() - 1);
    PF_TRY_ASSIGN(const std::size_t count, fill(limit - pending_.size(), deadline));
    if (count == 0) {
      return fail(Errc::kUnreachable,
                  "read from " + peer_ + ": closed before the answer was complete");
    }
  }
}

Result<std::string> TcpStream::read_exactly(std::size_t count, Deadline deadline) {
  while (pending_.size() < count) {
    PF_TRY_ASSIGN(const std::size_t came, fill(count - pending_.size(), deadline));
    if (came == 0) {
      return fail(Errc::kUnreachable,
                  "read from " + peer_ + ": closed before the answer was complete");
    }
  }
  return take(count);
}

}  // namespace postflight::host
