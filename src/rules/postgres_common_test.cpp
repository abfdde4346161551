// SPDX-License-Identifier: Apache-2.0
// Address blocks as pg_hba.conf names them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rules/postgres_rules.h"

namespace postflight::rules::postgres_rules {
namespace {

bool covers(const char* outer, const char* inner) {
  const auto a = parse_block(outer), b = parse_block(inner);
  EXPECT_TRUE(a && b) << outer << " " << inner;
  return a && b && a->covers(*b);
}

TEST(Block, CoversWhatLiesInIt) {
  EXPECT_TRUE(covers("172.16.0.0/12", "172.31.4.0/24"));
  EXPECT_TRUE(covers("172.18.0.0/16", "172.18.0.0/16"));
  EXPECT_TRUE(covers("0.0.0.0/0", "203.0.113.7"));
  EXPECT_TRUE(covers("fd00::/8", "fd12:3456::1/64"));
  EXPECT_FALSE(covers("172.18.0.0/16", "172.16.0.0/12"));
  EXPECT_FALSE(covers("172.17.0.0/16", "172.18.0.0/16"));
  EXPECT_FALSE(covers("::/0", "127.0.0.1"));
}

TEST(Block, IsReadWithAMask) {
  EXPECT_EQ(parse_block("172.18.0.0", "255.255.0.0")->bits, 16);
  EXPECT_EQ(parse_block("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")->bits, 128);
  EXPECT_TRUE(parse_block("0.0.0.0", "0.0.0.0")->is_everything());
  EXPECT_TRUE(parse_block("127.0.0.1")->is_loopback());
  EXPECT_TRUE(parse_block("::1")->is_loopback());
  EXPECT_FALSE(parse_block("::2")->is_loopback());
  EXPECT_TRUE(parse_block("::ffff:10.0.0.1"));
}

TEST(Block, ThatIsNoneIsNothing) {
  for (const char* text :
       {"", "all", "samenet", "db.example.org", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4/33",
        "1.2.3.4/-1", ":::", "1::2::3", "12345::", "g::"}) {
    EXPECT_FALSE(parse_block(text)) << text;
  }
  EXPECT_FALSE(parse_block("1.2.3.4", "::1"));
}

RC_GTEST_PROP(BlockProperty, AnyTextIsReadOrNot, (std::string a, std::string b)) {
  (void)parse_block(a, b);
}

}  // namespace
}  // namespace postflight::rules::postgres_rules
