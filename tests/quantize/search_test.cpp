#include "quantize/search.h"

#include <gtest/gtest.h>

namespace ridgeline::quantize {
namespace {

SearchResult search(size_t layers, size_t enough) {
  const auto found = search_float_layers(layers, [&](size_t count) -> Result<bool> {
    EXPECT_LT(count, layers);
    return count >= enough;
  });
  EXPECT_TRUE(found.ok());
  return *found;
}

TEST(Search, FindsTheFewestLayersInFewTrials) {
  for (size_t layers = 1; layers <= 40; ++layers) {
    for (size_t enough = 0; enough < layers; ++enough) {
      const SearchResult found = search(layers, enough);
      EXPECT_TRUE(found.reached);
      EXPECT_EQ(found.float_layers, enough) << layers;
      EXPECT_LE(found.trials, 13U) << layers << " layers, " << enough << " enough";
    }
  }
}

TEST(Search, SaysWhenNothingButAllInFloatWouldDo) {
  for (const size_t layers : {1U, 2U, 21U}) {
    const SearchResult found = search(layers, layers);
    EXPECT_FALSE(found.reached);
    EXPECT_EQ(found.float_layers, layers);
  }
}

TEST(Search, AsksOnceWhereAllInInt8IsGoodEnough) { EXPECT_EQ(search(21, 0).trials, 1U); }

TEST(Search, EndsWithAnErrorOfATrial) {
  const auto found = search_float_layers(4, [](size_t) -> Result<bool> { return cancelled("stopped"); });
  EXPECT_EQ(found.status().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace ridgeline::quantize
