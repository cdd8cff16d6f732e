#include "base/cpu_features.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace ridgeline {
namespace {

TEST(CpuFeatures, LevelsTakeAwayWhatLiesAboveThem) {
  CpuFeatures all;
  all.avx2 = all.fma = all.avx512f = all.avx512_vnni = all.amx_tile = all.amx_int8 = true;
  const auto avx512 = limit_cpu_features(all, "avx512");
  ASSERT_TRUE(avx512.ok());
  EXPECT_EQ(avx512->to_string(), "avx2 fma avx512f avx512_vnni");
  EXPECT_EQ(limit_cpu_features(all, "avx2")->to_string(), "avx2 fma");
  EXPECT_EQ(limit_cpu_features(all, "ref")->to_string(), "none");
}

TEST(CpuFeatures, AnUnknownLevelIsRefusedByName) {
  const auto result = limit_cpu_features({}, "sse9");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(result.status().message().find("sse9"), std::string::npos);
}

TEST(CpuFeatures, TheEnvironmentLimitsWhatIsUsable) {
  setenv("RIDGELINE_CPU", "ref", 1);
  EXPECT_EQ(*usable_cpu_features(), CpuFeatures{});
  setenv("RIDGELINE_CPU", "fast", 1);
  EXPECT_FALSE(usable_cpu_features().ok());
  unsetenv("RIDGELINE_CPU");
  EXPECT_EQ(*usable_cpu_features(), detect_cpu_features());
}

TEST(CpuFeatures, DetectionAgreesWithTheCompilersOwn) {
  const CpuFeatures features = detect_cpu_features();
  EXPECT_EQ(features.avx2, __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(features.fma, __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(features.avx512f, __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(features.avx512_vbmi, __builtin_cpu_supports("avx512vbmi") != 0);
  EXPECT_EQ(features.avx512_vnni, __builtin_cpu_supports("avx512vnni") != 0);
}

TEST(CpuQuota, ReadsBothSpellings) {
  EXPECT_DOUBLE_EQ(parse_cpu_quota("150000 100000").value_or(0), 1.5);
  EXPECT_FALSE(parse_cpu_quota("max 100000").has_value());
  EXPECT_FALSE(parse_cpu_quota("-1 100000").has_value());
  EXPECT_FALSE(parse_cpu_quota("").has_value());
}

TEST(AllowedCpus, IsAtLeastOne) { EXPECT_GE(allowed_cpus(), 1); }

}  // namespace
}  // namespace ridgeline
