// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <set>
#include <stdexcept>
#include <vector>

#include "base/text.h"

namespace postflight {
namespace {

/// Watches the parser's events and refuses what the library would accept silently.
class StrictCallback {
 public:
  explicit StrictCallback(int max_depth) : max_depth_(max_depth) {}

  bool operator()(int depth, Json::parse_event_t event, Json& value) {
    const bool object = event == Json::parse_event_t::object_start;
    if ((object || event == Json::parse_event_t::array_start) && depth >= max_depth_) {
      throw std::length_error("nested too deeply");
    }
    if (object) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys_.back().insert(value.get<std::string>()).second) {
      throw std::invalid_argument("duplicate key \"" + excerpt(value.get<std::string>()) + "\"");
    }
    return true;
  }

 private:
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
};

/// The library's sentence without its tag, cut short: it quotes the token it read, however long.
std::string reason(const Json::exception& error) {
  const std::string_view what = error.what();
  const auto tag_end = what.find("] ");
  return excerpt(tag_end == std::string_view::npos ? what : what.substr(tag_end + 2));
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Errc::kMalformed,
                "document is larger than " + std::to_string(limits.max_bytes) + " bytes");
  }
  // The library takes a NUL for the end of the input and would not look at what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return fail(Errc::kMalformed, "byte " + std::to_string(nul + 1) + ": NUL");
  }
  StrictCallback strict{limits.max_depth};
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
      return strict(depth, event, value);
    });
  } catch (const Json::parse_error& error) {
    return fail(Errc::kMalformed, "byte " + std::to_string(error.byte) + ": " + reason(error));
  } catch (const Json::exception& error) {
    return fail(Errc::kMalformed, reason(error));
  } catch (const std::logic_error& error) {  // those of StrictCallback
    return fail(Errc::kMalformed, error.what());
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json_pretty(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace postflight
