// SPDX-License-Identifier: Apache-2.0
#include "engine/framing.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace postflight {
namespace {

constexpr std::size_t kHeaderBytes = sizeof(std::uint32_t) + sizeof(std::uint16_t);

struct Header {
  std::uint32_t payload_bytes;
  std::uint16_t key_bytes;
};

Header read_header(std::string_view bytes) {
  Header header{};
  std::memcpy(&header.payload_bytes, bytes.data(), sizeof header.payload_bytes);
  std::memcpy(&header.key_bytes, bytes.data() + sizeof header.payload_bytes, sizeof header.key_bytes);
  return header;
}

}  // namespace

std::string encode_frame(std::string_view key, std::string_view payload) {
  const auto payload_bytes = static_cast<std::uint32_t>(payload.size());
  const auto key_bytes = static_cast<std::uint16_t>(key.size());
  std::string frame(kHeaderBytes, '\0');
  std::memcpy(frame.data(), &payload_bytes, sizeof payload_bytes);
  std::memcpy(frame.data() + sizeof payload_bytes, &key_bytes, sizeof key_bytes);
  frame.append(key).append(payload);
  return frame;
}

Result<void> FrameReader::feed(std::string_view bytes) {
  total_ += bytes.size();
  if (total_ > limits_.total_bytes) {
    return fail(Errc::kMalformed,
                fmt::format("the task said more than {} bytes", limits_.total_bytes));
  }
  buffer_.append(bytes);
  std::size_t at = 0;
  while (buffer_.size() - at >= kHeaderBytes) {
    const Header header = read_header(std::string_view(buffer_).substr(at));
    if (header.payload_bytes > limits_.frame_bytes) {
      return fail(Errc::kMalformed, fmt::format("a fact of {} bytes is over the limit of {} bytes",
                                                header.payload_bytes, limits_.frame_bytes));
    }
    const std::size_t whole = kHeaderBytes + header.key_bytes + header.payload_bytes;
    if (buffer_.size() - at < whole) break;
    frames_.push_back({buffer_.substr(at + kHeaderBytes, header.key_bytes),
                       buffer_.substr(at + kHeaderBytes + header.key_bytes, header.payload_bytes)});
    at += whole;
  }
  buffer_.erase(0, at);
  return {};
}

}  // namespace postflight
