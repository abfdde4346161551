// SPDX-License-Identifier: Apache-2.0
#include "base/json_select.h"

#include <vector>

#include "base/text.h"

namespace postflight {
namespace {

/// Receives a document piece by piece, as nlohmann's parser reads it, and keeps what is wanted.
class Picker {
 public:
  using Node = JsonSelection::Node;

  Picker(const Node& wanted, SelectLimits limits) : wanted_(wanted), limits_(limits) {}

  bool null() { return scalar(Json(nullptr), 1); }
  bool boolean(bool value) { return scalar(Json(value), 1); }
  bool number_integer(std::int64_t value) { return scalar(Json(value), 8); }
  bool number_unsigned(std::uint64_t value) { return scalar(Json(value), 8); }
  bool number_float(double value, const std::string&) { return scalar(Json(value), 8); }
  bool binary(Json::binary_t&) { return false; }
  bool string(std::string& value) {
    if (!next_is_wanted()) return true;
    const std::size_t bytes = value.size();
    return scalar(Json(std::move(value)), bytes);
  }

  bool key(std::string& name) {
    if (unwanted_depth_ > 0) return true;
    const Node* node = open_.back().node;
    if (!node->members.empty()) {
      const auto found = node->members.find(name);
      next_ = found == node->members.end() ? nullptr : &found->second;
    } else {
      next_ = node;
    }
    if (next_) name_ = std::move(name);
    return !next_ || keep(name_.size());
  }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
    error_ = "JSON, byte " + std::to_string(position) + ": " + excerpt(error.what(), 160);
    return false;
  }

  Result<Json> result(bool complete) {
    if (complete) return std::move(root_);
    return fail(Errc::kMalformed, error_.empty() ? "JSON cannot be read" : error_);
  }

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

  bool keep(std::size_t bytes) {
    kept_ += bytes + sizeof(Json);
    if (kept_ <= limits_.max_kept_bytes) return true;
    error_ =
        "JSON: more than " + std::to_string(limits_.max_kept_bytes) + " bytes are wanted of it";
    return false;
  }

  bool scalar(Json value, std::size_t bytes) {
    if (!next_is_wanted()) return true;
    if (!keep(bytes)) return false;
    put(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (++depth_ > limits_.max_depth) {
      error_ = "JSON: nested deeper than " + std::to_string(limits_.max_depth);
      return false;
    }
    if (!next_is_wanted()) {
      ++unwanted_depth_;
      return true;
    }
    if (!keep(0)) return false;
    const Node* node = next_node();
    open_.push_back({put(std::move(container)), node});
    return true;
  }

  bool close() {
    --depth_;
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
  int depth_ = 0;
  int unwanted_depth_ = 0;
  std::size_t kept_ = 0;
  std::string error_;
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
  Picker picker{wanted.root(), limits};
  const bool complete = Json::sax_parse(text.begin(), text.end(), &picker);
  return picker.result(complete);
}

}  // namespace postflight
