// SPDX-License-Identifier: Apache-2.0
// What discovery and the probe say together, against ss(8) in a network of its own and on the
// machine as it is.
#include "probes/sockets.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "discover/discover.h"
#include "host/testing/bad_server.h"
#include "host/testing/child_process.h"
#include "host/testing/in_child.h"
#include "model/codec.h"
#include "probes/testing/probe_run.h"

namespace postflight {
namespace {

using host::testing::in_child;
using host::testing::listen_on;
using host::testing::run_command;
using host::testing::TempFolder;
using host::testing::WaitingChild;
using namespace std::chrono_literals;

#define NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to make a network namespace"

Json look(const Observed<Topology>& topology) {
  Target target;
  target.component_id = "sockets";
  return testing::run_on("sockets", target, topology, 3s);
}

Json look_at_machine() {
  DiscoverOptions options;
  options.deadline = Deadline{5s};
  return look(Seen{discover(options), Evidence{}});
}

/// "tcp 127.0.0.1:80" for each socket of the own namespace that the probe tells of.
std::set<std::string> told(const Json& facts) {
  std::set<std::string> out;
  for (const Json& service : facts["services"]["value"]) {
    if (service["netns"] != "") continue;
    for (const Json& address : service["addresses"]) {
      out.insert(service["transport"].get<std::string>() + " " + address.get<std::string>() + ":" +
                 service["port"].dump());
    }
  }
  return out;
}

/// The same from `ss -Hltun`: "tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:*"; [::]:80, *:80 and %lo as
/// we write them. UDP ports of clients are left out, as discovery promises.
std::set<std::string> told_by_ss() {
  std::set<std::string> out;
  const auto listing = run_command({"ss", "-Hltun"});
  EXPECT_EQ(listing.exit_code, 0) << listing.err;
  for (const auto line : split(listing.out, '\n')) {
    const auto words = split_words(line);
    if (words.size() < 5) continue;
    std::string local(words[4]);
    const auto colon = local.rfind(':');
    std::string address = local.substr(0, colon);
    const std::string port = local.substr(colon + 1);
    std::erase_if(address, [](char c) { return c == '[' || c == ']'; });
    if (address == "*") address = "::";
    if (const auto percent = address.find('%');
        percent != std::string::npos && !address.starts_with("fe80")) {
      address.erase(percent);
    }
    const auto number = parse_number<std::uint32_t>(port);
    if (words[0] == "udp" && number && *number >= 32768 && *number <= 60999) continue;
    out.insert(std::string(words[0]) + " " + address + ":" + port);
  }
  return out;
}

// ---- /proc/net/netstat ----

TEST(NetstatCounter, ReadsARealRecording) {
  std::stringstream text;
  text << std::ifstream(PF_SOURCE_DIR "/src/probes/testdata/sockets/netstat.txt").rdbuf();
  const auto count = netstat_counter(text.str(), "TcpExt", "ListenOverflows");
  ASSERT_TRUE(count) << count.error().what;
  EXPECT_TRUE(netstat_counter(text.str(), "IpExt", "InOctets"));
}

TEST(NetstatCounter, WithoutTheCounterIsNotFound) {
  for (const char* text :
       {"", "TcpExt: A B\nTcpExt: 1 2\n", "IpExt: ListenOverflows\nIpExt: 1\n"}) {
    const auto count = netstat_counter(text, "TcpExt", "ListenOverflows");
    ASSERT_FALSE(count) << text;
    EXPECT_EQ(count.error().code, Errc::kNotFound) << text;
  }
}

TEST(NetstatCounter, DamagedLinesAreMalformed) {
  for (const char* text :
       {"TcpExt: A ListenOverflows\nTcpExt: 1\n", "TcpExt: ListenOverflows\nTcpExt: x\n",
        "TcpExt: ListenOverflows\nTcpExt: -1\n", "TcpExt: ListenOverflows\nTcpExt: 1 2\n"}) {
    const auto count = netstat_counter(text, "TcpExt", "ListenOverflows");
    ASSERT_FALSE(count) << text;
    EXPECT_EQ(count.error().code, Errc::kMalformed) << text;
  }
}

RC_GTEST_PROP(NetstatCounterProperty, AnyBytesAreRefusedOrRead, (std::string bytes)) {
  (void)netstat_counter(bytes, "TcpExt", "ListenOverflows");
}

RC_GTEST_PROP(NetstatCounterProperty, FindsTheColumn,
              (std::uint64_t value, std::uint8_t before, std::uint8_t after)) {
  std::string names = "TcpExt:", numbers = "TcpExt:";
  const auto column = [&](const std::string& name, std::uint64_t number) {
    names += " " + name, numbers += " " + std::to_string(number);
  };
  for (int i = 0; i < before; ++i) column("B" + std::to_string(i), 1);
  column("ListenOverflows", value);
  for (int i = 0; i < after; ++i) column("A" + std::to_string(i), 2);
  RC_ASSERT(netstat_counter(names + "\n" + numbers + "\n", "TcpExt", "ListenOverflows").value() ==
            value);
}

// ---- against ss ----

TEST(SocketsProbe, SaysWhatSsSaysInANetworkOfItsOwn) {
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "no namespace";
    const auto a = listen_on("127.0.0.1"), b = listen_on("::1"), c = listen_on("0.0.0.0"),
               d = listen_on("::", c.port);
    const auto got = told(look_at_machine()), wanted = told_by_ss();
    if (got == wanted) return got.size() == 4 ? "same" : "same, but " + std::to_string(got.size());
    std::string text = "told:";
    for (const auto& one : got) text += " " + one;
    text += "\nss:";
    for (const auto& one : wanted) text += " " + one;
    return text;
  });
  EXPECT_EQ(said, "same");
}

