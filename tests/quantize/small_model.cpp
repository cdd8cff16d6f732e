#include "quantize/small_model.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/native/native_engine.h"
#include "quantize/observe.h"

namespace ridgeline::quantize {
namespace {

const Shape kImages{2, 3, 8, 8};

Tensor normal(const Shape& shape, uint64_t seed) {
  Rng rng(seed);
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  for (float& value : tensor.as<float>()) value = static_cast<float>(rng.normal());
  return tensor;
}

Tensor weights(const Shape& shape, uint64_t seed) {
  Tensor tensor = normal(shape, seed);
  const size_t per_channel = tensor.as<float>().size() / static_cast<size_t>(shape[0]);
  for (size_t i = 0; i < tensor.as<float>().size(); ++i)
    tensor.as<float>()[i] *= 0.05F * static_cast<float>(1 + i / per_channel);
  return tensor;
}

void add(Graph& graph, const std::string& name, const std::string& op, std::vector<std::string> inputs,
         const std::string& output) {
  graph.nodes.push_back({name, op, "", std::move(inputs), {output}, {}});
}

}  // namespace

Graph small_model() {
  Graph graph;
  graph.name = "small";
  graph.inputs = {{"x", {DType::kF32, kImages}, {}}};
  graph.outputs = {{"y", {DType::kF32, Shape{2, 5}}, {}}};
  graph.initializers = {{"w1", weights({4, 3, 3, 3}, 1)},
                        {"b1", weights({4}, 2)},
                        {"w2", weights({4, 4, 3, 3}, 3)},
                        {"wf", normal({4, 5}, 4)},
                        {"bf", normal({5}, 5)}};
  add(graph, "conv1", "Conv", {"x", "w1", "b1"}, "c1");
  graph.nodes.back().attributes["pads"] = std::vector<int64_t>{1, 1, 1, 1};
  add(graph, "relu1", "Relu", {"c1"}, "r1");
  add(graph, "pool", "MaxPool", {"r1"}, "p");
  graph.nodes.back().attributes["kernel_shape"] = std::vector<int64_t>{2, 2};
  graph.nodes.back().attributes["strides"] = std::vector<int64_t>{2, 2};
  add(graph, "conv2", "Conv", {"p", "w2"}, "c2");
  graph.nodes.back().attributes["pads"] = std::vector<int64_t>{1, 1, 1, 1};
  add(graph, "add", "Add", {"c2", "p"}, "a");
  add(graph, "relu2", "Relu", {"a"}, "s");
  add(graph, "mean", "GlobalAveragePool", {"s"}, "g");
  add(graph, "flatten", "Flatten", {"g"}, "f");
  add(graph, "fc", "Gemm", {"f", "wf", "bf"}, "y");
  return graph;
}

Tensor small_images(uint64_t seed) { return normal(kImages, seed); }

Ranges ranges_of_small_model() {
  const Graph model = small_model();
  const auto engine = make_native_engine();
  const auto seen =
      observe(model, values_to_observe(model), [](const auto& take) { return take(small_images(9), 2); },
              {.engine = *engine, .batch_shape = kImages});
  EXPECT_TRUE(seen.ok()) << seen.status().message();
  Ranges ranges;
  for (const auto& [value, histogram] : *seen) ranges[value] = range_of(histogram, Method::kMinMax);
  return ranges;
}

std::vector<Tensor> run_small_model(const Graph& graph) {
  const auto session = make_native_engine()->compile(graph, {});
  EXPECT_TRUE(session.ok()) << session.status().message();
  std::vector<Tensor> outputs;
  std::vector<TensorView> views;
  for (const ValueInfo& output : (*session)->signature().outputs) {
    outputs.push_back(Tensor::zeros(output.type.dtype, *output.type.shape).value());
    views.push_back(outputs.back().view());
  }
  const Tensor images = small_images(9);
  const TensorView in = images.view();
  const Status ran = (*session)->run({&in, 1}, views);
  EXPECT_TRUE(ran.ok()) << ran.message();
  return outputs;
}

}  // namespace ridgeline::quantize
