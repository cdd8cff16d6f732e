#include "quantize/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantize/small_model.h"

namespace ridgeline::quantize {
namespace {

using ::testing::HasSubstr;

/// 100 GFLOP/s, INT8 four times as fast; `bytes_per_s` decides what is bound by memory.
cost::Device machine(double bytes_per_s) {
  return {.name = "test", .peak_flops = {{"fp32", 1e11}, {"int8", 4e11}}, .bytes_per_s = bytes_per_s};
}

Forecast forecast_of(const cost::Device& device, const CpuFeatures& cpu,
                     const std::set<std::string>& float_layers = {}) {
  const Graph model = small_model();
  const TypeMap types = infer_types(model).value();
  const auto found = forecast(model, plan(model, float_layers), types, device, cpu);
  EXPECT_TRUE(found.ok()) << found.status().message();
  return *found;
}

const CpuFeatures kVnni{.avx512_vnni = true};

TEST(Forecast, ComputeBoundLayersGainTheRatioOfThePeaks) {
  const Forecast found = forecast_of(machine(1e15), kVnni);
  ASSERT_EQ(found.layers[0].name, "conv1");
  EXPECT_TRUE(found.layers[0].int8);
  EXPECT_EQ(found.layers[0].fp32_bound, cost::Bound::kCompute);
  EXPECT_NEAR(found.layers[0].speedup(), 4, 1e-9);
  EXPECT_EQ(found.peak_ratio, 4);
  EXPECT_EQ(found.verdict(), Verdict::kPays);
  EXPECT_THAT(found.words(), HasSubstr("INT8 pays here: avx512_vnni"));
}

TEST(Forecast, MemoryBoundLayersGainTheRatioOfTheBytes) {
  const Forecast found = forecast_of(machine(1e6), kVnni);
  EXPECT_EQ(found.layers[0].int8_bound, cost::Bound::kMemory);
  EXPECT_NEAR(found.layers[0].speedup(), 4, 1e-9);
  EXPECT_GT(found.conversion_seconds, 0);
  EXPECT_LT(found.speedup(), 4);
}

TEST(Forecast, EmulationInFloatsIsNeverFaster) {
  for (const double bytes_per_s : {1e6, 1e10, 1e15})
    EXPECT_LT(forecast_of(machine(bytes_per_s), kVnni).emulated_speedup(), 1);
}

TEST(Forecast, WithoutInstructionsForItInt8GainsNothingWhereArithmeticIsTheLimit) {
  const Forecast found = forecast_of(machine(1e15), CpuFeatures{.avx2 = true});
  EXPECT_EQ(found.verdict(), Verdict::kDoesNotPay);
  EXPECT_THAT(found.words(), HasSubstr("INT8 will not help here"));
  EXPECT_THAT(found.words(), HasSubstr("no VNNI"));
}

TEST(Forecast, LayersLeftInFloatGainNothingAndCostConversions) {
  const Forecast all = forecast_of(machine(1e9), kVnni);
  const Forecast some = forecast_of(machine(1e9), kVnni, {"conv1"});
  EXPECT_FALSE(some.layers[0].int8);
  EXPECT_EQ(some.layers[0].speedup(), 1);
  EXPECT_LT(some.speedup(), all.speedup());
  const Forecast none = forecast_of(machine(1e9), kVnni, {"conv1", "conv2", "fc"});
  EXPECT_EQ(none.speedup(), 1);
  EXPECT_EQ(none.emulated_speedup(), 1);
}

TEST(Forecast, NativeGainsWhatIntegerKernelsDoOnlyWhereTheCpuHasInstructionsForThem) {
  const Forecast with = forecast_of(machine(1e9), kVnni), without = forecast_of(machine(1e9), {});
  EXPECT_EQ(with.native_speedup(), with.speedup());
  EXPECT_EQ(without.native_speedup(), without.emulated_speedup());
}

TEST(Forecast, AmxComesBeforeVnni) {
  CpuFeatures cpu = kVnni;
  cpu.amx_int8 = true;
  EXPECT_EQ(forecast_of(machine(1e9), cpu).instructions, "amx_int8");
}

}  // namespace
}  // namespace ridgeline::quantize
