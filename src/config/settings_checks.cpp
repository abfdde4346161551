// SPDX-License-Identifier: Apache-2.0
#include "config/settings_checks.h"

#include <algorithm>

#include "config/public_name.h"

namespace postflight {
namespace {

/// The settings under judgement with the places of their values.
class Checker {
 public:
  Checker(const ValuePlaces& places, ProblemList& problems)
      : places_(places), problems_(problems) {}

  void check_duration(const std::string& path, Duration value, Duration least) {
    const ValuePlace* place = read_at(path);
    if (place == nullptr || (value >= least && value <= kMaxTimeout)) return;
    problems_.add(place->value, fmt::format("{}: {} is out of range", path, duration_text(value)),
                  fmt::format("write {} to {}", duration_text(least), duration_text(kMaxTimeout)));
  }

  void check_budgets(const Settings& settings, const std::vector<std::string>& probe_names) {
    for (const auto& [name, budget] : settings.budgets) {
      const std::string path = "budgets." + name;
      check_duration(path, budget, kMinBudget);
      const ValuePlace* place = read_at(path);
      if (place == nullptr || contains(probe_names, name)) continue;
      const auto meant = nearest(excerpt(name, 60), probe_names);
      problems_.add(place->key,
                    fmt::format("budgets: no probe is called \"{}\"", excerpt(name, 60)),
                    meant ? fmt::format("did you mean \"{}\"?", *meant) : "");
    }
  }

  void check_thresholds(const Thresholds& thresholds) {
    std::map<std::string, double> values;
    for_each_field<Thresholds>(thresholds, [&](std::string_view name, double value,
                                               std::string_view) { values.emplace(name, value); });
    for (const auto& [name, value] : values) check_threshold(name, value);
    for (const auto& [name, value] : values) {
      const auto middle = name.find("_warning_ratio");
      if (middle == name.npos) continue;
      const auto critical = values.find(name.substr(0, middle) + "_critical_ratio");
      if (critical != values.end()) check_order(name, value, critical->first, critical->second);
    }
  }

  void check_patterns(const std::string& path, const std::vector<std::string>& patterns) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const ValuePlace* place = read_at(fmt::format("{}[{}]", path, i));
      if (place == nullptr || !trim(patterns[i]).empty()) continue;
      problems_.add(place->value, path + ": an empty pattern fits nothing", "delete the line");
    }
  }