/// Others come and go on a live machine: what both ss before and ss after saw must be told, and
/// nothing that neither saw.
TEST(SocketsProbe, SaysWhatSsSaysOfTheLiveMachine) {
  const auto here = listen_on("127.0.0.1");
  const auto before = told_by_ss();
  const auto got = told(look_at_machine());
  const auto after = told_by_ss();
  for (const std::string& one : before) {
    EXPECT_TRUE(got.contains(one) || !after.contains(one)) << "missed " << one;
  }
  for (const std::string& one : got) {
    EXPECT_TRUE(before.contains(one) || after.contains(one)) << "invented " << one;
  }
  EXPECT_TRUE(got.contains("tcp 127.0.0.1:" + std::to_string(here.port)));
}

TEST(SocketsProbe, NamesTheProgramAndItsQueue) {
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "no namespace";
    const auto port = listen_on("127.0.0.1", 0, 77);
    ::prctl(PR_SET_NAME, "postgres");
    const Json service = look_at_machine()["services"]["value"].at(0);
    return service["program"].get<std::string>() + " " + service["protocol"].get<std::string>() +
           " " + service["exposure"].get<std::string>() + " " + service["backlog_limit"].dump() +
           " " + service["data_service"].dump();
  });
  EXPECT_EQ(said, "postgres postgresql loopback 77 true");
}

TEST(SocketsProbe, AThousandListenersAreToldInTime) {
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "no namespace";
    const rlimit files{4096, 4096};
    ::setrlimit(RLIMIT_NOFILE, &files);
    std::vector<host::testing::ListeningPort> ports;
    for (int i = 0; i < 1000; ++i) ports.push_back(listen_on("127.0.0.1"));
    const auto before = MonotonicClock::now();
    const Json facts = look_at_machine();
    const auto took = std::chrono::duration_cast<Duration>(MonotonicClock::now() - before);
    const auto count = told(facts).size();  // other namespaces of the machine are told, too
    return took < 3s ? std::to_string(count) : "took " + std::to_string(took.count()) + " ms";
  });
  EXPECT_EQ(said, "1000");
}

