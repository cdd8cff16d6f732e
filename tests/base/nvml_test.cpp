#include "base/nvml.h"

#include <gtest/gtest.h>

namespace ridgeline {
namespace {

TEST(Nvml, ListsTheGpusOrSaysWhyThereAreNone) {
  const auto gpus = list_gpus();
  if (!gpus.ok()) {
    EXPECT_EQ(gpus.status().code(), ErrorCode::kUnavailable);
    EXPECT_NE(gpus.status().message().find("NVIDIA driver"), std::string::npos);
    EXPECT_EQ(gpu_bytes_in_use(0), std::nullopt);
    return;
  }
  for (size_t index = 0; index < gpus->size(); ++index) {
    EXPECT_NE((*gpus)[index].name, "");
    EXPECT_LE(gpu_bytes_in_use(static_cast<unsigned>(index)).value(), (*gpus)[index].memory_bytes);
  }
}

TEST(Nvml, AGpuThatIsNotThereHasNoMemoryInUse) { EXPECT_EQ(gpu_bytes_in_use(4096), std::nullopt); }

}  // namespace
}  // namespace ridgeline
