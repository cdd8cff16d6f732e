#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "formats/state_dict.h"
#include "formats/torch_archive.h"
#include "formats/zip.h"
#include "random_weights.h"
#include "support/temporary_folder.h"

namespace ridgeline::formats {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(const std::string& bytes) {
  const Result<StateDict> weights = parse_state_dict(bytes, "w.pth");
  if (weights.ok()) return "accepted";
  EXPECT_THAT(weights.status().message(), StartsWith("w.pth: "));
  EXPECT_THAT(weights.status().message(), testing::Not(HasSubstr("\n")));
  return weights.status().message();
}

/// An archive with this pickle and one storage "0" of eight floats 0 to 7.
std::string archive_of(std::string_view pickle) {
  std::array<float, 8> values{};
  for (size_t index = 0; index < values.size(); ++index) values[index] = static_cast<float>(index);
  ZipWriter zip;
  zip.add("a/data.pkl", pickle);
  zip.add("a/data/0", {reinterpret_cast<const char*>(values.data()), sizeof(values)});
  return zip.finish().value();
}

/// A pickle of {"t": tensor} whose numbers are single bytes. `tuples` are the sizes and the strides.
std::string tensor_pickle(char offset, const std::string& sizes, const std::string& strides,
                          const char* storage = "torch\nFloatStorage", char elements = 8) {
  const auto text = [](const std::string& value) {
    return "X" + std::string(1, static_cast<char>(value.size())) + std::string(3, '\0') + value;
  };
  const auto tuple = [](const std::string& numbers) {
    std::string list = "(";
    for (const char number : numbers) list += std::string("K") + number;
    return list + "t";
  };
  return "\x80\x02}" + text("t") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "c" + storage +
         "\n" + text("0") + text("cpu") + "K" + elements + "tQK" + offset + tuple(sizes) + tuple(strides) +
         "\x89"
         "ccollections\nOrderedDict\n)RtRs.";
}

std::vector<float> elements_of(const std::string& pickle) {
  const Result<StateDict> weights = parse_state_dict(archive_of(pickle), "w.pth");
  EXPECT_TRUE(weights.ok()) << weights.status().message();
  if (!weights.ok()) return {};
  const auto values = weights->find("t")->as<float>();
  return {values.begin(), values.end()};
}

TEST(Pth, WhatIsWrittenComesBackTheSame) {
  const TemporaryFolder folder;
  Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    const StateDict weights = random_weights(rng);
    const Status saved = save_pth(weights, folder / "w.pth");
    ASSERT_TRUE(saved.ok()) << saved.message();
    const Result<StateDict> again = load_state_dict(folder / "w.pth");
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(difference(weights, *again), "") << "round " << round;
  }
}

TEST(Pth, ViewsBecomeDenseTensors) {
  EXPECT_THAT(elements_of(tensor_pickle(2, "\x03", "\x01")), testing::ElementsAre(2, 3, 4));
  EXPECT_THAT(elements_of(tensor_pickle(0, "\x04\x02", "\x01\x04")),
              testing::ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  EXPECT_THAT(elements_of(tensor_pickle(1, "\x02\x01\x02", "\x04\x63\x02")),
              testing::ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(elements_of(tensor_pickle(7, "", "")), testing::ElementsAre(7));
}

TEST(Pth, EveryNumberOfATensorIsChecked) {
  EXPECT_THAT(refusal(archive_of(tensor_pickle(6, "\x03", "\x01"))),
              HasSubstr("behind the end of its storage"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(0, "\x02\x02", "\x07\x01"))), HasSubstr("behind the end"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(9, std::string(1, '\0'), "\x01"))),
              HasSubstr("behind the end"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(0, "\x09", std::string(1, '\0')))),
              HasSubstr("repeats the elements"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(0, "\x02\x02", "\x01"))),
              HasSubstr("as many strides as sizes"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(0, "\x02", "\x01", "torch\nFloatStorage", 9))),
              HasSubstr("'a/data/0' has 8 elements, not 9"));
  EXPECT_THAT(refusal(archive_of(tensor_pickle(0, "\x02", "\x01", "torch\nComplexFloatStorage"))),
              HasSubstr("tensor 't': elements of torch.ComplexFloatStorage"));
}

