// SPDX-License-Identifier: Apache-2.0
#include "model/observed.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace postflight {
namespace {

template <class T>
concept HasValueOr = requires(T t) { t.value_or(0); };
template <class T>
concept ConvertsToBool = std::is_constructible_v<bool, T>;

TEST(Observed, HasNoDefaultToHideBehind) {
  EXPECT_FALSE(HasValueOr<Observed<int>>);
  EXPECT_FALSE(ConvertsToBool<Observed<int>>);
}

TEST(Observed, AFreshOneIsUnknown) {
  const Observed<bool> fact;
  ASSERT_TRUE(fact.unknown());
  EXPECT_EQ(fact.unknown()->why, Why::not_planned);
  EXPECT_FALSE(fact.seen());
  EXPECT_FALSE(fact.absent());
}

TEST(Observed, IsExactlyOneOfThree) {
  const auto kinds = [](const Observed<int>& fact) {
    return fact.visit([](const Seen<int>&) { return 'S'; }, [](const Absent&) { return 'A'; },
                      [](const Unknown&) { return 'U'; });
  };
  EXPECT_EQ(kinds(Seen{0, Evidence{}}), 'S') << "a zero that was seen is knowledge";
  EXPECT_EQ(kinds(Absent{}), 'A');
  EXPECT_EQ(kinds(Unknown{}), 'U');
}

TEST(Observed, ConvertsTheValueAndKeepsTheEvidence) {
  const Observed<std::uint64_t> number = Seen{7U, Evidence{"here", "7", ""}};
  ASSERT_TRUE(number.seen());
  EXPECT_EQ(number.seen()->value, 7u);
  EXPECT_EQ(number.seen()->evidence.source, "here");
  const Observed<std::string> text = Seen{"literal", Evidence{}};
  EXPECT_EQ(text.seen()->value, "literal");
}

TEST(Observed, RequiredIsAnObserved) {
  Required<int> fact;
  fact = Seen{1, Evidence{}};
  EXPECT_TRUE(fact.seen());
  fact = Unknown{Why::denied, "ask root"};
  EXPECT_EQ(fact.unknown()->detail, "ask root");
  const Observed<int>& plain = fact;
  EXPECT_TRUE(plain.unknown());
}

}  // namespace
}  // namespace postflight
