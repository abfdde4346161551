// SPDX-License-Identifier: Apache-2.0
#include "host/testing/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "base/deadline.h"
#include "host/testing/bad_server.h"

namespace postflight::host::testing {
namespace {

namespace fs = std::filesystem;
constexpr Duration kPatience{20'000};

void pause_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
}

/// The newest version's folder of programs; empty where none is installed.
std::string newest_programs() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (fs::exists(version.path() / "bin" / "initdb")) found.push_back(version.path() / "bin");
  }
  return found.empty() ? "" : *std::ranges::max_element(found);
}

/// The server refuses to be root; the signal ends it with the test, however that ends.
std::vector<std::string> as_server_user(std::vector<std::string> words) {
  if (::geteuid() != 0) return words;
  const std::vector<std::string> first = {"setpriv", "--reuid=postgres", "--regid=postgres",
                                          "--clear-groups", "--pdeathsig=QUIT"};
  words.insert(words.begin(), first.begin(), first.end());
  return words;
}

void give_to_server_user(const std::string& folder) {
  if (::geteuid() != 0) return;
  const passwd* user = ::getpwnam("postgres");
  if (!user || ::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("cannot give " + folder + " to user postgres");
  }
}

/// True where another user than root gets to this folder; a checkout in /root does not let him.
bool is_open_to_others(const std::filesystem::path& folder) {
  const auto mode = std::filesystem::status(folder).permissions();
  const bool enters = (mode & std::filesystem::perms::others_exec) != std::filesystem::perms::none;
  return enters && (folder == folder.root_path() || is_open_to_others(folder.parent_path()));
}

/// The programs, with their libraries copied to `folder` where their user could not reach them.
std::string reachable(const std::string& programs, const std::string& folder) {
  if (::geteuid() != 0 || is_open_to_others(programs)) return programs;
  const std::filesystem::path whole = std::filesystem::path(programs).parent_path();
  const std::string copy = folder + "/programs";
  std::filesystem::copy(
      whole, copy,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  return copy + "/" + std::filesystem::path(programs).filename().string();
}

}  // namespace

bool PostgresServer::installed() {
  return !newest_programs().empty();
}

PostgresServer::PostgresServer(const std::string& config, const std::string& programs)
    : programs_(programs.empty() ? newest_programs() : reachable(programs, folder_.path())) {
  give_to_server_user(folder_.path());
  const CommandOutput made =
      run_command(as_server_user({programs_ + "/initdb", "-D", data(), "-U", "postgres", "-E",
                                  "UTF8", "--locale=C", "--no-sync", "--auth-local=trust",
                                  "--auth-host=scram-sha-256"}),
                  Duration{60'000});
  if (made.exit_code != 0) throw std::runtime_error("initdb: " + made.err);
  append("postgresql.conf",
         "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" + folder_.path() +
             "'\nfsync = off\nlogging_collector = off\nlog_statement = 'none'\n" + config + "\n");
  // Between choosing a free port and taking it somebody else may take it.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = listen_on("127.0.0.1").port;
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 4) throw;
    }
  }
}

PostgresServer::~PostgresServer() {
  end_with(SIGQUIT);
}

void PostgresServer::start() {
  if (process_ && process_->running()) return;
  start_unasked();
  if (!comes_up()) throw std::runtime_error("postgres did not come up:\n" + log());
}

void PostgresServer::start_unasked() {
  // The shell only leads the output into the file; exec keeps its process id.
  process_ = std::make_unique<ChildProcess>(as_server_user(
      {"sh", "-c", R"(exec "$0" -D "$1" -p "$2" >>"$3" 2>&1)", programs_ + "/postgres", data(),
       std::to_string(port_), folder_.path() + "/log"}));
}

void PostgresServer::stop() {
  end_with(SIGINT);
}

void PostgresServer::reload() const {
  ::kill(pid(), SIGHUP);
}

void PostgresServer::append(const std::string& file, const std::string& lines) const {
  std::ofstream(data() + "/" + file, std::ios::app) << lines;
}

/// Waits until it has cleaned up; only then the object's own SIGKILL, if that is still needed.
void PostgresServer::end_with(int signal) {
  if (process_ && process_->running()) {
    ::kill(process_->pid(), signal);
    for (const Deadline deadline{kPatience}; process_->running() && !deadline.passed();) {
      pause_a_little();
    }
  }
  process_.reset();
}

bool PostgresServer::comes_up() {
  for (const Deadline deadline{kPatience}; !deadline.passed() && process_->running();
       pause_a_little()) {
    if (run_command(psql("select 1")).exit_code == 0) return process_->running();
  }
  return false;
}

std::vector<std::string> PostgresServer::psql(const std::string& statements,
                                              const std::string& database) const {
  return {newest_programs() + "/psql",
          "-h",
          folder_.path(),
          "-p",
          std::to_string(port_),
          "-U",
          "postgres",
          "-d",
          database,
          "-AtXq",
          "-v",
          "ON_ERROR_STOP=1",
          "-c",
          statements};
}

std::string PostgresServer::sql(const std::string& statements, const std::string& database) const {
  CommandOutput output = run_command(psql(statements, database));
  if (output.exit_code != 0) throw std::runtime_error("psql: " + output.err);
  while (output.out.ends_with('\n')) output.out.pop_back();
  return output.out;
}

std::string PostgresServer::log() const {
  std::ifstream file(folder_.path() + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace postflight::host::testing
