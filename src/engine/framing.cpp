// SPDX-License-Identifier: Apache-2.0
#include "engine/framing.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

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
  std::memcpy(&header.key_bytes, bytes.data() + sizeof header.payload_bytes,
              sizeof header.key_bytes);
  return header;
}

}  // namespace

std::string encode_frame(std::string_view key, std::string_view payload) {
  if (key.empty() || key.size() > std::numeric_limits<std::uint16_t>::max() ||
      payload.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::length_error("a fact whose key or value does not fit into a frame");
  }
  const auto payload_bytes = static_cast<std::uint32_t>(payload.size());
  const auto key_bytes = static_cast<std::uint16_t>(key.size());
  std::string frame(kHeaderBytes, '\0');
  std::memcpy(frame.data(), &payload_bytes, sizeof payload_bytes);
  std::memcpy(frame.data() + sizeof payload_bytes, &key_bytes, sizeof key_bytes);
  frame.append(key).append(payload);
  return frame;
}

Result<void> FrameReader::feed(std::string_view bytes) {
  const auto said_too_much = [&] {
    return fail(Errc::kMalformed,
                fmt::format("the task said more than {} bytes", limits_.total_bytes));
  };
  total_ += bytes.size();
  if (total_ > limits_.total_bytes) return said_too_much();
  buffer_.append(bytes);
  std::size_t at = 0;
  while (buffer_.size() - at >= kHeaderBytes) {
    const Header header = read_header(std::string_view(buffer_).substr(at));
    if (header.key_bytes == 0) return fail(Errc::kMalformed, "a fact without a key");
    if (header.payload_bytes > limits_.frame_bytes) {
      return fail(Errc::kMalformed, fmt::format("a fact of {} bytes is over the limit of {} bytes",
                                                header.payload_bytes, limits_.frame_bytes));
    }
    const std::size_t whole = kHeaderBytes + header.key_bytes + header.payload_bytes;
    if (buffer_.size() - at < whole) break;
    total_ += sizeof(Frame);
    if (total_ > limits_.total_bytes) return said_too_much();
    frames_.push_back({buffer_.substr(at + kHeaderBytes, header.key_bytes),
                       buffer_.substr(at + kHeaderBytes + header.key_bytes, header.payload_bytes)});
    at += whole;
  }
  buffer_.erase(0, at);
  return {};
}

}  // namespace postflight
