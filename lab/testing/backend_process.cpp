// SPDX-License-Identifier: Apache-2.0
#include "testing/backend_process.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/deadline.h"

namespace postflight::lab::testing {
namespace {

std::vector<std::string> with_environment(const Environment& environment,
                                          const std::vector<std::string>& command) {
  std::vector<std::string> words = {"env", "-i", "PATH=/usr/bin:/bin"};
  for (const auto& [name, value] : environment) words.push_back(name + "=" + value);
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace

host::testing::CommandOutput run_backend(const Environment& environment) {
  return host::testing::run_command(with_environment(environment, {PF_LAB_BACKEND}),
                                    Duration{5'000});
}

BackendProcess::BackendProcess(Environment environment) {
  environment.try_emplace("PORT", "0");
  // The shell only leads the output into the file; exec keeps its process id.
  process_.emplace(with_environment(environment, {"sh", "-c", R"(exec "$0" >"$1" 2>&1)",
                                                  PF_LAB_BACKEND, folder_.path() + "/output"}));
  for (const Deadline deadline{Duration{10'000}}; !deadline.passed() && process_->running();) {
    if (const auto port = announced_port()) {
      port_ = *port;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  throw std::runtime_error("the backend did not come up: " + output());
}

std::optional<std::uint16_t> BackendProcess::announced_port() const {
  constexpr std::string_view kBefore = "listening on 0.0.0.0:";
  const std::string text = output();
  const std::size_t at = text.find(kBefore);
  if (at == std::string::npos || text.find('\n', at) == std::string::npos) return std::nullopt;
  return static_cast<std::uint16_t>(std::stoi(text.substr(at + kBefore.size())));
}

HttpAnswer BackendProcess::call(std::string_view method, const std::string& path,
                                const std::string& body) const {
  return HttpConnection{port_}.ask({.method = std::string{method},
                                    .path = path,
                                    .body = body,
                                    .headers = {"Content-Type: application/json"}});
}

std::string BackendProcess::output() const {
  std::ifstream file(folder_.path() + "/output");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace postflight::lab::testing
