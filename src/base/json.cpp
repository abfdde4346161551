// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "base/text.h"

namespace postflight {
namespace {

/// The library's sentence without its tag, cut short: it quotes the token it read, however long.
std::string reason(const nlohmann::detail::exception& error) {
  const std::string_view what = error.what();
  const auto tag_end = what.find("] ");
  return excerpt(tag_end == std::string_view::npos ? what : what.substr(tag_end + 2));
}

/// Builds the document from the parser's events and refuses what the library would accept silently.
/// Members are gathered before their object is made: the library's own way copies all of them each
/// time the object grows, and keeps up to twice the memory.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool key(string_t& name) override;
  bool end_object() override;
  bool end_array() override;
  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const bool tells_where = dynamic_cast<const Json::parse_error*>(&error) != nullptr;
    return refuse(tells_where ? "byte " + std::to_string(byte) + ": " + reason(error)
                              : reason(error));
  }

  /// The whole, once the parser is through without an error.
  Json take() { return std::move(whole_); }
  const std::string& problem() const { return problem_; }

 private:
  /// Beyond so many members, names are looked up in a set.
  static constexpr std::size_t kFew = 16;

  /// An object or array that is not yet closed; the names are those of an object.
  struct Level {
    std::vector<std::string> names;
    std::vector<Json> values;
    std::unordered_set<std::string> known;
  };

  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool open() {
    if (depth_ >= max_depth_) return refuse("nested too deeply");
    if (levels_.size() == static_cast<std::size_t>(depth_)) levels_.emplace_back();
    ++depth_;
    return true;
  }

  bool add(Json value) {
    if (depth_ == 0) {
      whole_ = std::move(value);
    } else {
      top().values.push_back(std::move(value));
    }
    return true;
  }

  bool close(Json value) {
    Level& closed = top();  // kept for its memory
    closed.names.clear();
    closed.values.clear();
    closed.known.clear();
    --depth_;
    return add(std::move(value));
  }

  bool is_new(Level& level, const std::string& name) const {
    if (level.names.size() < kFew) return std::ranges::find(level.names, name) == level.names.end();
    if (level.known.empty()) level.known.insert(level.names.begin(), level.names.end());
    return level.known.insert(name).second;
  }

  Level& top() { return levels_[static_cast<std::size_t>(depth_) - 1]; }

  int max_depth_;
  int depth_ = 0;
  std::vector<Level> levels_;
  Json whole_;
  std::string problem_;
};

bool StrictBuilder::key(string_t& name) {
  if (!is_new(top(), name)) return refuse("duplicate key \"" + excerpt(name) + "\"");
  top().names.push_back(std::move(name));
  return true;
}

bool StrictBuilder::end_object() {
  Level& level = top();
  Json object = Json::object();
  auto& members = object.get_ref<Json::object_t&>();
  members.reserve(level.names.size());
  for (std::size_t i = 0; i < level.names.size(); ++i) {
    members.emplace_back(std::move(level.names[i]), std::move(level.values[i]));
  }
  return close(std::move(object));
}

bool StrictBuilder::end_array() {
  Level& level = top();
  Json array = Json::array();
  auto& elements = array.get_ref<Json::array_t&>();
  elements.reserve(level.values.size());
  std::ranges::move(level.values, std::back_inserter(elements));
  return close(std::move(array));
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
  StrictBuilder builder{limits.max_depth};
  if (!Json::sax_parse(text, &builder)) return fail(Errc::kMalformed, builder.problem());
  return builder.take();
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json_pretty(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace postflight
