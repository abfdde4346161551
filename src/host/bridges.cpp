// SPDX-License-Identifier: Apache-2.0
#include "host/bridges.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <memory>
#include <tuple>

#include "base/text.h"
#include "host/addresses.h"
#include "host/files.h"
#include "host/rooted.h"

namespace postflight::host {
namespace {

struct Bytes {
  std::array<unsigned char, 16> value{};
  std::size_t size = 0;  // 4 or 16; 0 for other families
};

Bytes bytes_of(const sockaddr* address) {
  Bytes bytes;
  if (!address) return bytes;
  const auto take = [&](const void* from, std::size_t size) {
    const auto* first = static_cast<const unsigned char*>(from);
    std::copy(first, first + size, bytes.value.begin());
    bytes.size = size;
  };
  if (address->sa_family == AF_INET) {
    take(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  } else if (address->sa_family == AF_INET6) {
    take(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  }
  return bytes;
}

std::string text_of(const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(bytes.size == 4 ? AF_INET : AF_INET6, bytes.value.data(), text.data(), text.size());
  return text.data();
}

std::string subnet_of(Bytes address, const Bytes& mask) {
  int bits = 0;
  for (std::size_t i = 0; i < address.size; ++i) {
    address.value[i] &= mask.value[i];
    bits += std::popcount(mask.value[i]);
  }
  return text_of(address) + "/" + std::to_string(bits);
}

bool is_link_local(const Bytes& address) {
  return address.size == 16 && address.value[0] == 0xFE && (address.value[1] & 0xC0) == 0x80;
}

std::uint32_t members_of(const std::string& interface, const std::string& root) {
  const auto members = list_folder(under_root(root, "/sys/class/net/" + interface + "/brif"));
  return members ? static_cast<std::uint32_t>(members->size()) : 0;
}

}  // namespace

Result<std::vector<ContainerSubnet>> container_subnets(const std::string& root) {
  ifaddrs* head = nullptr;
  if (::getifaddrs(&head) != 0) return fail_errno("getifaddrs", errno);
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{head, ::freeifaddrs};
  std::vector<ContainerSubnet> subnets;
  for (const ifaddrs* entry = head; entry; entry = entry->ifa_next) {
    const Bytes address = bytes_of(entry->ifa_addr), mask = bytes_of(entry->ifa_netmask);
    if (address.size == 0 || mask.size != address.size || is_link_local(address)) continue;
    if (!is_container_interface(entry->ifa_name)) continue;
    subnets.push_back({subnet_of(address, mask), text_of(address), printable_utf8(entry->ifa_name),
                       members_of(entry->ifa_name, root)});
  }
  std::ranges::sort(subnets, {}, [](const ContainerSubnet& one) {
    return std::tuple(one.subnet.find(':') != std::string::npos, one.subnet, one.interface);
  });
  return subnets;
}

}  // namespace postflight::host
