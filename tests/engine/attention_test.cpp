#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "base/rng.h"
#include "engine/registry.h"

namespace ridgeline {
namespace {

constexpr int64_t kImages = 2, kTokens = 21, kHeads = 3, kNumbers = 10, kRow = kHeads * kNumbers;

/// How exporters write it.
struct Spelling {
  bool splits = false;        ///< queries, keys and values by a Split, else by Gathers
  bool scales_after = false;  ///< the scores, else the queries
};

/// Attention over rows that hold queries, keys and values, each of all heads.
Graph attention(const Spelling& spelling) {
  using Ints = std::vector<int64_t>;
  Graph graph;
  graph.inputs = {{.name = "x", .type = {DType::kF32, Shape{kImages, kTokens, 3 * kRow}}}};
  graph.outputs = {{.name = "y", .type = {DType::kF32, std::nullopt}}};
  const auto add = [&](std::string op, std::vector<std::string> in, std::vector<std::string> out,
                       std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = "n" + out[0],
                           .op = std::move(op),
                           .inputs = std::move(in),
                           .outputs = std::move(out),
                           .attributes = std::move(attributes)});
  };
  const auto integers = [&](const std::string& name, Shape shape, const Ints& values) {
    graph.initializers[name] = Tensor::from_values<int64_t>(std::move(shape), std::span(values)).value();
  };
  integers("heads", {5}, {kImages, kTokens, 3, kHeads, kNumbers});
  integers("rows", {3}, {kImages, kTokens, kRow});
  integers("axis", {1}, {0});
  graph.initializers["scale"] = Tensor::from_values<float>({}, std::array{0.25F}).value();
  add("Reshape", {"x", "heads"}, {"apart"});
  add("Transpose", {"apart"}, {"qkv"}, {{"perm", Ints{2, 0, 3, 1, 4}}});
  const std::array<std::string, 3> parts = {"q", "k", "v"};
  if (spelling.splits) add("Split", {"qkv"}, {"q1", "k1", "v1"}, {{"axis", int64_t{0}}});
  for (size_t i = 0; i < parts.size(); ++i) {
    integers("at" + parts[i], {}, {static_cast<int64_t>(i)});
    if (spelling.splits)
      add("Squeeze", {parts[i] + "1", "axis"}, {parts[i]});
    else
      add("Gather", {"qkv", "at" + parts[i]}, {parts[i]});
  }
  add("Transpose", {"k"}, {"turned"}, {{"perm", Ints{0, 1, 3, 2}}});
  if (!spelling.scales_after) add("Mul", {"q", "scale"}, {"scaled"});
  add("MatMul", {spelling.scales_after ? "q" : "scaled", "turned"}, {"products"});
  if (spelling.scales_after) add("Mul", {"products", "scale"}, {"scores"});
  add("Softmax", {spelling.scales_after ? "scores" : "products"}, {"weights"}, {{"axis", int64_t{-1}}});
  add("MatMul", {"weights", "v"}, {"mixed"});
  add("Transpose", {"mixed"}, {"together"}, {{"perm", Ints{0, 2, 1, 3}}});
  add("Reshape", {"together", "rows"}, {"y"});
  return graph;
}

/// By the definition: y[t] = Σ softmax(q[t] · k / 4)[s] · v[s], of each head by itself.
std::vector<double> expected_of(std::span<const float> x) {
  std::vector<double> y(static_cast<size_t>(kImages * kTokens * kRow));
  const auto at = [&](int64_t image, int64_t token, int64_t part, int64_t head, int64_t i) {
    return double{
        x[static_cast<size_t>(((image * kTokens + token) * 3 + part) * kRow + head * kNumbers + i)]};
  };
  for (int64_t image = 0; image < kImages; ++image)
    for (int64_t head = 0; head < kHeads; ++head)
      for (int64_t t = 0; t < kTokens; ++t) {
        std::vector<double> weights;
        double sum = 0;
        for (int64_t s = 0; s < kTokens; ++s) {
          double score = 0;
          for (int64_t i = 0; i < kNumbers; ++i) score += at(image, t, 0, head, i) * at(image, s, 1, head, i);
          weights.push_back(std::exp(score / 4));
          sum += weights.back();
        }
        for (int64_t s = 0; s < kTokens; ++s)
          for (int64_t i = 0; i < kNumbers; ++i)
            y[static_cast<size_t>((image * kTokens + t) * kRow + head * kNumbers + i)] +=
                weights[static_cast<size_t>(s)] / sum * at(image, s, 2, head, i);
      }
  return y;
}

TEST(Attention, OfEverySpellingIsTheDefinitionOnEveryCpuAtEachPrecision) {
  const EngineRegistry registry;
  Tensor x = Tensor::zeros(DType::kF32, {kImages, kTokens, 3 * kRow}).value();
  Rng rng(8);
  for (float& element : x.as<float>()) element = static_cast<float>(rng.normal());
  const std::vector<double> expected = expected_of(x.as<float>());
  for (const char* const cpu : {"", "avx2", "ref"})
    for (const Precision precision : {Precision::kFp32, Precision::kBf16x3, Precision::kBf16})
      for (const Spelling spelling : {Spelling{false, false}, Spelling{true, false}, Spelling{true, true}}) {
        SCOPED_TRACE(std::string(cpu) + " " + std::string(name_of(precision)));
        setenv("RIDGELINE_CPU", cpu, 1);
        const auto session =
            (**registry.find("native")).compile(attention(spelling), {.precision = precision, .threads = 2});
        unsetenv("RIDGELINE_CPU");
        ASSERT_TRUE(session.ok()) << session.status().message();
        const std::array in = {x.view()};
        std::array<TensorView, 1> out;
        ASSERT_TRUE((*session)->run(in, out).ok());
        const auto y = out[0].as<float>();
        ASSERT_EQ(y.size(), expected.size());
        for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 1e-5) << i;
      }
}

}  // namespace
}  // namespace ridgeline
