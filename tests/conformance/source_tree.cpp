// SPDX-License-Identifier: Apache-2.0
#include "conformance/source_tree.h"

#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace postflight::conformance {
namespace {

namespace fs = std::filesystem;

bool is_of_interest(const fs::path& path) {
  static const std::set<std::string> extensions = {".cpp", ".h",    ".cmake", ".sh", ".py",
                                                   ".msg", ".list", ".yaml",  ".in"};
  const bool is_script =
      path.extension().empty() && path.string().find("/tools/") != std::string::npos;
  return extensions.contains(path.extension().string()) || is_script ||
         path.filename() == "CMakeLists.txt" || path.filename() == "dev";
}

bool is_left_out(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with('.') || name.starts_with("build") || name == "testdata" ||
         folder.string().ends_with("/tools/templates");
}

std::vector<SourceFile> read_tree() {
  std::vector<SourceFile> files;
  for (auto it = fs::recursive_directory_iterator(PF_SOURCE_DIR);
       it != fs::recursive_directory_iterator(); ++it) {
    if (it->is_directory() && is_left_out(it->path())) it.disable_recursion_pending();
    if (!it->is_regular_file() || !is_of_interest(it->path())) continue;
    std::stringstream text;
    text << std::ifstream(it->path()).rdbuf();
    files.push_back({fs::relative(it->path(), PF_SOURCE_DIR).generic_string(), text.str()});
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

}  // namespace

bool SourceFile::is_test() const {
  return path.ends_with("_test.cpp") || path.ends_with("_fuzz.cpp") || path.starts_with("tests/") ||
         path.starts_with("bench/") || path.find("/testing/") != std::string::npos ||
         path.find("_testing.") != std::string::npos;
}

std::string SourceFile::room() const {
  if (!path.starts_with("src/")) return "";
  const auto slash = path.find('/', 4);
  return slash == std::string::npos ? "" : path.substr(4, slash - 4);
}

std::string SourceFile::code() const {
  std::string out = text;
  RE2::GlobalReplace(&out, R"re((?s)R"(\w*)\(.*?\)\w*")re", R"("")");
  RE2::GlobalReplace(&out, R"re("(?:[^"\\\n]|\\.)*")re", R"("")");
  RE2::GlobalReplace(&out, R"((?m)//.*$)", "");
  return out;
}

const std::vector<SourceFile>& source_tree() {
  static const std::vector<SourceFile> files = read_tree();
  return files;
}

std::vector<std::string> includes_of(const SourceFile& file) {
  std::vector<std::string> includes;
  static const RE2 line(R"re((?m)^#include "([^"]+)")re");
  std::string_view rest = file.text;
  re2::StringPiece input(rest.data(), rest.size());
  for (std::string path; RE2::FindAndConsume(&input, line, &path);) includes.push_back(path);
  return includes;
}

const SourceFile* find_source(std::string_view include_path) {
  const std::string path = "src/" + std::string(include_path);
  const auto it = std::ranges::find(source_tree(), path, &SourceFile::path);
  return it == source_tree().end() ? nullptr : &*it;
}

}  // namespace postflight::conformance