TEST(SocketsProbe, HostileNamesOfProgramsAreMadeHarmless) {
  NEEDS_ROOT();
  const std::string said = in_child([]() -> std::string {
    if (!host::testing::enter_fresh_network_namespace()) return "no namespace";
    const auto port = listen_on("127.0.0.1");
    ::prctl(PR_SET_NAME, "a\x1b[2J\xff\xfe\n\"b");
    return look_at_machine()["services"]["value"].at(0)["program"].get<std::string>();
  });
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  EXPECT_EQ(said.find('\n'), std::string::npos);
  EXPECT_EQ(said, printable_utf8(said));
  EXPECT_TRUE(said.starts_with("a") && said.ends_with("\"b")) << said;
}

// ---- without permission, without discovery ----

TEST(SocketsProbe, NobodySeesSocketsButNotTheirOwnersAndSaysSo) {
  NEEDS_ROOT();
  auto port = listen_on("127.0.0.1");  // held by root
  const std::string said = in_child([&]() -> std::string {
    port.socket.reset();
    if (!host::testing::become_nobody()) return "still root";
    const Json facts = look_at_machine();
    for (const Json& service : facts["services"]["value"]) {
      if (service["port"] != port.port) continue;
      const bool honest = facts["owners_unknown"]["value"].get<int>() > 0 &&
                          facts["namespaces"].contains("unknown") &&
                          facts["namespaces"]["unknown"]["why"] == "denied";
      return service["program"] == "" && honest ? "sees it, owner unknown" : facts.dump();
    }
    return "not seen";
  });
  EXPECT_EQ(said, "sees it, owner unknown");
}

TEST(SocketsProbe, WithoutDiscoveryEverythingIsUnknownForItsReason) {
  const Json facts = look(Unknown{Why::timeout, "out of time"});
  for (const char* key : {"services", "namespaces", "global_addresses", "owners_unknown"}) {
    EXPECT_EQ(facts[key]["unknown"]["why"], "timeout") << key;
  }
  EXPECT_TRUE(facts["listen_overflows_total"].contains("value"))
      << "has nothing to do with discovery";
}

/// A list with a gap must not read as complete.
TEST(SocketsProbe, NamespaceThatCouldNotBeEnteredIsToldAsUnknown) {
  Topology topology;
  topology.namespaces = {{"web", 1, Seen{3U, Evidence{}}}, {"db", 2, Unknown{Why::denied, "no"}}};
  const Json facts = look(Seen{topology, Evidence{}});
  EXPECT_EQ(facts["namespaces"]["unknown"]["why"], "denied");
  EXPECT_NE(facts["namespaces"]["unknown"]["detail"].get<std::string>().find("db"),
            std::string::npos);
}

TEST(SocketsProbe, OwnSocketsThatCouldNotBeListedAreUnknownNotNone) {
  Topology topology;
  topology.namespaces = {{"", 0, Unknown{Why::denied, "no netlink, no /proc"}}};
  const Json facts = look(Seen{topology, Evidence{}});
  EXPECT_EQ(facts["services"]["unknown"]["why"], "denied") << facts["services"].dump();
}

TEST(SocketsProbe, CounterThatIsMissingOrGarbageIsUnknown) {
  const auto look_under = [](const char* netstat) {
    const TempFolder root;
    std::filesystem::create_directories(root.path() + "/proc/net");
    if (netstat) root.write("proc/net/netstat", netstat);
    Target target;
    const Observed<Topology> topology = Seen{Topology{}, Evidence{}};
    const Settings settings;
    struct Sink : FactSink {
      void put(std::string_view key, std::string_view json) override {
        facts[std::string(key)] = parse_json(json).value();
      }
      Json facts = Json::object();
    } sink;
    find_probe("sockets")->run({target, topology, settings, Deadline{1s}, root.path() + "/"}, sink);
    return sink.facts["listen_overflows_total"];
  };
  EXPECT_TRUE(look_under(nullptr).contains("unknown"));
  EXPECT_EQ(look_under("TcpExt: SyncookiesSent\nTcpExt: 0\n")["unknown"]["why"], "unsupported");
  EXPECT_EQ(look_under("TcpExt: ListenOverflows\nTcpExt: \xff\n")["unknown"]["why"], "malformed");
  EXPECT_EQ(look_under("TcpExt: ListenOverflows\nTcpExt: 7\n")["value"], 7);
}

}  // namespace
}  // namespace postflight
