// SPDX-License-Identifier: Apache-2.0
// Boost.JSON reads, because nlohmann's parser alone would take most of the time that 500 containers
// may take (bench/engine_bench.cpp).
#include "base/json_select.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <utility>
#include <vector>

#include "base/text.h"

namespace postflight {
namespace {

using boost::json::error_code;
using boost::json::string_view;

/// Receives a document piece by piece, as Boost's parser reads it, and keeps what is wanted.
class Picker {
 public:
  using Node = JsonSelection::Node;

  // What basic_parser asks of its handler; it checks these limits itself.
  static constexpr std::size_t max_object_size = -1;
  static constexpr std::size_t max_array_size = -1;
  static constexpr std::size_t max_key_size = -1;
  static constexpr std::size_t max_string_size = -1;

  Picker(const Node& wanted, SelectLimits limits) : wanted_(wanted), limits_(limits) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return open(Json::object(), ec); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code& ec) { return open(Json::array(), ec); }
  bool on_array_end(std::size_t, error_code&) { return close(); }

  bool on_null(error_code& ec) { return scalar(Json(nullptr), 1, ec); }
  bool on_bool(bool value, error_code& ec) { return scalar(Json(value), 1, ec); }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, string_view, error_code& ec) {
    // nlohmann's own reader, too, calls a whole number without a sign unsigned.
    return value < 0 ? scalar(Json(value), 8, ec)
                     : scalar(Json(static_cast<std::uint64_t>(value)), 8, ec);
  }
  bool on_uint64(std::uint64_t value, string_view, error_code& ec) {
    return scalar(Json(value), 8, ec);
  }
  bool on_double(double value, string_view, error_code& ec) { return scalar(Json(value), 8, ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  bool on_string_part(string_view part, std::size_t, error_code& ec) {
    if (!next_is_wanted()) return true;
    text_.append(part.data(), part.size());
    return has_room_for(text_.size(), ec);
  }
  bool on_string(string_view part, std::size_t length, error_code& ec) {
    if (!on_string_part(part, length, ec)) return false;
    if (!next_is_wanted()) return true;
    const std::size_t bytes = text_.size();
    return scalar(Json(std::exchange(text_, {})), bytes, ec);
  }

  bool on_key_part(string_view part, std::size_t, error_code& ec) {
    if (unwanted_depth_ > 0) return true;
    key_.append(part.data(), part.size());
    return has_room_for(key_.size(), ec);
  }
  bool on_key(string_view part, std::size_t length, error_code& ec) {
    if (unwanted_depth_ > 0) return true;
    if (!on_key_part(part, length, ec)) return false;
    const std::string name = std::exchange(key_, {});
    const Node* node = open_.back().node;
    if (!node->members.empty()) {
      const auto found = node->members.find(name);
      next_ = found == node->members.end() ? nullptr : &found->second;
    } else {
      next_ = node;
    }
    if (!next_) return true;
    name_ = name;
    return keep(name_.size(), ec);
  }

  const std::string& trouble() const { return trouble_; }
  Json take() { return std::move(root_); }

 private:
  struct Frame {
    Json* json;
    const Node* node;
  };

  bool next_is_wanted() const {
    if (unwanted_depth_ > 0) return false;
    return open_.empty() || open_.back().json->is_array() || next_ != nullptr;
  }

  const Node* next_node() const {
    if (open_.empty()) return &wanted_;
    return open_.back().json->is_array() ? open_.back().node : next_;
  }

  /// Puts a value where it belongs. Growing a container moves its elements, but none of those is
  /// open then.
  Json* put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back().json;
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    auto& members = parent.get_ref<Json::object_t&>();
    members.emplace_back(std::move(name_), std::move(value));
    return &members.back().second;
  }

  bool has_room_for(std::size_t bytes, error_code& ec) {
    if (kept_ + bytes <= limits_.max_kept_bytes) return true;
    trouble_ = "more than " + std::to_string(limits_.max_kept_bytes) + " bytes are wanted of it";
    ec = boost::json::error::array_too_large;
    return false;
  }

  bool keep(std::size_t bytes, error_code& ec) {
    if (!has_room_for(bytes + sizeof(Json), ec)) return false;
    kept_ += bytes + sizeof(Json);
    return true;
  }

  bool scalar(Json value, std::size_t bytes, error_code& ec) {
    if (!next_is_wanted()) return true;
    if (!keep(bytes, ec)) return false;
    put(std::move(value));
    return true;
  }

  bool open(Json container, error_code& ec) {
    if (!next_is_wanted()) {
      ++unwanted_depth_;
      return true;
    }
    if (!keep(0, ec)) return false;
    const Node* node = next_node();
    open_.push_back({put(std::move(container)), node});
    return true;
  }

  bool close() {
    if (unwanted_depth_ > 0) {
      --unwanted_depth_;
    } else {
      open_.pop_back();
    }
    return true;
  }

  const Node& wanted_;
  SelectLimits limits_;
  Json root_;
  std::vector<Frame> open_;
  const Node* next_ = nullptr;
  std::string name_;
  std::string key_;   // as far as it has come
  std::string text_;  // the same
  int unwanted_depth_ = 0;
  std::size_t kept_ = 0;
  std::string trouble_;
};

}  // namespace

JsonSelection::JsonSelection(std::initializer_list<std::string_view> paths) {
  for (const std::string_view path : paths) {
    Node* node = &root_;
    for (const std::string_view part : split(path, '/')) {
      node = &node->members[std::string(part)];
    }
  }
}

Result<Json> select_json(std::string_view text, const JsonSelection& wanted, SelectLimits limits) {
  boost::json::parse_options options;
  options.max_depth = static_cast<std::size_t>(limits.max_depth);
  boost::json::basic_parser<Picker> parser{options, wanted.root(), limits};
  error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && read < text.size()) ec = boost::json::error::extra_data;
  if (!ec) return parser.handler().take();
  const std::string& trouble = parser.handler().trouble();
  return fail(Errc::kMalformed, "JSON, byte " + std::to_string(read) + ": " +
                                    (trouble.empty() ? excerpt(ec.message(), 160) : trouble));
}

}  // namespace postflight
