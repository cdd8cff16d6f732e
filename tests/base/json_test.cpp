#include "base/json.h"

#include <gtest/gtest.h>

namespace ridgeline {
namespace {

TEST(Json, LookingUpWhatIsNotThereOrOfAnotherKindIsHarmless) {
  const Json document = {{"cpu", {{"model", "Xeon"}, {"threads", 2}}}, {"load", {0.5, 1}}};
  EXPECT_EQ(text_at(document, "/cpu/model"), "Xeon");
  EXPECT_EQ(text_at(document, "/cpu/threads"), "");
  EXPECT_EQ(text_at(document, "/cpu/model/deeper"), "");
  EXPECT_EQ(number_at(document, "/cpu/threads"), 2);
  EXPECT_EQ(number_at(document, "/load/0"), 0.5);
  EXPECT_EQ(number_at(document, "/load/7"), 0);
  EXPECT_EQ(number_at(document, "/cpu/model"), 0);
  EXPECT_EQ(number_at(Json(nullptr), "/cpu"), 0);
  EXPECT_EQ(text_at(Json("text"), "/cpu"), "");
}

}  // namespace
}  // namespace ridgeline
