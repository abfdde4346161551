// SPDX-License-Identifier: Apache-2.0
#include "host/bus_message.h"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace postflight::host {
namespace {

constexpr int kDeepest = 24;  // systemd's own answers are at most five containers deep

std::unexpected<Error> malformed(int result) {
  return fail(Errc::kMalformed,
              "a D-Bus message that cannot be read: " + fail_errno("read", -result).error().what);
}

/// Reads messages recursively, as their signatures say.
class MessageReader {
 public:
  MessageReader(sd_bus_message* message, std::span<const std::string_view> only)
      : message_(message), only_(only) {}

  Result<Json> read_all() {
    Json all = Json::array();
    while (true) {
      PF_TRY_ASSIGN(const bool end, at_end());
      if (end) break;
      PF_TRY_ASSIGN(Json value, read_value(0));
      all.push_back(std::move(value));
    }
    if (all.size() == 1) {
      Json first = std::move(all[0]);
      return first;
    }
    return all;
  }

 private:
  Result<bool> at_end() {
    const int result = sd_bus_message_at_end(message_, 0);
    if (result < 0) return malformed(result);
    return result > 0;
  }

  Result<Json> read_value(int depth) {
    if (depth > kDeepest) return fail(Errc::kMalformed, "a D-Bus message nested too deeply");
    char type = 0;
    const char* contents = nullptr;
    const int result = sd_bus_message_peek_type(message_, &type, &contents);
    if (result <= 0) return malformed(result < 0 ? result : -EBADMSG);
    const std::string_view inside = contents ? contents : "";
    switch (type) {
      case SD_BUS_TYPE_ARRAY:
        return inside.starts_with('{') ? read_dictionary(contents, depth)
                                       : read_sequence(type, contents, depth);
      case SD_BUS_TYPE_STRUCT: return read_sequence(type, contents, depth);
      case SD_BUS_TYPE_VARIANT: return read_variant(contents, depth);
      default: return read_basic(type);
    }
  }

  Result<> enter(char type, const char* contents) {
    const int result = sd_bus_message_enter_container(message_, type, contents);
    if (result < 0) return malformed(result);
    return {};
  }

  Result<> leave() {
    const int result = sd_bus_message_exit_container(message_);
    if (result < 0) return malformed(result);
    return {};
  }

  Result<Json> read_sequence(char type, const char* contents, int depth) {
    PF_TRY(enter(type, contents));
    Json list = Json::array();
    while (true) {
      PF_TRY_ASSIGN(const bool end, at_end());
      if (end) break;
      PF_TRY_ASSIGN(Json value, read_value(depth + 1));
      list.push_back(std::move(value));
    }
    PF_TRY(leave());
    return list;
  }

  Result<Json> read_variant(const char* contents, int depth) {
    PF_TRY(enter(SD_BUS_TYPE_VARIANT, contents));
    PF_TRY_ASSIGN(Json value, read_value(depth + 1));
    PF_TRY(leave());
    return value;
  }

  Result<Json> read_dictionary(const char* contents, int depth) {
    PF_TRY(enter(SD_BUS_TYPE_ARRAY, contents));
    Json object = Json::object();
    while (true) {
      PF_TRY_ASSIGN(const bool end, at_end());
      if (end) break;
      PF_TRY(read_entry(object, depth));
    }
    PF_TRY(leave());
    return object;
  }

  Result<> read_entry(Json& object, int depth) {
    char type = 0;
    const char* contents = nullptr;
    if (const int result = sd_bus_message_peek_type(message_, &type, &contents); result <= 0) {
      return malformed(result < 0 ? result : -EBADMSG);
    }
    PF_TRY(enter(type, contents));
    PF_TRY_ASSIGN(const Json key, read_value(depth + 1));
    const std::string name = key.is_string() ? key.get<std::string>() : key.dump();
    if (!only_.empty() && std::ranges::find(only_, std::string_view(name)) == only_.end()) {
      const int result = sd_bus_message_skip(message_, nullptr);
      if (result < 0) return malformed(result);
    } else {
      PF_TRY_ASSIGN(Json value, read_value(depth + 1));
      object[name] = std::move(value);
    }
    return leave();
  }

  Result<Json> read_basic(char type) {
    union {
      std::uint8_t byte;
      std::int16_t int16;
      std::uint16_t uint16;
      std::int32_t int32;
      std::uint32_t uint32;
      std::int64_t int64;
      std::uint64_t uint64;
      double real;
      int boolean;
      const char* text;
    } value{};
    const int result = sd_bus_message_read_basic(message_, type, &value);
    if (result <= 0) return malformed(result < 0 ? result : -EBADMSG);
    switch (type) {
      case SD_BUS_TYPE_BYTE: return Json(value.byte);
      case SD_BUS_TYPE_INT16: return Json(value.int16);
      case SD_BUS_TYPE_UINT16: return Json(value.uint16);
      case SD_BUS_TYPE_INT32:
      case SD_BUS_TYPE_UNIX_FD: return Json(value.int32);
      case SD_BUS_TYPE_UINT32: return Json(value.uint32);
      case SD_BUS_TYPE_INT64: return Json(value.int64);
      case SD_BUS_TYPE_UINT64: return Json(value.uint64);
      case SD_BUS_TYPE_DOUBLE: return Json(value.real);
      case SD_BUS_TYPE_BOOLEAN: return Json(value.boolean != 0);
      default: return Json(value.text ? value.text : "");
    }
  }

  sd_bus_message* message_;
  std::span<const std::string_view> only_;
};

}  // namespace

Result<Json> read_message(sd_bus_message* message, std::span<const std::string_view> only) {
  return MessageReader{message, only}.read_all();
}

Error error_from_bus(std::string_view name, std::string_view text) {
  struct Meaning {
    std::string_view ending;
    Errc code;
  };
  static constexpr std::array kMeanings = {
      Meaning{".AccessDenied", Errc::kDenied},
      Meaning{".AuthFailed", Errc::kDenied},
      Meaning{".InteractiveAuthorizationRequired", Errc::kDenied},
      Meaning{".NoReply", Errc::kTimeout},
      Meaning{".Timeout", Errc::kTimeout},
      Meaning{".TimedOut", Errc::kTimeout},
      Meaning{".NoSuchUnit", Errc::kNotFound},
      Meaning{".FileNotFound", Errc::kNotFound},
      Meaning{".UnknownMethod", Errc::kUnsupported},
      Meaning{".UnknownObject", Errc::kUnsupported},
      Meaning{".UnknownInterface", Errc::kUnsupported},
      Meaning{".UnknownProperty", Errc::kUnsupported},
      Meaning{".NotSupported", Errc::kUnsupported},
      Meaning{".InvalidArgs", Errc::kUnsupported},
      Meaning{".InconsistentMessage", Errc::kMalformed},
      Meaning{".BadMessage", Errc::kMalformed},
  };
  // What sd-bus itself says for each call that is open when the peer hangs up.
  if (text == "Connection terminated") return {Errc::kUnreachable, "the peer hung up"};
  const auto known = std::ranges::find_if(
      kMeanings, [&](const Meaning& one) { return name.ends_with(one.ending); });
  const Errc code = known == kMeanings.end() ? Errc::kUnreachable : known->code;
  return {code, excerpt(name, 80) + ": " + excerpt(text)};
}

}  // namespace postflight::host
