// SPDX-License-Identifier: Apache-2.0
// Dumps of inet_diag by libmnl. A dump is read to its end before anything is concluded from it.
#include "host/sock_diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "host/proc_net.h"

namespace postflight::host {
namespace {

// Not in a header for user space: include/net/tcp_states.h in the kernel.
constexpr std::uint32_t kListen = 1U << 10;
constexpr std::uint32_t kClose = 1U << 7;  // a UDP socket without a peer

// Big enough that 10,000 sockets take a few dozen reads; the kernel fills what it is offered.
constexpr std::size_t kBufferBytes = 128 * 1024;
constexpr int kAttempts = 5;

using NetlinkSocket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

bool is_link_local(const in6_addr& address) {
  return address.s6_addr[0] == 0xFE && (address.s6_addr[1] & 0xC0) == 0x80;
}

std::string address_text(const inet_diag_sockid& id, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, id.idiag_src, text.data(), text.size());
  std::string address = text.data();
  in6_addr v6;
  std::memcpy(&v6, id.idiag_src, sizeof v6);
  std::array<char, IF_NAMESIZE> name{};
  if (family == AF_INET6 && id.idiag_if != 0 && is_link_local(v6) &&
      ::if_indextoname(id.idiag_if, name.data())) {
    address.append("%").append(name.data());
  }
  return address;
}

bool v6only_of(const nlmsghdr* header) {
  const auto* tail = static_cast<const char*>(mnl_nlmsg_get_payload_tail(header));
  const auto* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(header, sizeof(inet_diag_msg)));
  const auto left = [&] {
    return static_cast<int>(tail - reinterpret_cast<const char*>(attribute));
  };
  for (; mnl_attr_ok(attribute, left()); attribute = mnl_attr_next(attribute)) {
    if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
        mnl_attr_get_payload_len(attribute) >= 1) {
      return mnl_attr_get_u8(attribute) != 0;
    }
  }
  return false;
}

/// The socket one message tells of; false where the message is too short or of no family we asked
/// for.
bool read_socket(const nlmsghdr* header, Transport transport, ListeningSocket& socket) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(inet_diag_msg)) return false;
  inet_diag_msg message;  // copied: a buffer from elsewhere need not be aligned
  std::memcpy(&message, mnl_nlmsg_get_payload(header), sizeof message);
  if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return false;
  socket.transport = transport;
  socket.ipv6 = message.idiag_family == AF_INET6;
  socket.v6only = socket.ipv6 && v6only_of(header);
  socket.address = address_text(message.id, message.idiag_family);
  socket.port = ntohs(message.id.idiag_sport);
  socket.inode = message.idiag_inode;
  socket.uid = message.idiag_uid;
  // For UDP the same fields count bytes in the queues (udp_diag_get_info), which is no backlog.
  if (transport == Transport::tcp) {
    socket.backlog = message.idiag_rqueue;
    socket.backlog_limit = message.idiag_wqueue;
  }
  return true;
}

Result<DumpState> read_error(const nlmsghdr* header) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(int)) {
    return fail(Errc::kMalformed, "sock_diag: an error message is cut short");
  }
  int negative_errno = 0;
  std::memcpy(&negative_errno, mnl_nlmsg_get_payload(header), sizeof negative_errno);
  if (negative_errno == 0) return DumpState::kDone;
  // The kernel says ENOENT where no handler for this protocol is built in or can be loaded.
  if (negative_errno == -ENOENT) return fail(Errc::kUnsupported, "sock_diag: no such module");
  return fail_errno("sock_diag",
                    negative_errno < 0 && negative_errno > -4096 ? -negative_errno : EIO);
}

Result<NetlinkSocket> open_netlink() {
  NetlinkSocket socket{mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK),
                       mnl_socket_close};
  if (!socket) return fail_errno("open NETLINK_SOCK_DIAG", errno);
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return fail_errno("bind NETLINK_SOCK_DIAG", errno);
  }
  return socket;
}

Result<> send_request(mnl_socket* socket, int family, Transport transport, std::uint32_t sequence) {
  std::array<char, 256> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = sequence;
  auto* request =
      static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
  request->sdiag_family = static_cast<std::uint8_t>(family);
  request->sdiag_protocol = transport == Transport::tcp ? IPPROTO_TCP : IPPROTO_UDP;
  request->idiag_states = transport == Transport::tcp ? kListen : kClose;
  if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0) {
    return fail_errno("send to NETLINK_SOCK_DIAG", errno);
  }
  return {};
}

