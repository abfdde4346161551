// SPDX-License-Identifier: Apache-2.0
// A password goes where it was meant to go and nowhere else: planted secrets come out of the real
// program by no way at all.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/json.h"
#include "cli/run_binary.h"
#include "host/testing/redis_server.h"

namespace postflight::conformance {
namespace {

using host::testing::RedisServer;
using host::testing::TempFolder;
using testing::run_postflight;

/// Different in every run, so that no pattern of ours can know it.
std::string random_secret() {
  std::random_device random;
  std::string text = "pf";
  for (int i = 0; i < 24; ++i) text += "abcdefghijklmnopqrstuvwxyz0123456789"[random() % 36];
  return text;
}

std::string content_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Everything the program says in all its forms, into one text. `look` are the arguments that
/// choose what is looked at; the environment holds the secret.
std::string everything_said(const std::vector<std::string>& look,
                            const std::vector<std::string>& environment) {
  const TempFolder folder;
  std::string said;
  for (const char* lang : {"en", "ru"}) {
    for (const bool verbose : {false, true}) {
      std::vector<std::string> arguments = {"check",
                                            "--lang",
                                            lang,
                                            "-o",
                                            folder.path() + "/report.json",
                                            "--save-facts",
                                            folder.path() + "/facts.json"};
      if (verbose) arguments.push_back("-v");
      arguments.insert(arguments.end(), look.begin(), look.end());
      const auto result = run_postflight(arguments, environment);
      EXPECT_GE(result.exit_code, 0);
      EXPECT_LE(result.exit_code, 3) << result.err;
      said += result.out + result.err + content_of(folder.path() + "/report.json") +
              content_of(folder.path() + "/facts.json");
    }
  }
  return said;
}

void expect_secret_kept(const std::string& said, const std::string& secret) {
  EXPECT_GT(said.size(), 1000u);
  const auto at = said.find(secret);
  EXPECT_EQ(at, std::string::npos) << "…" << said.substr(at < 120 ? 0 : at - 120, 200);
}

struct LockedRedis {
  std::string secret = random_secret();
  RedisServer server{RedisServer::Options{.config = "requirepass " + secret}};
  TempFolder folder;
  std::string component = "redis:127.0.0.1:" + std::to_string(server.port());

  std::string config(const std::string& line) const {
    return folder.write("postflight.yaml",
                        "credentials:\n  - component: \"" + component + "\"\n    " + line + "\n");
  }
};

#define NEEDS_REDIS() \
  if (!RedisServer::installed()) GTEST_SKIP() << "redis-server is not installed"

TEST(Secrets, PasswordFromTheEnvironmentIsUsedAndKept) {
  NEEDS_REDIS();
  const LockedRedis redis;
  const std::string config = redis.config("password_env: PF_TEST_SECRET");
  const std::string said =
      everything_said({"--config", config, "--only", redis.component, "--only", "sockets"},
                      {"PF_TEST_SECRET=" + redis.secret});
  EXPECT_NE(said.find("PONG"), std::string::npos) << "the password was not used";
  expect_secret_kept(said, redis.secret);
}

TEST(Secrets, WrongPasswordIsKeptToo) {
  NEEDS_REDIS();
  const LockedRedis redis;
  const std::string wrong = random_secret();
  const std::string config = redis.config("password_env: PF_TEST_SECRET");
  const std::string said =
      everything_said({"--config", config, "--only", redis.component}, {"PF_TEST_SECRET=" + wrong});
  EXPECT_NE(said.find("WRONGPASS"), std::string::npos);
  expect_secret_kept(said, wrong);
  expect_secret_kept(said, redis.secret);
}

TEST(Secrets, PasswordFromAFileIsUsedAndKept) {
  NEEDS_REDIS();
  const LockedRedis redis;
  const std::string file = redis.folder.write("password", redis.secret + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  const std::string config = redis.config("password_file: " + file);
  const std::string said = everything_said({"--config", config, "--only", redis.component}, {});
  EXPECT_NE(said.find("PONG"), std::string::npos) << "the password was not used";
  expect_secret_kept(said, redis.secret);
}

TEST(Secrets, PasswordOnAServersCommandLineIsNotCopied) {
  NEEDS_REDIS();
  const std::string secret = random_secret();
  const RedisServer server{RedisServer::Options{
      .with_config_file = false, .arguments = {"--requirepass", secret, "--set-proc-title", "no"}}};
  const std::string line = content_of("/proc/" + std::to_string(server.pid()) + "/cmdline");
  ASSERT_NE(line.find(secret), std::string::npos) << "the test plants nothing";
  const auto discovered = run_postflight({"discover"}, {});
  expect_secret_kept(everything_said({}, {}) + discovered.out + discovered.err, secret);
}

/// Canaries in every corner of a facts file that somebody has edited by hand.
Json planted(const std::vector<std::string>& canaries) {
  std::string text;
  for (const std::string& canary : canaries) text += canary + " ";
  const Json evidence = {{"source", text}, {"excerpt", text}, {"at", "2026-01-12T09:30:00.000Z"}};
  Json component = {{"id", "redis:127.0.0.1:6379"},
                    {"kind", "redis"},
                    {"name", "Redis " + text},
                    {"probe", "redis"}};
  component["facts"] = {{"ping_ok", {{"value", false}, {"evidence", evidence}}},
                        {"ping_reply", {{"value", "ERR " + text}, {"evidence", evidence}}},
                        {"version", {{"unknown", {{"why", "malformed"}, {"detail", text}}}}},
                        {"password", {{"value", "hunter2-" + canaries[0]}}}};
  Json task = {{"id", "redis " + text}, {"outcome", "crashed"}, {"detail", text}};
  Json left_out = {{"subject", "127.0.0.1:1"},
                   {"name", text},
                   {"reason", {{"why", "not_planned"}, {"detail", text}}}};
  return {{"facts_version", 1},
          {"host", "web " + text},
          {"tasks", Json::array({task})},
          {"components", Json::array({component})},
          {"not_checked", Json::array({left_out})},
          {"topology", {{"unknown", {{"why", "denied"}, {"detail", text}}}}}};
}

TEST(Secrets, InAFactsFileAreNotPassedOn) {
  const std::string secret = random_secret();
  const std::vector<std::string> canaries = {"postgresql://app:" + secret + "@127.0.0.1/app",
                                             "Authorization: Bearer " + secret,
                                             "password=" + secret,
                                             "--requirepass " + secret,
                                             "\"api_key\": \"" + secret + "\"",
                                             "redis-cli -a " + secret};
  const TempFolder folder;
  const std::string facts = folder.write("facts.json", dump_json(planted(canaries)));
  const std::string said = everything_said({"--from", facts}, {});
  EXPECT_NE(said.find("[redacted]"), std::string::npos);
  expect_secret_kept(said, secret);
}

}  // namespace
}  // namespace postflight::conformance
