#include "vision/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::vision {
namespace {

using ::testing::HasSubstr;

Contract unusual() {
  Contract contract;
  contract.preprocessing = Preprocessing::for_size(64);
  contract.preprocessing.interpolation = Interpolation::kBicubic;
  contract.preprocessing.mean = {0.1F, 0.2F, 0.3F};
  contract.preprocessing.color_order = ColorOrder::kBgr;
  contract.preprocessing.layout = Layout::kNhwc;
  contract.classes = {"роза", "a \"quoted\" name", ""};
  return contract;
}

TEST(Contract, ReadsBackAsItWasWritten) {
  for (const Contract& contract : {Contract{}, unusual()}) {
    const auto back = contract_from_metadata(to_metadata(contract), "m.onnx");
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, contract);
  }
}

TEST(Contract, IsWrittenAsOthersReadIt) {
  const auto metadata = to_metadata({.classes = {"daisy", "tulip"}});
  EXPECT_EQ(metadata.at("ridgeline.preprocessing"),
            "{\"resize\":256,\"crop\":224,\"interpolation\":\"bilinear\",\"antialias\":true,"
            "\"mean\":[0.485,0.456,0.406],\"std\":[0.229,0.224,0.225],\"color_order\":\"RGB\",\"layout\":"
            "\"NCHW\"}");
  EXPECT_EQ(metadata.at("ridgeline.classes"), "[\"daisy\",\"tulip\"]");
}

TEST(Contract, IsNoneWhereMetadataHasNothingOfIt) {
  const auto none = contract_from_metadata({{"author", "somebody"}}, "m.onnx");
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none.value().has_value());
}

struct Edit {
  std::string from, to, complaint;
};
class BrokenContract : public ::testing::TestWithParam<Edit> {};

TEST_P(BrokenContract, IsRefusedWithFileAndField) {
  auto metadata = to_metadata({.classes = {"daisy"}});
  for (auto& [key, text] : metadata)
    if (const size_t at = text.find(GetParam().from); at != std::string::npos)
      text.replace(at, GetParam().from.size(), GetParam().to);
  const auto contract = contract_from_metadata(metadata, "m.onnx");
  ASSERT_FALSE(contract.ok());
  EXPECT_THAT(contract.status().message(), HasSubstr("m.onnx"));
  EXPECT_THAT(contract.status().message(), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(EachField, BrokenContract,
                         ::testing::Values(Edit{"256", "\"256\"", "\"resize\""}, Edit{"224", "0", "\"crop\""},
                                           Edit{"224", "99999999999999", "\"crop\""},
                                           Edit{"bilinear", "lanczos", "\"interpolation\""},
                                           Edit{"true", "false", "\"antialias\""},
                                           Edit{"0.485,", "", "\"mean\""}, Edit{"0.229", "0", "\"std\""},
                                           Edit{"RGB", "YUV", "RGB, BGR"}, Edit{"NCHW", "CHWN", "\"layout\""},
                                           Edit{"{", "[", "ridgeline.preprocessing"},
                                           Edit{"[\"daisy\"]", "[1]", "ridgeline.classes"}));

TEST(Contract, HalfOfItIsRefused) {
  auto metadata = to_metadata({});
  metadata.erase("ridgeline.classes");
  EXPECT_THAT(contract_from_metadata(metadata, "m.onnx").status().message(), HasSubstr("ridgeline.classes"));
}

}  // namespace
}  // namespace ridgeline::vision
