#include "formats/safetensors.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "random_weights.h"
#include "support/temporary_folder.h"

namespace ridgeline::formats {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string file_of(std::string_view header, std::string_view data) {
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file.append(header).append(data);
}

std::string refusal(const std::string& bytes) {
  const Result<StateDict> weights = parse_state_dict(bytes, "w.safetensors");
  if (weights.ok()) return "accepted";
  EXPECT_THAT(weights.status().message(), StartsWith("w.safetensors: "));
  EXPECT_THAT(weights.status().message(), testing::Not(HasSubstr("\n")));
  return weights.status().message();
}

TEST(Safetensors, WhatIsWrittenComesBackTheSame) {
  const TemporaryFolder folder;
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    const StateDict weights = random_weights(rng);
    const Status saved = save_safetensors(weights, folder / "w.safetensors");
    ASSERT_TRUE(saved.ok()) << saved.message();
    const Result<StateDict> again = load_state_dict(folder / "w.safetensors");
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(difference(weights, *again), "") << "round " << round;
  }
}

TEST(Safetensors, AFileByHandIsReadToTheBit) {
  const std::string data("\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x3c\x80\x3f\x02\x01", 14);
  const Result<StateDict> weights = parse_state_dict(
      file_of(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},)"
              R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
              R"("c":{"dtype":"BF16","shape":[],"data_offsets":[10,12]},)"
              R"("d":{"dtype":"BOOL","shape":[2],"data_offsets":[12,14]}}   )",
              data),
      "w");
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  ASSERT_EQ(weights->tensors.size(), 4U);
  EXPECT_EQ(weights->tensors[0].first, "b");
  EXPECT_EQ(weights->find("a")->shape(), (Shape{2, 1}));
  EXPECT_EQ(weights->find("a")->as<float>()[1], -2.0F);
  EXPECT_EQ(weights->find("b")->as<uint16_t>()[0], 0x3c00);
  EXPECT_EQ(weights->find("c")->shape(), Shape{});
  EXPECT_TRUE(weights->find("d")->as<bool>()[0]);
  EXPECT_EQ(weights->find("e"), nullptr);
  EXPECT_EQ(weights->metadata.at("format"), "pt");
}

TEST(Safetensors, PrefixesOfWrappersAreTakenOffWhenEveryNameHasThem) {
  const Tensor one = Tensor::zeros(DType::kF32, {1}).value();
  const auto names = [&](std::initializer_list<const char*> given) {
    StateDict weights;
    for (const char* name : given) weights.tensors.emplace_back(name, one);
    const Result<StateDict> again = parse_state_dict(to_safetensors(weights).value(), "w");
    std::vector<std::string> found;
    for (const auto& [name, tensor] : again->tensors) found.push_back(name);
    return found;
  };
  EXPECT_THAT(names({"module._orig_mod.fc.bias", "module._orig_mod.module.x"}),
              testing::ElementsAre("fc.bias", "module.x"));
  EXPECT_THAT(names({"module.fc.bias", "fc.weight"}), testing::ElementsAre("module.fc.bias", "fc.weight"));
}

TEST(Safetensors, EachBreachOfTheFormatIsNamed) {
  const auto with = [](const char* entry) {
    return refusal(file_of(fmt::format("{{{}}}", entry), "12345678"));
  };
  EXPECT_EQ(with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), "accepted");
  EXPECT_THAT(
      with(
          R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]})"),
      HasSubstr("'a' occurs twice"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]})"), HasSubstr("cut short"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]})"), HasSubstr("takes 4 bytes"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]})"), HasSubstr("tensor 'a'"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), HasSubstr("4 bytes follow"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), HasSubstr("hole at byte 0"));
  EXPECT_THAT(
      with(
          R"("a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})"),
      HasSubstr("overlap at byte 4"));
  EXPECT_THAT(with(R"("a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"), HasSubstr("F8_E4M3"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), HasSubstr("shape"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[4611686018427387904,4,2],"data_offsets":[0,8]})"),
              HasSubstr("too large"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), HasSubstr("shape"));
  EXPECT_THAT(with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0]})"), HasSubstr("not 2"));
  EXPECT_THAT(with(R"("a":{"shape":[2],"data_offsets":[0,8]})"), HasSubstr("dtype"));
  EXPECT_THAT(with(R"("a":[])"), HasSubstr("not an object"));
  EXPECT_THAT(with(R"("__metadata__":{"a":1})"), HasSubstr("__metadata__"));
  EXPECT_THAT(with(R"("a":)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(with(R"("a":{"dtype":[[[[[1]]]]]})"), HasSubstr("too deep"));
}

TEST(Safetensors, FilesCutShortAreRefusedAtEveryByte) {
  Rng rng(3);
  StateDict weights = random_weights(rng);
  while (weights.tensors.size() < 3) weights = random_weights(rng);
  const std::string whole = to_safetensors(weights).value();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
}

TEST(Safetensors, WhatTheFormatCannotHoldIsNotWritten) {
  const Tensor one = Tensor::zeros(DType::kF32, {1}).value();
  EXPECT_THAT(to_safetensors({{{"a", one}, {"a", one}}, {}}).status().message(),
              HasSubstr("'a' occurs twice"));
  EXPECT_THAT(to_safetensors({{{"\xff", one}}, {}}).status().message(), HasSubstr("not UTF-8"));
}

TEST(Safetensors, OtherFilesAreRefusedByName) {
  EXPECT_THAT(load_state_dict("absent.safetensors").status().message(),
              StartsWith("absent.safetensors: no such file"));
  EXPECT_THAT(load_state_dict("/").status().message(), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("hello"), HasSubstr("neither safetensors nor an archive"));
}

}  // namespace
}  // namespace ridgeline::formats
