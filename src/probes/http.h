// SPDX-License-Identifier: Apache-2.0
// What is looked at where HTTP is spoken: a service of this machine, or a public name as it is seen
// from inside. Only plain GET requests are sent, which are safe by definition (RFC 9110,
// section 9.2.1). Source: RFC 9110, RFC 9112; the default pages of the servers themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/observed.h"

namespace postflight {

/// "Does not apply" is Absent throughout: all of a service that turned out not to speak HTTP, what
/// is said of public names for a service, what is said of pages for a name that does not exist.
struct HttpFacts {
  Required<bool> answers;
  Fact<std::string> public_name;
  Fact<bool> in_dns;
  Fact<std::vector<std::string>> addresses;
  Fact<std::string> url;
  Fact<bool> tls;
  Fact<std::string> certificate_check;
  Fact<std::uint32_t> status_code;
  Fact<double> first_byte_seconds;
  Fact<double> total_seconds;
  Fact<std::string> http_version;
  Fact<std::string> server;
  Fact<std::string> content_type;
  Fact<std::string> title;
  Fact<std::string> body_excerpt;
  Fact<bool> directory_listing;
  Fact<std::string> default_page;
  Fact<std::string> redirect_location;
  Fact<bool> redirects_to_itself;
  Fact<std::string> landing_url;
  Fact<std::uint32_t> landing_status;
  Fact<bool> redirects_to_https;
  Fact<std::string> health_path;
  Fact<std::uint32_t> health_status;
  Fact<double> health_seconds;
  Fact<std::string> health_says;
  Fact<std::string> health_excerpt;
};
// clang-format off
PF_DESCRIBE(HttpFacts,
  (answers, "A GET of / was answered with a complete HTTP response of any status. False for a public name that does not exist; absent where something answers that is not HTTP and nothing but the port had suggested it."),
  (public_name, "The public name that was asked for; absent where a service of this machine was asked."),
  (in_dns, "The public name has an address, asked for as this machine resolves names."),
  (addresses, "Addresses of the public name, IPv4 first."),
  (url, "What was asked for; its host is what the Host header and TLS (SNI) said."),
  (tls, "The answer came over TLS."),
  (certificate_check, "OpenSSL's verdict on the chain of a public name's certificate against the machine's trust store: ok, or X509_verify_cert_error_string(3). Names are not compared."),
  (status_code, "Status code of the answer to GET /, RFC 9110 section 15."),
  (first_byte_seconds, "From the start of the request, connecting and TLS included, to the first byte of the answer; the quicker of two where the first took a second or reached the limit."),
  (total_seconds, "From the start of that request to the end of its answer."),
  (http_version, "1.0, 1.1 or 2; the highest that TLS negotiated (ALPN)."),
  (server, "The Server header."),
  (content_type, "The Content-Type header."),
  (title, "The title element of an HTML page, white space folded."),
  (body_excerpt, "The first 120 bytes of the body, printable."),
  (directory_listing, "The page is a list of files made by the server, by its title."),
  (default_page, "Which page of a freshly installed server this is, by its title; absent where it is another page."),
  (redirect_location, "Where the answer to GET / leads, absolute; the query is left out, for it may hold tokens."),
  (redirects_to_itself, "Following redirects on the same site comes back to a URL already visited, also when cookies are kept."),
  (landing_url, "Where redirects on the same site end; absent where there are none or they lead to another site."),
  (landing_status, "Status code there."),
  (redirects_to_https, "For a public name: http:// leads to https://. Absent where port 80 refuses connections."),
  (health_path, "The first well-known health path with an answer of its own, 2xx or 5xx: not what an unknown path gets, and no HTML but at /up, as Rails and Laravel have it."),
  (health_status, "Status code at the health path."),
  (health_seconds, "From the start of the request to the end of the answer at the health path."),
  (health_says, "The member status, state, health, healthy or ok of a JSON answer at the health path."),
  (health_excerpt, "The first 120 bytes of that answer, printable."))
// clang-format on

}  // namespace postflight
