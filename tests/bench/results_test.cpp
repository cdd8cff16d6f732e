#include "bench/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::bench {
namespace {

using ::testing::HasSubstr;

Results sample() {
  Cell fast;
  fast.model = "resnet18";
  fast.engine = "openvino";
  fast.precision = "bf16";
  fast.batch = 8;
  fast.mean_ms = 12.5;
  fast.noisy = true;
  Cell dead = fast;
  dead.mean_ms.reset();
  dead.status = CellStatus::kOutOfMemory;
  dead.reason = "said \"no memory\", then\nleft";
  return {{{"host", "h"}}, {fast, dead}};
}

TEST(Results, SurviveJson) {
  const Json document = to_json(sample());
  const Results back = results_from_json(document, "x").value();
  EXPECT_EQ(to_json(back), document);
  EXPECT_EQ(back.cells[1].status, CellStatus::kOutOfMemory);
  EXPECT_FALSE(back.cells[1].mean_ms.has_value());
}

TEST(Results, CsvHasAColumnPerKeyAndQuotesWhatItMust) {
  const std::string csv = to_csv(sample());
  EXPECT_THAT(csv, HasSubstr("model,engine,precision,device,data,batch"));
  EXPECT_THAT(csv, HasSubstr("\"said \"\"no memory\"\", then\nleft\""));
  EXPECT_EQ(cell_columns().size(), 39U);
}

TEST(Results, AForeignFileIsRefusedWithItsNameAndTheRemedy) {
  const Status status = results_from_json({{"rows", 1}}, "other.json").status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("other.json"));
  EXPECT_THAT(status.message(), HasSubstr("ridgeline bench"));
}

TEST(Results, LieInTheFolderThatIsNamedOrThatTheirFileLiesIn) {
  EXPECT_EQ(race_folder("."), ".");
  EXPECT_EQ(race_folder("a/b/results.json"), "a/b");
  EXPECT_EQ(race_folder("results.json"), ".");
}

}  // namespace
}  // namespace ridgeline::bench
