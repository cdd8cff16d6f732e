#include "cost/roofline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cost/devices.h"
#include "cost/work.h"

namespace ridgeline::cost {
namespace {

constexpr double kFp32Bytes = 4;

struct SeedRow {
  int64_t batch;
  double gigaflops, megabytes, intensity;
};

TEST(ConvWork, ReproducesTheTableOfTheA10Study) {
  const Roof a10 = find_device("a10")->roof("fp32").value();
  EXPECT_NEAR(a10.ridge(), 52, 1e-9);
  for (const SeedRow& row : {SeedRow{4, 0.92, 6.57, 140.77}, SeedRow{32, 7.40, 51.53, 143.59},
                             SeedRow{128, 29.60, 205.67, 143.90}, SeedRow{512, 118.38, 822.23, 143.97}}) {
    const Work work = work_of({row.batch, 64, 64, 3, 56, 1}, kFp32Bytes);
    EXPECT_NEAR(work.flops / 1e9, row.gigaflops, 0.005) << row.batch;
    EXPECT_NEAR(work.bytes() / 1e6, row.megabytes, 0.005) << row.batch;
    EXPECT_NEAR(work.intensity(), row.intensity, 0.005) << row.batch;
    EXPECT_EQ(a10.bound_of(work.intensity()), Bound::kCompute);
  }
}

TEST(ConvWork, ReproducesTheLayersOfTheLenetStudyAndTheirParameters) {
  const ConvCase layers[] = {{1, 3, 16, 3, 224, 2},  {1, 16, 32, 3, 112, 2},  {1, 32, 64, 3, 56, 2},
                             {1, 64, 128, 3, 28, 2}, {1, 128, 256, 3, 14, 2}, {1, 7 * 7 * 256, 4, 1, 1, 1}};
  const double megaflops[] = {10.838, 28.901, 28.901, 28.901, 28.901, 0.100};
  const int64_t params[] = {432, 4608, 18432, 73728, 294912, 50176};
  for (size_t i = 0; i < std::size(layers); ++i) {
    EXPECT_NEAR(work_of(layers[i], kFp32Bytes).flops / 1e6, megaflops[i], 0.0005) << i;
    EXPECT_EQ(layers[i].params(), params[i]) << i;
  }
}

TEST(ConvWork, OddSizesRoundUpUnderStride) {
  const ConvCase conv{1, 1, 1, 3, 7, 2};
  EXPECT_EQ(conv.out_size(), 4);
  EXPECT_EQ(work_of(conv, kFp32Bytes).macs, 9 * 16);
}

TEST(Roofline, BelowTheRidgeMemoryLimitsAndAboveItThePeak) {
  const Roof roof{1000, 10};
  EXPECT_EQ(roof.bound_of(99), Bound::kMemory);
  EXPECT_EQ(roof.bound_of(100), Bound::kCompute);
  EXPECT_DOUBLE_EQ(roof.attainable_flops_per_s(50), 500);
  EXPECT_DOUBLE_EQ(roof.attainable_flops_per_s(500), 1000);
  EXPECT_DOUBLE_EQ(roof.least_seconds(2000, 10), 2);
  EXPECT_DOUBLE_EQ(roof.least_seconds(2000, 100), 10);
}

TEST(Devices, EveryRowHasPeaksBandwidthMemoryAndASource) {
  for (const Device& device : published_devices()) {
    EXPECT_GT(device.roof("fp32").value().flops_per_s, 1e12) << device.name;
    EXPECT_GE(device.roof("fp16").value().flops_per_s, device.roof("fp32").value().flops_per_s)
        << device.name;
    EXPECT_GT(device.bytes_per_s, 1e11) << device.name;
    EXPECT_GT(device.memory_bytes, 1e9) << device.name;
    EXPECT_THAT(device.source, testing::HasSubstr("NVIDIA")) << device.name;
    EXPECT_EQ(find_device(device.name)->name, device.name);
  }
}

TEST(Devices, AreFoundByFamilyByNvmlNameAndByAnySpelling) {
  EXPECT_EQ(find_device("a10")->name, "A10");
  EXPECT_EQ(find_device("v100")->name, "V100 SXM2");
  EXPECT_EQ(find_device("gtx-1650")->name, "GTX 1650");
  EXPECT_EQ(find_device("h100")->name, "H100 SXM");
  EXPECT_EQ(find_device("h100_pcie")->name, "H100 PCIe");
  EXPECT_EQ(find_device("NVIDIA H100 80GB HBM3")->name, "H100 SXM");
  EXPECT_EQ(find_device("NVIDIA H100 PCIe")->name, "H100 PCIe");
  EXPECT_EQ(find_device("NVIDIA H200")->name, "H200 SXM");
  EXPECT_EQ(find_device("NVIDIA A100-SXM4-80GB")->name, "A100 SXM4 80GB");
  EXPECT_EQ(find_device("NVIDIA GeForce RTX 4060")->name, "RTX 4060");
  EXPECT_EQ(find_device("Tesla V100-SXM2-16GB")->name, "V100 SXM2");
  EXPECT_EQ(find_device("Tesla T4")->name, "T4");
}

TEST(Devices, AnUnknownNameIsRefusedWithTheListOfNames) {
  for (const char* name : {"a1", "", "rtx", "NVIDIA GeForce RTX 4060 Ti"}) {
    const Status status = find_device(name).status();
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.code(), ErrorCode::kNotFound);
    EXPECT_THAT(status.message(), testing::HasSubstr("GTX 1650"));
  }
}

TEST(Devices, APrecisionWithoutUnitsIsRefusedByName) {
  EXPECT_THAT(find_device("v100")->roof("bf16").status().message(),
              testing::AllOf(testing::HasSubstr("V100"), testing::HasSubstr("fp16")));
}

}  // namespace
}  // namespace ridgeline::cost
