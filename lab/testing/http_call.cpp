// SPDX-License-Identifier: Apache-2.0
#include "testing/http_call.h"

#include <chrono>
#include <vector>

#include "host/testing/child_process.h"

namespace postflight::lab::testing {

HttpAnswer http_call(std::string_view method, const std::string& url, const std::string& body) {
  std::vector<std::string> words = {"curl", "-sS", "-i", "-m", "20", "--noproxy", "*"};
  if (method == "HEAD") {
    words.emplace_back("-I");
  } else {
    words.insert(words.end(), {"-X", std::string{method}});
  }
  if (!body.empty()) {
    words.insert(words.end(), {"-H", "Content-Type: application/json", "--data-binary", body});
  }
  words.push_back(url);
  const auto begin = std::chrono::steady_clock::now();
  const auto output = host::testing::run_command(words, Duration{25'000});
  HttpAnswer answer;
  answer.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::size_t gap = output.out.find("\r\n\r\n");
  if (output.exit_code != 0 || gap == std::string::npos) {
    answer.body = output.err + output.out;
    return answer;
  }
  answer.head = output.out.substr(0, gap + 2);
  answer.body = output.out.substr(gap + 4);
  answer.status = std::stoi(answer.head.substr(answer.head.find(' ')));
  return answer;
}

}  // namespace postflight::lab::testing
