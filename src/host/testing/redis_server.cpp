// SPDX-License-Identifier: Apache-2.0
#include "host/testing/redis_server.h"

#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "host/testing/bad_server.h"

namespace postflight::host::testing {
namespace {

constexpr Duration kPatience{10'000};

void pause_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

/// The command line for one try. What `options` say comes last, so that it wins.
std::vector<std::string> command_line(const RedisServer::Options& options, const TempFolder& folder,
                                      std::uint16_t port) {
  const std::string number = std::to_string(port);
  if (options.with_config_file) {
    return {"redis-server",
            folder.write("redis.conf", "port " + number + "\nbind 127.0.0.1\ndir " + folder.path() +
                                           "\nsave \"\"\n" + options.config + "\n")};
  }
  std::vector<std::string> words = {"redis-server", "--port", number,       "--bind",
                                    "127.0.0.1",    "--dir",  folder.path()};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  return words;
}

}  // namespace

bool RedisServer::installed() {
  return run_command({"sh", "-c", "command -v redis-server redis-cli"}).exit_code == 0;
}

RedisServer::RedisServer(Options options) {
  // Between choosing a free port and taking it somebody else may take it.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = listen_on("127.0.0.1").port;
    process_ = std::make_unique<ChildProcess>(command_line(options, folder_, port_));
    if (comes_up(options)) return;
  }
  throw std::runtime_error("redis-server did not come up on port " + std::to_string(port_));
}

bool RedisServer::comes_up(const Options& options) {
  for (const Deadline deadline{kPatience}; !deadline.passed() && process_->running();
       pause_a_little()) {
    const std::string answer = cli({"PING"});
    const bool refused = answer.find("onnection refused") != std::string::npos || answer.empty();
    const bool loading = answer.starts_with("LOADING");
    if (!refused && (!loading || !options.wait_until_ready)) return process_->running();
  }
  return false;
}

std::string RedisServer::cli(const std::vector<std::string>& words) const {
  std::vector<std::string> all = {"redis-cli", "--no-auth-warning",  "-h", "127.0.0.1",
                                  "-p",        std::to_string(port_)};
  all.insert(all.end(), words.begin(), words.end());
  const CommandOutput output = run_command(all);
  std::string text = output.out + output.err;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

bool RedisServer::wait_for(const std::vector<std::string>& words, const std::string& text) const {
  for (const Deadline deadline{kPatience}; !deadline.passed(); pause_a_little()) {
    if (cli(words).find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace postflight::host::testing
