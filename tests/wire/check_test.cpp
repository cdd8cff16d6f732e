#include "wire/check.h"

#include <gtest/gtest.h>

#include "wire/bytes.h"
#include "wire/recorded.h"

namespace ridgeline::wire {
namespace {

const std::vector<std::byte> kBytes(1024);

InputTensor input(std::string name, Shape shape, size_t bytes) {
  return {.name = std::move(name), .shape = std::move(shape), .data = std::span(kBytes).first(bytes)};
}

std::string refusal(const ModelSignature& model, std::vector<InputTensor> inputs) {
  return check_against(model, {.inputs = std::move(inputs)}).message();
}

// Messages that Triton's gRPC front answered for what cannot be said over HTTP.
TEST(Check, RefusesInTritonsWords) {
  const ModelSignature model = recorded_model("identity_py");
  EXPECT_EQ(refusal(model, {input("INPUT0", {1, 16}, 64)}), "");
  EXPECT_EQ(refusal(model, {input("NOPE", {1, 16}, 64)}),
            "unexpected inference input 'NOPE' for model 'identity_py'");
  EXPECT_EQ(refusal(model, {input("INPUT0", {-1, 16}, 64)}),
            "[request id: <id_unknown>] All input dimensions should be specified for input 'INPUT0' for "
            "model 'identity_py', "
            "got [-1,16]");
  EXPECT_EQ(refusal(model, {input("INPUT0", {1, 16}, 64), input("INPUT0", {1, 16}, 64)}),
            "[request id: <id_unknown>] input 'INPUT0' already exists in request");
  EXPECT_EQ(refusal(model, {}),
            "[request id: <id_unknown>] expected 1 inputs but got 0 inputs for model 'identity_py'. Got "
            "input(s) [], but "
            "missing required input(s) ['INPUT0']. Please provide all required input(s).");
  InputTensor unknown = input("INPUT0", {1, 16}, 64);
  unknown.datatype_known = false;
  EXPECT_EQ(refusal(model, {unknown}),
            "[request id: <id_unknown>] inference input 'INPUT0' data-type is '<invalid>', but model "
            "'identity_py' expects "
            "'FP32'");
}

TEST(Check, ARequestsIdStandsInItsRefusal) {
  const InferRequest request{.id = "abc", .inputs = {input("INPUT0", {16}, 64)}};
  EXPECT_TRUE(
      check_against(recorded_model("identity_py"), request).message().starts_with("[request id: abc] "));
}

TEST(Check, EveryInputHasTheSameBatch) {
  ModelSignature model = recorded_model("identity_b8");
  model.inputs.push_back({.name = "INPUT1", .datatype = DType::kF32, .dims = {2}});
  EXPECT_EQ(refusal(model, {input("INPUT0", {2, 16}, 128), input("INPUT1", {2, 2}, 16)}), "");
  EXPECT_EQ(
      refusal(model, {input("INPUT0", {2, 16}, 128), input("INPUT1", {3, 2}, 24)}),
      "[request id: <id_unknown>] input 'INPUT1' batch size does not match other inputs for 'identity_b8'");
  EXPECT_EQ(refusal(model, {input("INPUT0", {2, 16}, 128), input("INPUT1", {}, 4)}),
            "[request id: <id_unknown>] input 'INPUT1' has no shape but model requires batch dimension for "
            "'identity_b8'");
}

TEST(Check, OptionalInputsMayBeMissing) {
  const ModelSignature model = recorded_model("identity_multi");
  EXPECT_EQ(refusal(model, {}), "");
  std::vector<InputTensor> many;
  for (int i = 0; i < 14; ++i) many.push_back(input(fmt::format("X{}", i), {1}, 4));
  EXPECT_TRUE(refusal(model, many)
                  .starts_with("[request id: <id_unknown>] expected number of inputs between 0 and 13 but "
                               "got 14 inputs for model 'identity_multi'."));
}

TEST(Check, SharedMemoryIsHeldByItsSize) {
  InputTensor shared = input("INPUT0", {1, 16}, 0);
  shared.shared_memory = SharedMemoryRef{"r", 0, 64};
  EXPECT_EQ(refusal(recorded_model("identity_py"), {shared}), "");
  shared.shared_memory->byte_size = 60;
  EXPECT_NE(refusal(recorded_model("identity_py"), {shared}), "");
}

TEST(Check, AByteSizeThatOverflowsIsRefused) {
  ModelSignature model = recorded_model("identity_py");
  EXPECT_TRUE(refusal(model, {input("INPUT0", {int64_t{1} << 58, 16}, 64)})
                  .starts_with("byte size overflow for input"));
  EXPECT_TRUE(
      refusal(model, {input("INPUT0", {int64_t{1} << 60, 16}, 64)}).starts_with("invalid shape for input"));
}

TEST(Check, StringsAreCountedAndWhole) {
  std::vector<std::byte> tensor;
  append_string(tensor, "ab");
  append_string(tensor, "");
  EXPECT_TRUE(check_strings(tensor, 2, "S").ok());
  EXPECT_EQ(check_strings(tensor, 1, "S").message(),
            "unexpected number of string elements 2 for inference input 'S', expecting 1");
  EXPECT_EQ(check_strings(tensor, 3, "S").message(), "expected 3 strings for inference input 'S', got 2");
  EXPECT_EQ(check_strings(std::span(tensor).first(8), 2, "S").message(),
            "incomplete string length indicator for inference input 'S', expecting 4 bytes but only 2 bytes "
            "available");
  EXPECT_EQ(check_strings(std::span(tensor).first(5), 2, "S").message(),
            "incomplete string data for inference input 'S', expecting string of length 2 but only 1 bytes "
            "available");
}

}  // namespace
}  // namespace ridgeline::wire
