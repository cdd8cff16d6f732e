#include "bench/profile.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace ridgeline::bench {
namespace {

using ::testing::HasSubstr;

Cell cell_on(const std::string& device) {
  Cell cell;
  cell.model = "resnet18";
  cell.engine = "openvino";
  cell.precision = "fp32";
  cell.device = device;
  cell.data = "real";
  cell.batch = 8;
  cell.height = cell.width = 224;
  cell.threads = 2;
  return cell;
}

const Profile kProfile{{{{"conv+relu", "Conv", "jit_avx512", 120.5}, OpCost{2e9, 3e6}},
                        {{"reorder", "Reorder", "", 3}, std::nullopt}}};

TEST(Profile, IsReadBackAsItWasWritten) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_profile(folder / "race", cell_on("cuda:0"), kProfile).ok());
  const Profile read = load_profile(folder / "race", cell_on("cuda:0")).value();
  ASSERT_EQ(read.ops.size(), 2u);
  EXPECT_EQ(read.ops[0].time.name, "conv+relu");
  EXPECT_EQ(read.ops[0].time.kernel, "jit_avx512");
  EXPECT_EQ(read.ops[0].cost->flops, 2e9);
  EXPECT_EQ(read.ops[0].cost->bytes, 3e6);
  EXPECT_FALSE(read.ops[1].cost.has_value());
  EXPECT_DOUBLE_EQ(read.total_us(), 123.5);
}

TEST(Profile, ACellThatWasNotProfiledIsNotFound) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_profile(folder / "race", cell_on("cuda:0"), kProfile).ok());
  EXPECT_EQ(load_profile(folder / "race", cell_on("cpu")).status().code(), ErrorCode::kNotFound);
}

TEST(Profile, ABrokenFileIsBadInputAndNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_profile(folder / "race", cell_on("cpu"), kProfile).ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder / "race/profiles"))
    ASSERT_TRUE(write_file_atomically(entry.path().string(), R"({"ops":[{"name":1}]})").ok());
  const Status status = load_profile(folder / "race", cell_on("cpu")).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("profiles/openvino_fp32_cpu_b8_224x224_t2_real.json"));
}

TEST(Profile, MergedRacesKeepTheProfilesOfAllParts) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_profile(folder / "a", cell_on("cpu"), kProfile).ok());
  ASSERT_TRUE(save_profile(folder / "b", cell_on("cuda:0"), kProfile).ok());
  for (const char* part : {"a", "b", "never_profiled"})
    ASSERT_TRUE(copy_profiles(folder / part, folder / "all").ok());
  EXPECT_TRUE(load_profile(folder / "all", cell_on("cpu")).ok());
  EXPECT_TRUE(load_profile(folder / "all", cell_on("cuda:0")).ok());
}

}  // namespace
}  // namespace ridgeline::bench
