// SPDX-License-Identifier: Apache-2.0
// The compiler of messages, run by the build: msgc OUT.cpp IN.msg...
// Writes OUT.cpp only if it would change, so that nothing is compiled again for nothing. All errors
// go to stderr as file:line: cause, and the exit code is 1.
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "catalog/msg_parser.h"
#include "catalog/msg_writer.h"

namespace {

std::optional<std::string> read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

bool write_all(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  return out.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: msgc OUT.cpp IN.msg...\n";
    return 1;
  }
  const std::vector<std::string> paths(argv + 2, argv + argc);
  std::vector<postflight::MsgFile> files;
  for (const std::string& path : paths) {
    auto text = read_all(path);
    if (!text) {
      std::cerr << path << ": cannot be read\n";
      return 1;
    }
    files.push_back({path, *std::move(text)});
  }
  const auto entries = postflight::parse_messages(files);
  if (!entries) {
    for (const auto& error : entries.error()) std::cerr << error.text() << '\n';
    return 1;
  }
  const std::string tables = postflight::generate_tables(*entries);
  if (read_all(argv[1]) == tables) return 0;
  if (write_all(argv[1], tables)) return 0;
  std::cerr << argv[1] << ": cannot be written\n";
  return 1;
}
