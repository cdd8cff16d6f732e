// Native against ONNX Runtime on one model of nearly every operator.

#include "many_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/registry.h"
#include "tensor/half.h"

namespace ridgeline {
namespace {

Result<std::vector<Tensor>> run(const Engine& engine, const Graph& graph, const Tensor& x, int threads) {
  ASSIGN_OR_RETURN(const auto session, engine.compile(graph, {.threads = threads}));
  const std::array in = {x.view()};
  std::vector<TensorView> out(graph.outputs.size());
  RETURN_IF_ERROR(session->run(in, out));
  std::vector<Tensor> results;
  for (const TensorView& view : out) {
    ASSIGN_OR_RETURN(const Tensor result,
                     Tensor::from_bytes(view.dtype, view.shape, {view.data, view.byte_size()}));
    ASSIGN_OR_RETURN(Tensor numbers, convert(result, DType::kF64));
    results.push_back(std::move(numbers));
  }
  return results;
}

TEST(ManyOps, GiveWhatOnnxRuntimeGivesOnAnyNumberOfThreads) {
  const EngineRegistry registry;
  const Graph graph = many_ops();
  Tensor x = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
  Rng rng(5);
  for (float& value : x.as<float>()) value = static_cast<float>(rng.normal());
  const auto one = run(**registry.find("native"), graph, x, 1);
  ASSERT_TRUE(one.ok()) << one.status().message();
  const auto two = run(**registry.find("native"), graph, x, 2);
  ASSERT_TRUE(two.ok()) << two.status().message();
  for (size_t i = 0; i < one->size(); ++i)
    EXPECT_TRUE(std::ranges::equal((*one)[i].as<double>(), (*two)[i].as<double>())) << graph.outputs[i].name;

  const Engine& onnxruntime = **registry.find("onnxruntime");
  if (const Capabilities peer = onnxruntime.probe(); !peer.available) GTEST_SKIP() << peer.reason;
  const auto expected = run(onnxruntime, graph, x, 2);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  for (size_t i = 0; i < one->size(); ++i) {
    ASSERT_EQ((*one)[i].shape(), (*expected)[i].shape()) << graph.outputs[i].name;
    const auto ours = (*one)[i].as<double>(), theirs = (*expected)[i].as<double>();
    double scale = 1, difference = 0;
    for (size_t j = 0; j < ours.size(); ++j) {
      scale = std::max(scale, std::abs(theirs[j]));
      difference = std::max(difference, std::abs(ours[j] - theirs[j]));
    }
    EXPECT_LE(difference, 1e-5 * scale) << graph.outputs[i].name;
  }
}

}  // namespace
}  // namespace ridgeline
