// SPDX-License-Identifier: Apache-2.0
// The two ports of Qdrant's stand-in as clients of all sorts find them: many at once, silent,
// talking nonsense or HTTP/2; and its end.
#include <signal.h>

#include <atomic>
#include <thread>

#include "host/tcp.h"
#include "testing/qdrant_fixture.h"

namespace postflight::lab::testing {
namespace {

using Json = nlohmann::json;
using host::TcpStream;

class QdrantPorts : public QdrantTest {
 protected:
  TcpStream connect(std::uint16_t port) {
    auto stream = TcpStream::connect("127.0.0.1", port, Deadline{Duration{5'000}});
    if (!stream) throw std::runtime_error(stream.error().what);
    return *std::move(stream);
  }
  /// Everything the server says to these bytes until it closes; "open" in front where it did not
  /// within the time.
  std::string talk(std::uint16_t port, const std::string& bytes, Duration limit = Duration{5'000}) {
    TcpStream stream = connect(port);
    const Deadline deadline{limit};
    (void)stream.send_all(bytes, deadline);
    std::string said;
    for (;;) {
      const auto more = stream.read_some(64 * 1024, deadline);
      if (!more) return (more.error().code == Errc::kTimeout ? "open " : "") + said;
      if (more->empty()) return said;
      said += *more;
    }
  }
  HttpAnswer call(const std::string& method, const std::string& message = std::string(5, '\0')) {
    HttpConnection grpc{server_.grpc_port(), HttpConnection::Version::k2};
    return grpc.ask({.method = "POST",
                     .path = method,
                     .body = message,
                     .headers = {"content-type: application/grpc", "te: trailers"}});
  }
};

TEST_F(QdrantPorts, KeepConnections) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/collections").status, 200);
  EXPECT_EQ(post("/collections/docs/points/scroll", "{").status, 400);
  EXPECT_EQ(ask({.path = "/nothing"}).status, 404);
  EXPECT_EQ(rest_.ask({.method = "HEAD", .path = "/collections"}).status, 200);
  EXPECT_EQ(rest_.ask({.method = "POST", .path = "/nothing", .body = "{}"}).status, 404);
  EXPECT_EQ(get("/collections").status, 200);
  EXPECT_EQ(rest_.connects(), 1);
}

TEST_F(QdrantPorts, SendNoBodyToHead) {
  const std::string said =
      talk(server_.rest_port(), "HEAD /collections HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 200 ")) << said;
  EXPECT_EQ(said.find("content-length: 0"), std::string::npos) << said;
  EXPECT_TRUE(said.ends_with("\r\n\r\n")) << said;
}

TEST_F(QdrantPorts, AnswerManyAtOnce) {
  std::vector<TcpStream> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(connect(server_.rest_port()));
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 24; ++i) {
      clients.emplace_back([&] {
        HttpConnection connection{server_.rest_port()};
        for (int n = 0; n < 10; ++n)
          good += connection.ask({.path = "/collections/docs/points/7"}).status == 200;
      });
    }
  }
  EXPECT_EQ(good, 240);
}

TEST_F(QdrantPorts, BoundBodies) {
  const std::string head = "POST /collections/docs/points/count HTTP/1.1\r\nHost: x\r\n";
  const auto answer_to = [&](const std::string& headers) {
    return talk(server_.rest_port(), head + headers + "\r\n\r\n{}");
  };
  EXPECT_TRUE(answer_to("Connection: close\r\nContent-Length: 2").starts_with("HTTP/1.1 200"));
  const std::string large = answer_to("Content-Length: 99999999999");
  EXPECT_TRUE(large.starts_with("HTTP/1.1 400")) << large;
  const Json error = Json::parse(large.substr(large.find("\r\n\r\n") + 4));
  EXPECT_EQ(qdrant_openapi().complaints({"POST", "/collections/{collection_name}/points/count"},
                                        400, error),
            "");
  for (const std::string wrong : {"-1", "x", "+2", "2, 2", "2\r\nContent-Length: 3"}) {
    const std::string answer = answer_to("Content-Length: " + wrong);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << wrong << answer;
  }
  EXPECT_TRUE(answer_to("Transfer-Encoding: chunked").starts_with("HTTP/1.1 411"));
}

TEST_F(QdrantPorts, SurviveGarbage) {
  std::string noise(100'000, '\0');
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 7919 >> 3);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (const std::string& bytes :
       {noise, std::string("\r\n\r\n"), std::string("GET /\r\n\r\n"), "GET " + noise,
        "GET / HTTP/1.1\r\n" + std::string(200'000, 'x'), std::string("GET / HTTP/9.9\r\n\r\n"),
        "GET / HTTP/1.1\r\nx: " + noise, std::string(1, '\x16') + "\x03\x01" + noise, preface,
        preface + noise, preface + std::string("\0\0\0\4\0\0\0\0\0", 9) + noise,
        preface + std::string("\xff\xff\xff\1\5\0\0\0\1", 9)}) {
    for (const std::uint16_t port : {server_.rest_port(), server_.grpc_port()}) {
      (void)talk(port, bytes, Duration{300});
      EXPECT_TRUE(server_.running()) << port << bytes.substr(0, 60);
    }
  }
  EXPECT_EQ(get("/collections").status, 200);
  EXPECT_EQ(call("/grpc.health.v1.Health/Check").header("grpc-status"), "0");
}

TEST_F(QdrantPorts, AnswerHttpInVersionOneToWhatIsNone) {
  for (const std::string& bytes : {std::string("nonsense\r\n\r\n"), std::string("GET /\r\n\r\n"),
                                   std::string("GET / HTTP/9.9\r\n\r\n")}) {
    const std::string said = talk(server_.rest_port(), bytes);
    EXPECT_TRUE(said.starts_with("HTTP/1.1 ")) << bytes << said;
    EXPECT_EQ(said.find("<html"), std::string::npos) << said;
  }
}

TEST_F(QdrantPorts, AnswerTheHealthCheckOfGrpc) {
  const auto answer = call("/grpc.health.v1.Health/Check");
  EXPECT_EQ(answer.status, 200) << answer.error;
  EXPECT_EQ(answer.header("content-type"), "application/grpc");
  EXPECT_EQ(answer.header("grpc-status"), "0");
  EXPECT_EQ(answer.body, std::string("\0\0\0\0\2\x08\x01", 7)) << "status: SERVING";
}

TEST_F(QdrantPorts, AnswerQdrantsOwnHealthCheck) {
  const auto answer = call("/qdrant.Qdrant/HealthCheck");
  EXPECT_EQ(answer.header("grpc-status"), "0");
  const std::string message =
      "\x0a\x1dqdrant - vector search engine\x12\x06"
      "1.11.0\x1a\x03lab";
  ASSERT_EQ(answer.body.size(), 5 + message.size());
  EXPECT_EQ(answer.body.substr(0, 5),
            std::string("\0\0\0\0", 4) + static_cast<char>(message.size()));
  EXPECT_EQ(answer.body.substr(5), message);
}

TEST_F(QdrantPorts, DoNotImplementOtherMethods) {
  for (const std::string method : {"/qdrant.Points/Search", "/", "/grpc.health.v1.Health/Watch"}) {
    const auto answer = call(method, std::string(100'000, 'x'));
    EXPECT_EQ(answer.status, 200) << method << answer.error;
    EXPECT_EQ(answer.header("grpc-status"), "12") << method;
    EXPECT_EQ(answer.body, "");
  }
}

/// Sends 30 calls on one connection at once, takes every third back, and prints the statuses of the
/// others. (curl 7.88 cannot use a connection of HTTP/2 with prior knowledge twice.)
const std::string kManyCalls = R"(
import socket, sys
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived, TrailersReceived
http = H2Connection(H2Configuration(header_encoding="utf-8"))
http.initiate_connection()
for stream in range(1, 61, 2):
    path = "/grpc.health.v1.Health/Check" if stream % 4 == 1 else "/x"
    http.send_headers(stream, [(":method", "POST"), (":path", path), (":scheme", "http"),
                               (":authority", "x"), ("te", "trailers")])
    http.send_data(stream, bytes(5), end_stream=True)
    if stream % 3 == 0:
        http.reset_stream(stream)
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
server.sendall(http.data_to_send())
statuses = {}
while len(statuses) < 20:
    data = server.recv(65536)
    if not data:
        sys.exit("closed after " + str(statuses))
    for event in http.receive_data(data):
        if isinstance(event, (ResponseReceived, TrailersReceived)):
            headers = dict(event.headers)
            if "grpc-status" in headers:
                statuses[event.stream_id] = headers["grpc-status"]
    server.sendall(http.data_to_send())
print(" ".join(statuses[stream] for stream in sorted(statuses)))
)";

TEST_F(QdrantPorts, AnswerManyCallsOnOneConnectionOfHttp2) {
  const auto said = host::testing::run_command(
      {"/usr/bin/python3", "-c", kManyCalls, std::to_string(server_.grpc_port())});
  EXPECT_EQ(said.exit_code, 0) << said.err;
  EXPECT_EQ(said.out, "0 0 12 12 0 0 12 12 0 0 12 12 0 0 12 12 0 0 12 12\n");
}

TEST_F(QdrantPorts, CloseHttpInVersionOneWhereVersionTwoIsSpoken) {
  const std::string said = talk(server_.grpc_port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(said.starts_with("open ")) << "still open";
  EXPECT_EQ(said.find("HTTP/1"), std::string::npos) << said;
  HttpConnection plain{server_.grpc_port()};
  EXPECT_EQ(plain.ask({}).status, 0);
}

TEST_F(QdrantPorts, EndWithinASecondOfSigterm) {
  const TcpStream silent = connect(server_.rest_port()), grpc = connect(server_.grpc_port());
  TcpStream half = connect(server_.rest_port());
  (void)half.send_all("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n", Deadline{Duration{1'000}});
  ASSERT_EQ(get("/collections").status, 200);
  ASSERT_EQ(::kill(server_.pid(), SIGTERM), 0);
  const Deadline second{Duration{1'000}};
  while (server_.running() && !second.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_FALSE(server_.running());
  EXPECT_FALSE(TcpStream::connect("127.0.0.1", server_.rest_port(), Deadline{Duration{1'000}}));
}

}  // namespace
}  // namespace postflight::lab::testing
