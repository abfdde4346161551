// SPDX-License-Identifier: Apache-2.0
// Text tables of the kernel: addresses stand in them as 32-bit words in the machine's own byte
// order.
#include "host/proc_net.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

constexpr std::size_t kTableLimit = 64 * 1024 * 1024;

template <class T>
std::optional<T> parse_hex(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "0100007F" or 32 hexadecimal digits as an address in words.
std::optional<std::string> parse_address(std::string_view hex) {
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i * 8 < hex.size(); ++i) {
    const auto word = parse_hex<std::uint32_t>(hex.substr(i * 8, 8));
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(hex.size() == 8 ? AF_INET : AF_INET6, words.data(), text.data(), text.size());
  return std::string(text.data());
}

/// Columns: number, local, remote, state, tx:rx, timer, retransmits, uid, timeout, inode.
std::optional<ListeningSocket> parse_line(std::string_view line, Transport transport) {
  const auto words = split_words(line);
  if (words.size() < 10 || words[3] != (transport == Transport::tcp ? "0A" : "07")) {
    return std::nullopt;
  }
  const auto colon = words[1].find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(words[1].substr(0, colon));
  const auto port = parse_hex<std::uint16_t>(words[1].substr(colon + 1));
  const auto uid = parse_number<std::uint32_t>(words[7]);
  const auto inode = parse_number<std::uint64_t>(words[9]);
  const auto queued = parse_hex<std::uint32_t>(words[4].substr(words[4].find(':') + 1));
  if (!address || !port || *port == 0 || !uid || !inode || !queued) return std::nullopt;
  ListeningSocket socket;
  socket.transport = transport;
  socket.ipv6 = colon == 32;
  socket.address = *address;
  socket.port = *port;
  socket.inode = *inode;
  socket.uid = *uid;
  if (transport == Transport::tcp) socket.backlog = *queued;
  return socket;
}

}  // namespace

std::vector<ListeningSocket> parse_proc_net(std::string_view text, Transport transport) {
  std::vector<ListeningSocket> sockets;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (auto socket = parse_line(line, transport)) sockets.push_back(*std::move(socket));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return sockets;
}

Result<std::vector<ListeningSocket>> listening_sockets_from_proc(const std::string& root,
                                                                 Deadline deadline) {
  struct Table {
    std::string_view path;
    Transport transport;
  };
  constexpr std::array kTables = {
      Table{"/proc/net/tcp", Transport::tcp}, Table{"/proc/net/tcp6", Transport::tcp},
      Table{"/proc/net/udp", Transport::udp}, Table{"/proc/net/udp6", Transport::udp}};
  std::vector<ListeningSocket> sockets;
  for (const Table& table : kTables) {
    if (deadline.passed()) return fail(Errc::kTimeout, "/proc/net: the deadline passed");
    const auto text = read_file(under_root(root, table.path), kTableLimit);
    const bool may_be_missing = table.path.back() == '6';
    if (!text && text.error().code == Errc::kNotFound && may_be_missing) continue;
    if (!text) return std::unexpected(text.error());
    std::ranges::move(parse_proc_net(*text, table.transport), std::back_inserter(sockets));
  }
  return sockets;
}

}  // namespace postflight::host
