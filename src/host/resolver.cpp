// SPDX-License-Identifier: Apache-2.0
// c-ares driven by poll(2), so that no wait can outlast the deadline.
#include "host/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <tuple>

#include "base/text.h"

namespace postflight::host {
namespace {

// Each server gets its turn more than once within the time there is, so that one silent server does
// not hide another that answers.
constexpr int kRounds = 4;
constexpr Duration kLongestTurn{2000};

struct Answer {
  std::optional<int> status;
  std::vector<std::string> addresses;
};

void keep_addresses(const ares_addrinfo& info, std::vector<std::string>& addresses) {
  for (const ares_addrinfo_node* node = info.nodes; node; node = node->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes =
        node->ai_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr)
            : &reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr;
    if (::inet_ntop(node->ai_family, bytes, text.data(), text.size())) {
      addresses.emplace_back(text.data());
    }
  }
}

void on_answer(void* user, int status, int /*timeouts*/, ares_addrinfo* info) {
  auto& answer = *static_cast<Answer*>(user);
  answer.status = status;
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owner{info, ares_freeaddrinfo};
  if (info) keep_addresses(*info, answer.addresses);
}

/// Ends every query in flight before the Answer it would write to is gone.
class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (channel_) ares_destroy(channel_);
  }

  Result<> open(const ResolveOptions& options, Deadline deadline, int flags) {
    ares_options settings{};
    settings.flags = flags;
    settings.timeout =
        static_cast<int>(std::clamp(deadline.left() / kRounds, Duration{20}, kLongestTurn).count());
    settings.tries = kRounds;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    std::string path = options.resolv_conf;
    if (!path.empty()) {
      settings.resolvconf_path = path.data();
      mask |= ARES_OPT_RESOLVCONF;
    }
    std::string dns_only = "b";
    if (!options.servers.empty()) {
      settings.lookups = dns_only.data();
      mask |= ARES_OPT_LOOKUPS;
    }
    int status = ares_init_options(&channel_, &settings, mask);
    if (status == ARES_SUCCESS && !options.servers.empty()) {
      status = ares_set_servers_ports_csv(channel_, options.servers.c_str());
    }
    if (status == ARES_SUCCESS) return {};
    return fail(Errc::kUnsupported, std::string("c-ares: ") + ares_strerror(status));
  }

  ares_channel get() const { return channel_; }

 private:
  ares_channel channel_ = nullptr;
};

int wait_ms(ares_channel channel, Deadline deadline) {
  timeval most{}, buffer{};
  const auto left = deadline.left_for_poll();
  most.tv_sec = left / 1000;
  most.tv_usec = (left % 1000) * 1000;
  const timeval* next = ares_timeout(channel, &most, &buffer);
  return static_cast<int>(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

/// Waits for whatever comes first: an answer, the end of a server's turn, the deadline.
void turn(ares_channel channel, Deadline deadline) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
  const int wanted = ares_getsock(channel, sockets.data(), sockets.size());
  std::vector<pollfd> entries;
  for (unsigned i = 0; i < sockets.size(); ++i) {
    const int events = (ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
                       (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0);
    if (events != 0) entries.push_back({sockets[i], static_cast<short>(events), 0});
  }
  ::poll(entries.data(), entries.size(), wait_ms(channel, deadline));
  for (const pollfd& entry : entries) {
    const bool readable = entry.revents & (POLLIN | POLLERR | POLLHUP);
    const bool writable = entry.revents & (POLLOUT | POLLERR | POLLHUP);
    ares_process_fd(channel, readable ? entry.fd : ARES_SOCKET_BAD,
                    writable && (entry.events & POLLOUT) ? entry.fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // lets turns end
}

std::unexpected<Error> failure(int status, const std::string& name) {
  const std::string what = "resolve \"" + excerpt(name) + "\": ";
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return fail(Errc::kNotFound, what + "no such name");
    case ARES_ENODATA: return fail(Errc::kNotFound, what + "the name has no address");
    case ARES_ETIMEOUT: return fail(Errc::kTimeout, what + "no DNS server answered in time");
    case ARES_ESERVFAIL: return fail(Errc::kUnreachable, what + "the DNS server failed (SERVFAIL)");
    case ARES_ENOTIMP:
      return fail(Errc::kUnreachable, what + "the DNS server does not do this (NOTIMP)");
    case ARES_EREFUSED: return fail(Errc::kUnreachable, what + "the DNS server refused (REFUSED)");
    case ARES_ECONNREFUSED:
      return fail(Errc::kUnreachable, what + "no DNS server could be asked: connection refused");
    default: return fail(Errc::kMalformed, what + ares_strerror(status));
  }
}

/// One question to the servers; the answer's status is never empty afterwards.
Result<> ask(const std::string& name, Deadline deadline, const ResolveOptions& options, int flags,
             Answer& answer) {
  Channel channel;  // ends before the answer, because its end still calls on_answer()
  PF_TRY(channel.open(options, deadline, flags));
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  answer = {};
  ares_getaddrinfo(channel.get(), name.c_str(), nullptr, &hints, on_answer, &answer);
  while (!answer.status) {
    if (deadline.passed()) return failure(ARES_ETIMEOUT, name);
    turn(channel.get(), deadline);
  }
  return {};
}

/// An address needs no server, and c-ares 1.18 does not always see that "127.0.0.1" is one.
bool is_numeric(const std::string& name) {
  in6_addr address{};
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

}  // namespace

Result<std::vector<std::string>> resolve(const std::string& name, Deadline deadline,
                                         const ResolveOptions& options) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    return fail(Errc::kMalformed, "an empty name, or one with a NUL in it, cannot be resolved");
  }
  if (is_numeric(name)) return std::vector{name};
  Answer answer;
  PF_TRY(ask(name, deadline, options, 0, answer));
  // c-ares passes over a server that fails or refuses, and says "connection refused" when none is
  // left. Asked again to take such an answer for one, it tells what the servers really said.
  if (*answer.status == ARES_ECONNREFUSED) {
    PF_TRY(ask(name, deadline, options, ARES_FLAG_NOCHECKRESP, answer));
  }
  if (*answer.status != ARES_SUCCESS) return failure(*answer.status, name);
  if (answer.addresses.empty()) return failure(ARES_ENODATA, name);
  std::ranges::sort(answer.addresses, {}, [](const std::string& address) {
    return std::tuple(address.find(':') != std::string::npos, address);
  });
  const auto repeated = std::ranges::unique(answer.addresses);
  answer.addresses.erase(repeated.begin(), repeated.end());
  return std::move(answer.addresses);
}

}  // namespace postflight::host
