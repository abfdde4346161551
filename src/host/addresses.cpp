// SPDX-License-Identifier: Apache-2.0
// Tables of address blocks and interface names.
#include "host/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace postflight::host {
namespace {

constexpr std::array kContainerInterfaces = {
    "docker*", "br-*",     "veth*",    "podman*",  "cni*",  "virbr*", "lxcbr*",
    "lxdbr*",  "incusbr*", "nerdctl*", "flannel*", "cali*", "cbr0",   "kube-bridge"};

struct BlockV4 {
  std::uint32_t prefix;
  int bits;
  Exposure exposure;
};

constexpr std::array kBlocksV4 = {
    BlockV4{0x00000000, 32, Exposure::wildcard},
    BlockV4{0x7F000000, 8, Exposure::loopback},  // 127.0.0.0/8
    BlockV4{0x0A000000, 8, Exposure::local},     // 10.0.0.0/8, RFC 1918
    BlockV4{0xAC100000, 12, Exposure::local},    // 172.16.0.0/12
    BlockV4{0xC0A80000, 16, Exposure::local},    // 192.168.0.0/16
    BlockV4{0x64400000, 10, Exposure::local},    // 100.64.0.0/10, RFC 6598: providers and VPNs
    BlockV4{0xA9FE0000, 16, Exposure::local},    // 169.254.0.0/16, RFC 3927
    BlockV4{0xC0000200, 24, Exposure::local},    // 192.0.2.0/24, RFC 5737: documentation,
    BlockV4{0xC6336400, 24, Exposure::local},    // 198.51.100.0/24, not routed
    BlockV4{0xCB007100, 24, Exposure::local},    // 203.0.113.0/24, not routed
    BlockV4{0xC6120000, 15, Exposure::local},    // 198.18.0.0/15, RFC 2544: benchmarks
    BlockV4{0xE0000000, 4, Exposure::local},     // multicast
    BlockV4{0xFFFFFFFF, 32, Exposure::local},    // broadcast
};

Exposure classify_v4(std::uint32_t address) {
  for (const BlockV4& block : kBlocksV4) {
    if ((address ^ block.prefix) >> (32 - block.bits) == 0) return block.exposure;
  }
  return Exposure::global;
}

Exposure classify_v6(const in6_addr& address) {
  const std::uint8_t* byte = address.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::uint32_t v4;
    std::memcpy(&v4, byte + 12, sizeof v4);
    return classify_v4(ntohl(v4));
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&address)) return Exposure::wildcard;
  if (IN6_IS_ADDR_LOOPBACK(&address)) return Exposure::loopback;
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return Exposure::local;  // fe80::/10
  if ((byte[0] & 0xFE) == 0xFC) return Exposure::local;         // fc00::/7, RFC 4193
  if (byte[0] == 0xFF) return Exposure::local;                  // multicast
  const bool documentation =
      byte[0] == 0x20 && byte[1] == 0x01 && byte[2] == 0x0D && byte[3] == 0xB8;
  if (documentation) return Exposure::local;  // 2001:db8::/32, RFC 3849
  return Exposure::global;
}

Exposure classify_by_block(const std::string& address) {
  in_addr v4;
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return classify_v4(ntohl(v4.s_addr));
  in6_addr v6;
  if (::inet_pton(AF_INET6, address.c_str(), &v6) == 1) return classify_v6(v6);
  return Exposure::global;
}

/// The numeric address of one entry; empty for other families.
std::string numeric_address(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
                text.size());
  } else if (address->sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text.data(),
                text.size());
  }
  return text.data();
}

}  // namespace

Result<std::vector<InterfaceAddress>> interface_addresses() {
  ifaddrs* head = nullptr;
  if (::getifaddrs(&head) != 0) return fail_errno("getifaddrs", errno);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{head, ::freeifaddrs};
  std::vector<InterfaceAddress> addresses;
  for (const ifaddrs* entry = head; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || (entry->ifa_flags & IFF_LOOPBACK)) continue;
    const std::string address = numeric_address(entry->ifa_addr);
    if (address.empty() || classify_by_block(address) == Exposure::loopback) continue;
    addresses.push_back({address, printable_utf8(entry->ifa_name)});
  }
  std::ranges::sort(addresses, {}, [](const InterfaceAddress& a) {
    return std::tuple(a.address.find(':') != std::string::npos, a.address, a.interface);
  });
  return addresses;
}

bool is_container_interface(std::string_view interface) {
  return std::ranges::any_of(kContainerInterfaces, [&](std::string_view pattern) {
    return glob_match(pattern, interface);
  });
}

Exposure classify_exposure(std::string_view address, std::span<const InterfaceAddress> own) {
  const std::string plain(address.substr(0, address.find('%')));
  const Exposure by_block = classify_by_block(plain);
  if (by_block == Exposure::loopback || by_block == Exposure::wildcard) return by_block;
  std::string_view unmapped = plain;
  if (unmapped.starts_with("::ffff:")) unmapped.remove_prefix(7);
  const auto is_bridge = [&](const InterfaceAddress& one) {
    return one.address == unmapped && is_container_interface(one.interface);
  };
  return std::ranges::any_of(own, is_bridge) ? Exposure::container : by_block;
}

}  // namespace postflight::host
