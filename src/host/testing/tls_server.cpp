// SPDX-License-Identifier: Apache-2.0
// OpenSSL over non-blocking sockets, so that the end of the test is never waited for.
#include "host/testing/tls_server.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "host/testing/bad_server.h"

namespace postflight::host::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Session = std::unique_ptr<SSL, void (*)(SSL*)>;

constexpr long kDay = 24L * 3600;

Certificate make_certificate(const TlsServerOptions& options, EVP_PKEY* key) {
  Certificate certificate{X509_new(), X509_free};
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -400 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.days_valid * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

SSL_CTX* make_context(const TlsServerOptions& options) {
  const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const Certificate certificate = make_certificate(options, key.get());
  if (!context || SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    throw std::runtime_error("cannot set up TLS");
  }
  return context;
}

}  // namespace

TlsServer::TlsServer(TlsServerOptions options)
    : options_(std::move(options)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  context_ = make_context(options_);
  ListeningPort listening = listen_on("127.0.0.1", 0, 16);
  listener_ = std::move(listening.socket);
  port_ = listening.port;
  thread_ = std::thread([this] { serve(); });
}

TlsServer::~TlsServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

std::string TlsServer::url(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

/// False where the server is to end.
bool TlsServer::wait(int fd, short events) const {
  std::array<pollfd, 2> entries{{{stop_.get(), POLLIN, 0}, {fd, events, 0}}};
  ::poll(entries.data(), entries.size(), -1);
  return entries[0].revents == 0;
}

void TlsServer::serve() {
  while (wait(listener_.get(), POLLIN)) {
    const FileDescriptor fd{
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (fd) answer_one(fd.get());
  }
}

void TlsServer::answer_one(int fd) {
  if (options_.stall_handshake) {
    std::array<char, 4096> ignored;
    while (wait(fd, POLLIN) && ::recv(fd, ignored.data(), ignored.size(), 0) > 0) {
    }
    return;
  }
  const Session session{SSL_new(static_cast<SSL_CTX*>(context_)), SSL_free};
  SSL_set_fd(session.get(), fd);
  SSL_set_accept_state(session.get());
  std::array<char, 4096> request;
  // Reading does the handshake first; an error other than "wait" ends this connection alone.
  for (int count; (count = SSL_read(session.get(), request.data(), request.size())) <= 0;) {
    const int error = SSL_get_error(session.get(), count);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return;
    if (!wait(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return;
  }
  SSL_write(session.get(), options_.answer.data(), static_cast<int>(options_.answer.size()));
  SSL_shutdown(session.get());
}

}  // namespace postflight::host::testing
