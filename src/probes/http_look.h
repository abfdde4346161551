// SPDX-License-Identifier: Apache-2.0
// From the answers of one web site to facts: the page, its times, its redirects, its health path.
#pragma once

#include <string>

#include "probes/http.h"
#include "probes/http_site.h"
#include "probes/recorder.h"

namespace postflight {

/// Records everything about `site`, whose answer to GET / was `response`. `where` follows the URL
/// in the source of every evidence: " at 127.0.0.1:80".
void look_at_site(const ProbeContext& context, Recorder<HttpFacts>& recorder, const HttpSite& site,
                  const host::HttpResponse& response, const std::string& where);

}  // namespace postflight