  void check_public_names(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const ValuePlace* place = read_at(fmt::format("public_names[{}]", i));
      if (place != nullptr && !is_host_name(names[i])) report_name(*place, names[i]);
    }
  }

  void check_credential(std::size_t index, const CredentialReference& credential) {
    const std::string path = fmt::format("credentials[{}]", index);
    const ValuePlace* place = read_at(path);
    if (place == nullptr) return;
    const auto in_file = [&](const char* key) { return places_.contains(path + "." + key); };
    if (!in_file("component") ||
        (read_at(path + ".component") && trim(credential.component).empty())) {
      problems_.add(place->value, path + ": component is missing", "for example redis:*");
    }
    if (in_file("password_env") == in_file("password_file")) {
      problems_.add(place->value,
                    fmt::format("{}: {} password_env and password_file", path,
                                in_file("password_env") ? "both" : "none of"),
                    "give exactly one of them");
    }
    check_password_env(path + ".password_env", credential.password_env);
    check_password_file(path + ".password_file", credential.password_file);
  }

 private:
  static bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  /// The place of a value that stands in the file and could be read.
  const ValuePlace* read_at(const std::string& path) const {
    const auto it = places_.find(path);
    return it != places_.end() && it->second.read ? &it->second : nullptr;
  }

  void check_threshold(const std::string& name, double value) {
    const ValuePlace* place = read_at("thresholds." + name);
    if (place == nullptr) return;
    const bool ratio = name.ends_with("_ratio");
    if (value > 0 && (!ratio || value <= 1)) return;
    std::string hint = "write a number above 0";
    if (ratio)
      hint = value > 1 && value <= 100 ? fmt::format("a part of one: write {}", value / 100)
                                       : "write a part of one: above 0, at most 1";
    problems_.add(place->value, fmt::format("thresholds.{}: {} is out of range", name, value),
                  hint);
  }

  /// Of what there may be too little, as of available memory, the warning comes at the larger part.
  void check_order(const std::string& warning_name, double warning,
                   const std::string& critical_name, double critical) {
    const bool falling = warning_name.find("_available_") != warning_name.npos;
    if (falling ? warning >= critical : warning <= critical) return;
    const ValuePlace* warning_place = read_at("thresholds." + warning_name);
    const ValuePlace* critical_place = read_at("thresholds." + critical_name);
    if (broken(warning_name, warning) || broken(critical_name, critical)) return;
    const ValuePlace* place = warning_place != nullptr ? warning_place : critical_place;
    if (place == nullptr) return;
    const auto origin = [](const ValuePlace* at) { return at == nullptr ? " (the default)" : ""; };
    problems_.add(place->value,
                  fmt::format("thresholds: {} {}{} is {} {} {}{}", warning_name, warning,
                              origin(warning_place), falling ? "below" : "above", critical_name,
                              critical, origin(critical_place)),
                  "a warning comes before it is critical");
  }

  /// True where a problem was reported for the ratio by itself: a second one would only distract.
  bool broken(const std::string& name, double ratio) const {
    const auto it = places_.find("thresholds." + name);
    return !(ratio > 0 && ratio <= 1) || (it != places_.end() && !it->second.read);
  }

  void report_name(const ValuePlace& place, const std::string& name) {
    // What stands before an @ in a URL may be a password.
    const bool private_part = name.find('@') != name.npos;
    if (private_part) problems_.hide(place.value.line, place.value.line, ProblemList::Hide::kAll);
    const auto host = host_name_in(name);
    std::string hint = "letters, digits and hyphens between dots, for example example.org";
    if (host) {
      hint = private_part ? fmt::format("write {} alone", *host)
                          : fmt::format("write {}, not {}", *host, excerpt(name, 80));
    } else if (name.starts_with("*.")) {
      hint = "write each name by itself";
    }
    problems_.add(place.value, "public_names: this is not a DNS name", hint);
  }

  /// The value is not repeated: it may be the password itself.
  void check_password_env(const std::string& path, const std::string& name) {
    const ValuePlace* place = read_at(path);
    if (place == nullptr) return;
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    const bool good = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                      std::all_of(name.begin(), name.end(), allowed);
    if (good) return;
    problems_.add(place->value, path + ": this is not the name of an environment variable",
                  name.starts_with('$')
                      ? "write the name without $"
                      : "write its name, such as REDIS_PASSWORD, not the password");
  }

  void check_password_file(const std::string& path, const std::string& file) {
    const ValuePlace* place = read_at(path);
    if (place == nullptr || (file.starts_with('/') && !file.ends_with('/'))) return;
    problems_.add(place->value, path + ": this is not an absolute path of a file",
                  "write the path from / on, such as /etc/postflight/redis.password");
  }

  const ValuePlaces& places_;
  ProblemList& problems_;
};

}  // namespace

void check_settings(const Settings& settings, const ValuePlaces& places,
                    const std::vector<std::string>& probe_names, ProblemList& problems) {
  Checker checker{places, problems};
  checker.check_duration("timeout", settings.timeout, kMinTimeout);
  checker.check_budgets(settings, probe_names);
  checker.check_thresholds(settings.thresholds);
  checker.check_patterns("only", settings.only);
  checker.check_patterns("skip", settings.skip);
  for (std::size_t i = 0; i < settings.credentials.size(); ++i) {
    checker.check_credential(i, settings.credentials[i]);
  }
  checker.check_public_names(settings.public_names);
}

std::string duration_text(Duration duration) {
  const auto count = duration.count();
  if (count != 0 && count % 3'600'000 == 0) return fmt::format("{}h", count / 3'600'000);
  if (count != 0 && count % 60'000 == 0) return fmt::format("{}m", count / 60'000);
  if (count % 1'000 == 0) return fmt::format("{}s", count / 1'000);
  return fmt::format("{}ms", count);
}

}  // namespace postflight
