// SPDX-License-Identifier: Apache-2.0
#include "engine/readable.h"

#include <gtest/gtest.h>

namespace postflight {
namespace {

FactsDocument document_with(Json facts) {
  FactsDocument document;
  document.topology = Seen{Topology{}, Evidence{}};
  document.components = {{"redis:127.0.0.1:6379", "redis", "Redis", "redis", std::move(facts)}};
  return document;
}

TEST(Readable, KeepsWhatIsSoundAndNamesWhatIsNot) {
  const FactsDocument document = readable(document_with(
      {{"ping_ok", {{"value", true}}}, {"maxclients", {{"value", -1}}}, {"keys", 4}}));
  const Json& facts = document.components[0].facts;
  EXPECT_EQ(facts["ping_ok"], (Json{{"value", true}}));
  EXPECT_EQ(facts["maxclients"]["unknown"]["why"], "malformed");
  EXPECT_NE(
      facts["maxclients"]["unknown"]["detail"].get<std::string>().find("whole number in range"),
      std::string::npos);
  EXPECT_EQ(facts["keys"]["unknown"]["why"], "malformed");
  EXPECT_EQ(facts["version"]["unknown"]["why"], "unsupported");
  EXPECT_EQ(readable(document), document);
}

}  // namespace
}  // namespace postflight