TEST(Pth, APickleThatWouldRunACommandIsRefusedWithoutRunningIt) {
  const TemporaryFolder folder;
  const std::string mark = folder / "ran";
  const std::string command = "touch " + mark;
  const std::string argument =
      "X" + std::string(1, static_cast<char>(command.size())) + std::string(3, '\0') + command;
  for (const char* global :
       {"posix\nsystem", "os\nsystem", "builtins\neval", "torch._utils\n_rebuild_sparse_tensor"}) {
    const std::string bytes = archive_of(std::string("\x80\x02") + "c" + global + "\n" + argument + "\x85R.");
    std::string name(global);
    name.replace(name.find('\n'), 1, ".");
    EXPECT_THAT(refusal(bytes),
                HasSubstr("global '" + name + "' is none that a state dict needs; nothing was run"));
  }
  EXPECT_FALSE(read_file(mark).ok());
}

TEST(Pth, OpcodesThatNoStateDictNeedsAreRefusedByName) {
  EXPECT_THAT(refusal(archive_of("\x80\x02(S'ls'\nios\nsystem\n.")), HasSubstr("byte 3: opcode STRING"));
  EXPECT_THAT(refusal(archive_of("\x80\x02(ios\nsystem\n.")), HasSubstr("opcode INST"));
  EXPECT_THAT(refusal(archive_of("\x80\x02\x82\x01.")), HasSubstr("opcode EXT1"));
  EXPECT_THAT(refusal(archive_of("\x80\x02\xff.")), HasSubstr("0xff is no opcode"));
  EXPECT_THAT(refusal(archive_of("\x80\x01.")), HasSubstr("protocol 1"));
}

TEST(Pth, MisusedStacksAndMemosAreRefused) {
  for (const char* pickle :
       {".", "R.", "K\x01K\x02R.", "h\x05.", "}K\x01s.", "}(K\x01u.", "t.", "]K\x01s.", "q\x01.", "\x85.",
        "Q.", "K\x01Q.", "b.", "}b.", "(0.", "X\xff\xff\xff\x7f.", "c\n", "K"})
    EXPECT_THAT(refusal(archive_of(std::string("\x80\x02") + pickle)), HasSubstr("damaged")) << pickle;
  EXPECT_THAT(refusal(archive_of("\x80\x02" + std::string(2000, '(') + ".")), HasSubstr("nested too deep"));
  EXPECT_THAT(refusal(archive_of("\x80\x02" + std::string(1500000, 'N') + ".")), HasSubstr("more values"));
}

TEST(Pth, AValueThatHoldsItselfIsHarmless) {
  // d = {}; d["t"] = d
  EXPECT_THAT(refusal(archive_of(std::string("\x80\x02}q\x01X\x01\0\0\0th\x01s.", 15))),
              HasSubstr("'t' is no tensor"));
}

TEST(Pth, FilesCutShortOrFlippedAreReadOrRefusedClearly) {
  Rng rng(5);
  StateDict weights = random_weights(rng);
  while (weights.tensors.size() < 3) weights = random_weights(rng);
  const std::string whole = to_torch_archive(weights).value();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal(whole.substr(0, size)), "accepted") << size;
  for (int round = 0; round < 3000; ++round) {
    std::string broken = whole;
    for (size_t change = 0; change <= rng.below(4); ++change)
      broken[rng.below(broken.size())] = static_cast<char>(rng.below(256));
    EXPECT_GT(refusal(broken).size(), 7U);
  }
}

