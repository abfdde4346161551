// SPDX-License-Identifier: Apache-2.0
#include "engine/framing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <stdexcept>

namespace postflight {
namespace {

TEST(Framing, TakesWholeFramesOnly) {
  FrameReader reader{TaskLimits{}};
  const std::string frame = encode_frame("key", "payload");
  ASSERT_TRUE(reader.feed(frame.substr(0, 8)));
  EXPECT_TRUE(reader.frames().empty());
  EXPECT_TRUE(reader.has_partial());
  ASSERT_TRUE(reader.feed(frame.substr(8)));
  ASSERT_EQ(reader.frames().size(), 1u);
  EXPECT_EQ(reader.frames()[0].key, "key");
  EXPECT_EQ(reader.frames()[0].payload, "payload");
  EXPECT_FALSE(reader.has_partial());
}

TEST(Framing, RefusesWhatDoesNotFitIntoAFrame) {
  EXPECT_THROW(encode_frame("", "x"), std::length_error);
  EXPECT_THROW(encode_frame(std::string(65536, 'k'), "x"), std::length_error);
  FrameReader reader{TaskLimits{}};
  ASSERT_TRUE(reader.feed(encode_frame(std::string(65535, 'k'), "x")));
  EXPECT_EQ(reader.frames().at(0).key.size(), 65535u);
}

TEST(Framing, AFrameOverTheBoundIsRefusedFromItsHeaderOn) {
  FrameReader reader{{.frame_bytes = 100, .total_bytes = 10'000}};
  ASSERT_TRUE(reader.feed(encode_frame("a", std::string(100, 'x'))));
  const auto fed = reader.feed(encode_frame("b", std::string(101, 'x')).substr(0, 6));
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::kMalformed);
  EXPECT_EQ(reader.frames().size(), 1u) << "what was complete before stays";
}

TEST(Framing, TheSumIsBounded) {
  FrameReader reader{{.frame_bytes = 100, .total_bytes = 1000}};
  int frames = 0;
  while (reader.feed(encode_frame("k", std::string(50, 'x')))) ASSERT_LT(++frames, 100);
  EXPECT_GE(frames, 5);
}

TEST(Framing, EmptyFramesCostAsMuchAsTheyTake) {
  FrameReader reader{{.frame_bytes = 100, .total_bytes = 100'000}};
  while (reader.feed(encode_frame("k", ""))) {
  }
  EXPECT_LT(reader.frames().size() * sizeof(Frame), 100'000u);
  FrameReader zeros{TaskLimits{}};
  EXPECT_FALSE(zeros.feed(std::string(64, '\0')));
  EXPECT_TRUE(zeros.frames().empty());
}

RC_GTEST_PROP(Framing, AnySplitGivesTheSameFrames, ()) {
  const auto keys = *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty<std::string>());
  std::string stream;
  std::vector<std::string> payloads;
  for (const std::string& key : keys) {
    payloads.push_back(*rc::gen::arbitrary<std::string>());
    stream += encode_frame(key, payloads.back());
  }
  FrameReader reader{TaskLimits{}};
  for (std::size_t at = 0; at < stream.size();) {
    const auto part = *rc::gen::inRange<std::size_t>(1, 40);
    RC_ASSERT(bool(reader.feed(std::string_view(stream).substr(at, part))));
    at += part;
  }
  RC_ASSERT(!reader.has_partial());
  RC_ASSERT(reader.frames().size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    RC_ASSERT(reader.frames()[i].key == keys[i]);
    RC_ASSERT(reader.frames()[i].payload == payloads[i]);
  }
}

RC_GTEST_PROP(Framing, NeverHoldsMoreThanItsBound, (const std::vector<std::string>& parts)) {
  FrameReader reader{{.frame_bytes = 16, .total_bytes = 400}};
  for (const std::string& part : parts) {
    if (!reader.feed(part)) break;
  }
  std::size_t held = 0;
  for (const Frame& frame : reader.frames()) {
    RC_ASSERT(frame.payload.size() <= 16u);
    held += frame.key.size() + frame.payload.size();
  }
  RC_ASSERT(held <= 400u);
}

}  // namespace
}  // namespace postflight
