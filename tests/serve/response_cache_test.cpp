#include "serve/scheduling/response_cache.h"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace ridgeline::serve {
namespace {

using Cache = ResponseCache<std::string>;

ContentKey key_of(std::initializer_list<std::string_view> parts) {
  ContentHash hash;
  for (const std::string_view part : parts) hash.add(part);
  return hash.key();
}

std::shared_ptr<const std::string> answer(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(ContentHash, TellsContentsApartAndEqualOnesTogether) {
  EXPECT_EQ(key_of({"resnet", "1", "pixels"}), key_of({"resnet", "1", "pixels"}));
  EXPECT_NE(key_of({"resnet", "1", "pixels"}), key_of({"resnet", "2", "pixels"}));
  EXPECT_NE(key_of({"ab", "c"}), key_of({"a", "bc"})) << "parts run into each other";
  EXPECT_NE(key_of({"a"}), key_of({"a", ""}));
  EXPECT_NE(ContentHash().add(int64_t{1}).key(), ContentHash().add(int64_t{2}).key());
}

TEST(ResponseCache, FindsWhatWasPutInAndNothingElse) {
  Cache cache(1 << 20);
  EXPECT_EQ(cache.find(key_of({"a"})), nullptr);
  cache.insert(key_of({"a"}), answer("A"), 1);
  EXPECT_EQ(*cache.find(key_of({"a"})), "A");
  EXPECT_EQ(cache.find(key_of({"b"})), nullptr);
  cache.insert(key_of({"a"}), answer("newer"), 5);
  EXPECT_EQ(*cache.find(key_of({"a"})), "newer");
  EXPECT_EQ(cache.use().entries, 1U);
}

TEST(ResponseCache, StaysWithinItsBudgetAndLetsTheLeastRecentlyUsedGo) {
  Cache cache(10'000);
  for (const char* name : {"a", "b", "c"}) cache.insert(key_of({name}), answer(name), 3000);
  ASSERT_EQ(cache.use().entries, 3U);
  cache.find(key_of({"a"}));
  cache.insert(key_of({"d"}), answer("d"), 3000);
  EXPECT_NE(cache.find(key_of({"a"})), nullptr);
  EXPECT_EQ(cache.find(key_of({"b"})), nullptr);
  EXPECT_EQ(cache.use().evictions, 1U);
  EXPECT_LE(cache.use().bytes, 10'000U);
  cache.insert(key_of({"e"}), answer("e"), 9000);
  EXPECT_EQ(cache.use().entries, 1U);
}

TEST(ResponseCache, KeepsOutWhatWouldNotFitAlone) {
  Cache cache(1000);
  cache.insert(key_of({"small"}), answer("small"), 10);
  cache.insert(key_of({"large"}), answer("large"), 1000);
  cache.insert(key_of({"absurd"}), answer("absurd"), UINT64_MAX);
  EXPECT_EQ(cache.find(key_of({"large"})), nullptr);
  EXPECT_NE(cache.find(key_of({"small"})), nullptr) << "thrown out for nothing";
}

TEST(ResponseCache, WhatWasFoundOutlivesItsEviction) {
  Cache cache(1000);
  cache.insert(key_of({"a"}), answer("A"), 700);
  const auto found = cache.find(key_of({"a"}));
  cache.insert(key_of({"b"}), answer("B"), 700);
  EXPECT_EQ(cache.find(key_of({"a"})), nullptr);
  EXPECT_EQ(*found, "A");
}

TEST(ResponseCache, ManyThreadsFindWholeAnswersOnly) {
  Cache cache(4000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 3000; ++i) {
        const std::string name = std::to_string((i * 7 + t) % 40);
        const ContentKey key = key_of({name});
        if (const auto found = cache.find(key)) {
          EXPECT_EQ(*found, name);
        } else {
          cache.insert(key, answer(name), 200);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.use().bytes, 4000U);
}

}  // namespace
}  // namespace ridgeline::serve