TEST(Pth, OtherArchivesAndOldFilesAreToldApart) {
  EXPECT_THAT(refusal("\x80\x02\x8a\x0al\xfc\x9c"
                      "F\xf9 j\xa8P\x19."),
              HasSubstr("torch.save before 1.6"));
  ZipWriter zip;
  zip.add("word/document.xml", "<xml/>");
  EXPECT_THAT(refusal(zip.finish().value()), HasSubstr("holds no data.pkl"));
  EXPECT_THAT(refusal(archive_of("\x80\x02].")), HasSubstr("holds no state dict"));
  ZipWriter big;
  big.add("a/data.pkl", "\x80\x02}.");
  big.add("a/byteorder", "big");
  EXPECT_THAT(refusal(big.finish().value()), HasSubstr("big endian"));
}

/// Tensors of a file that scripts/crosscheck/record_weights.py made with PyTorch (see there): conv.weight
/// counts up from 0.
class RecordedPth : public testing::TestWithParam<const char*> {};

TEST_P(RecordedPth, HoldsTheTensorsThatPyTorchSaved) {
  const Result<StateDict> weights = load_state_dict(std::string(WEIGHTS_DATA) + "/" + GetParam());
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights->tensors) names.push_back(name);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("conv.weight", "conv.bias", "bn.weight", "bn.bias",
                                            "bn.running_mean", "bn.running_var", "bn.num_batches_tracked"));
  const Tensor& kernel = *weights->find("conv.weight");
  ASSERT_EQ(kernel.shape(), (Shape{2, 3, 2, 2}));
  for (int64_t index = 0; index < 24; ++index)
    EXPECT_EQ(kernel.as<float>()[static_cast<size_t>(index)], static_cast<float>(index));
  EXPECT_EQ(weights->find("conv.bias")->as<float>()[1], -2.5F);
  EXPECT_EQ(weights->find("bn.num_batches_tracked")->as<int64_t>()[0], 7);
}

INSTANTIATE_TEST_SUITE_P(Files, RecordedPth,
                         testing::Values("plain.pth", "protocol4.pth", "protocol5.pth", "parallel.pth",
                                         "views.pth", "parameters.pth", "checkpoint.pth", "average.pth",
                                         "scripted.pt", "traced.pt"),
                         [](const auto& file) { return std::string(file.param, strcspn(file.param, ".")); });

TEST(RecordedWeights, ThatNoStateDictCanBeAreRefusedWithTheRemedy) {
  const auto told = [](const char* file) {
    return load_state_dict(std::string(WEIGHTS_DATA) + "/" + file).status().message();
  };
  EXPECT_THAT(told("old.pth"), HasSubstr("torch.save before 1.6"));
  EXPECT_THAT(told("module.pth"), HasSubstr("global '__main__.Small' is none that a state dict needs"));
  EXPECT_THAT(told("frozen.pt"), HasSubstr("holds no tensors"));
  EXPECT_THAT(told("system.pth"), HasSubstr("global 'posix.system'"));
}

TEST(RecordedWeights, EveryElementTypeOfPyTorchIsRead) {
  const Result<StateDict> weights = load_state_dict(std::string(WEIGHTS_DATA) + "/types.pth");
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  for (size_t number = 0; number < static_cast<size_t>(DType::kString); ++number) {
    const auto dtype = static_cast<DType>(number);
    const Tensor* tensor = weights->find(name_of(dtype));
    ASSERT_NE(tensor, nullptr) << name_of(dtype);
    EXPECT_EQ(tensor->dtype(), dtype);
    ASSERT_EQ(tensor->shape(), Shape{2});
  }
  EXPECT_EQ(weights->find("i64")->as<int64_t>()[1], 1);
  EXPECT_EQ(weights->find("u16")->as<uint16_t>()[1], 1);
  EXPECT_EQ(weights->find("bf16")->as<uint16_t>()[1], 0x3f80);
}

}  // namespace
}  // namespace ridgeline::formats