Result<std::size_t> receive(mnl_socket* socket, std::span<char> buffer, Deadline deadline) {
  while (true) {
    const ssize_t count = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    // libmnl turns MSG_TRUNC into ENOSPC: a cut message must not pass for a short list.
    if (errno == ENOSPC) return fail(Errc::kMalformed, "sock_diag: a message did not fit");
    if (errno != EAGAIN && errno != EINTR)
      return fail_errno("receive from NETLINK_SOCK_DIAG", errno);
    if (deadline.passed()) return fail(Errc::kTimeout, "sock_diag: no answer before the deadline");
    pollfd wait{mnl_socket_get_fd(socket), POLLIN, 0};
    ::poll(&wait, 1, deadline.left_for_poll());
  }
}

/// One dump of one table; kInterrupted where it must be asked for again.
Result<DumpState> dump_once(int family, Transport transport, Deadline deadline,
                            std::vector<ListeningSocket>& sockets) {
  PF_TRY_ASSIGN(const NetlinkSocket socket, open_netlink());
  PF_TRY(send_request(socket.get(), family, transport, 1));
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    PF_TRY_ASSIGN(const std::size_t count, receive(socket.get(), buffer, deadline));
    PF_TRY_ASSIGN(const DumpState state,
                  parse_diag_messages(std::span{buffer}.first(count), transport, sockets));
    if (state != DumpState::kMore) return state;
  }
}

Result<> dump_table(int family, Transport transport, Deadline deadline,
                    std::vector<ListeningSocket>& sockets) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::vector<ListeningSocket> table;
    PF_TRY_ASSIGN(const DumpState state, dump_once(family, transport, deadline, table));
    if (state == DumpState::kInterrupted) continue;
    std::ranges::move(table, std::back_inserter(sockets));
    return {};
  }
  return fail(Errc::kUnreachable, "sock_diag: the table of sockets changed each time it was read");
}

/// Not mnl_nlmsg_ok(): that takes a length beyond 2 GiB for a negative one, which always fits.
bool is_whole(const nlmsghdr* header, int left) {
  return left >= static_cast<int>(sizeof(nlmsghdr)) && header->nlmsg_len >= sizeof(nlmsghdr) &&
         header->nlmsg_len <= static_cast<std::uint32_t>(left);
}

}  // namespace

Result<DumpState> parse_diag_messages(std::span<const char> buffer, Transport transport,
                                      std::vector<ListeningSocket>& sockets) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
  int left = static_cast<int>(buffer.size());
  for (; is_whole(header, left); header = mnl_nlmsg_next(header, &left)) {
    if (header->nlmsg_flags & NLM_F_DUMP_INTR) return DumpState::kInterrupted;
    if (header->nlmsg_type == NLMSG_DONE) return DumpState::kDone;
    if (header->nlmsg_type == NLMSG_ERROR) return read_error(header);
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    ListeningSocket socket;
    if (!read_socket(header, transport, socket)) {
      return fail(Errc::kMalformed, "sock_diag: a message is cut short");
    }
    if (socket.port != 0) sockets.push_back(std::move(socket));
  }
  if (left > 0) return fail(Errc::kMalformed, "sock_diag: a message is cut short");
  return DumpState::kMore;
}

Result<std::vector<ListeningSocket>> listening_sockets_from_netlink(Deadline deadline) {
  std::vector<ListeningSocket> sockets;
  for (const Transport transport : {Transport::tcp, Transport::udp}) {
    for (const int family : {AF_INET, AF_INET6}) {
      PF_TRY(dump_table(family, transport, deadline, sockets));
    }
  }
  return sockets;
}

Result<ListeningSockets> listening_sockets(Deadline deadline, const std::string& root) {
  auto from_netlink = listening_sockets_from_netlink(deadline);
  if (from_netlink) return ListeningSockets{*std::move(from_netlink), "NETLINK_SOCK_DIAG"};
  if (from_netlink.error().code == Errc::kTimeout) {
    return std::unexpected(std::move(from_netlink).error());
  }
  PF_TRY_ASSIGN(auto sockets, listening_sockets_from_proc(root, deadline));
  return ListeningSockets{std::move(sockets), "/proc/net/{tcp,tcp6,udp,udp6}"};
}

}  // namespace postflight::host
