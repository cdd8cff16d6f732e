#include "many_ops.h"

#include <fmt/core.h>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "graph/infer.h"

namespace ridgeline {
namespace {

using Names = std::vector<std::string>;
using Attributes = std::map<std::string, Attribute>;

class ModelOfManyOps {
 public:
  ModelOfManyOps() { graph_.inputs.push_back({"x", {DType::kF32, Shape{2, 8, 12, 10}}, {}}); }

  /// Returns the name of the first of `results` outputs.
  std::string add(const std::string& op, Names inputs, Attributes attributes = {}, size_t results = 1) {
    Node node{.name = fmt::format("{}_{}", op, graph_.nodes.size()),
              .op = op,
              .domain = "",
              .inputs = std::move(inputs),
              .outputs = {},
              .attributes = std::move(attributes)};
    for (size_t i = 0; i < results; ++i) {
      node.outputs.push_back(i == 0 ? node.name : fmt::format("{}.{}", node.name, i));
      graph_.outputs.push_back({node.outputs.back(), {}, {}});
    }
    graph_.nodes.push_back(node);
    return node.name;
  }
  /// A weight of seeded noise.
  std::string noise(Shape shape) {
    Tensor tensor = Tensor::zeros(DType::kF32, std::move(shape)).value();
    for (float& value : tensor.as<float>()) value = static_cast<float>(rng_.normal());
    return constant(tensor);
  }
  template <typename T>
  std::string list(const std::vector<T>& values) {
    return constant(Tensor::from_values<T>({static_cast<int64_t>(values.size())}, std::span(values)).value());
  }
  std::string ints(const std::vector<int64_t>& values) { return list(values); }
  std::string floats(const std::vector<float>& values) { return list(values); }
  std::string number(float value) {
    return constant(Tensor::from_values<float>({}, std::span(&value, 1)).value());
  }

  Graph finish() {
    const TypeMap types = infer_types(graph_).value();
    for (ValueInfo& output : graph_.outputs) output.type = types.at(output.name);
    return graph_;
  }

 private:
  std::string constant(const Tensor& tensor) {
    const std::string name = fmt::format("constant_{}", graph_.initializers.size());
    graph_.initializers[name] = tensor;
    return name;
  }

  Graph graph_;
  Rng rng_{3};
};

void add_elementwise(ModelOfManyOps& model) {
  for (const char* op :
       {"Abs", "Ceil", "Cos",   "Elu",  "Erf",     "Exp",  "Floor", "HardSigmoid", "HardSwish", "LeakyRelu",
        "Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",   "Softplus",    "Softsign",  "Tanh"})
    model.add(op, {"x"});
  model.add("Clip", {"x", model.number(-0.5F), model.number(0.75F)});
  model.add("PRelu", {"x", model.noise({8, 1, 1})});
  model.add("Add", {"x", model.noise({8, 1, 1})});
  model.add("Mul", {"x", model.noise({2, 8, 1, 1})});
  model.add("Sub", {model.noise({1}), "x"});
  model.add("Div", {"x", model.noise({12, 10})});
  model.add("Pow", {"x", model.number(2)});
  model.add("Max", {"x", model.noise({8, 1, 1}), model.noise({10})});
  model.add("Mean", {"x", "x", model.noise({8, 1, 1})});
  const std::string positive = model.add("Greater", {"x", model.number(0)});
  model.add("Where", {positive, "x", model.noise({10})});
  model.add("Cast", {positive}, {{"to", int64_t{1}}});
}

void add_moves(ModelOfManyOps& model) {
  model.add("Concat", {"x", model.noise({2, 3, 12, 10}), "x"}, {{"axis", int64_t{1}}});
  model.add("Transpose", {"x"}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  model.add("Slice",
            {"x", model.ints({-1, 1}), model.ints({-100, 9}), model.ints({3, 2}), model.ints({-2, 3})});
  model.add("Split", {"x", model.ints({3, 5})}, {{"axis", int64_t{1}}}, 2);
  for (const char* mode : {"constant", "reflect", "edge"})
    model.add("Pad", {"x", model.ints({0, 0, 2, 1, 0, 1, 3, 0})}, {{"mode", std::string(mode)}});
  model.add("Tile", {"x", model.ints({1, 2, 1, 3})});
  model.add("DepthToSpace", {"x"}, {{"blocksize", int64_t{2}}, {"mode", std::string("CRD")}});
  model.add("SpaceToDepth", {"x"}, {{"blocksize", int64_t{2}}});
  model.add("Reshape", {"x", model.ints({2, 96, 10})});
  model.add("Expand", {"x", model.ints({3, 1, 1, 1, 1})});
  model.add("Gather", {"x", model.ints({3, -1, 0})}, {{"axis", int64_t{2}}});
  model.add("Trilu", {"x"}, {{"upper", int64_t{0}}});
  model.add("TopK", {"x", model.ints({4})}, {{"axis", int64_t{2}}}, 2);
  for (const char* mode : {"nearest", "linear", "cubic"})
    model.add("Resize", {"x", "", model.floats({1, 1, 2.5F, 1.7F})}, {{"mode", std::string(mode)}});
}

void add_reductions(ModelOfManyOps& model) {
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
                         "ReduceProd", "ReduceSumSquare"})
    model.add(op, {"x"}, {{"axes", std::vector<int64_t>{1, -1}}});
  model.add("ReduceSum", {"x", model.ints({2, 3})});
  model.add("ArgMax", {"x"}, {{"axis", int64_t{1}}});
  model.add("CumSum", {"x", model.ints({2})});
  model.add("LayerNormalization", {"x", model.noise({12, 10}), model.noise({12, 10})},
            {{"axis", int64_t{2}}});
  model.add("InstanceNormalization", {"x", model.noise({8}), model.noise({8})});
  model.add("BatchNormalization", {"x", model.noise({8}), model.noise({8}), model.noise({8}),
                                   model.floats({1, 2, 3, 4, 5, 6, 7, 8})});
  model.add("LRN", {"x"}, {{"size", int64_t{5}}});
  model.add("LpNormalization", {"x"}, {{"axis", int64_t{1}}});
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"})
    for (const int64_t axis : {1, 3}) model.add(op, {"x"}, {{"axis", axis}});
}

void add_products(ModelOfManyOps& model) {
  const std::vector<int64_t> three{3, 3}, two{2, 2}, ones{1, 1, 1, 1};
  model.add("Conv", {"x", model.noise({6, 8, 3, 3}), model.noise({6})}, {{"pads", ones}});
  model.add("Conv", {"x", model.noise({8, 1, 3, 3})}, {{"group", int64_t{8}}, {"strides", two}});
  model.add("Conv", {"x", model.noise({16, 8, 1, 1})});
  model.add("ConvTranspose", {"x", model.noise({8, 3, 3, 3})}, {{"strides", two}, {"pads", ones}});
  model.add("ConvTranspose", {"x", model.noise({8, 2, 2, 4}), model.noise({8})},
            {{"group", int64_t{4}}, {"strides", std::vector<int64_t>{1, 3}}});
  model.add("MaxPool", {"x"}, {{"kernel_shape", three}, {"strides", two}, {"pads", ones}}, 2);
  model.add("MaxPool", {"x"}, {{"kernel_shape", three}, {"strides", two}, {"ceil_mode", int64_t{1}}});
  model.add("AveragePool", {"x"},
            {{"kernel_shape", three}, {"pads", ones}, {"count_include_pad", int64_t{1}}});
  model.add("AveragePool", {"x"}, {{"kernel_shape", three}, {"strides", two}, {"pads", ones}});
  model.add("GlobalAveragePool", {"x"});
  model.add("GlobalMaxPool", {"x"});
  model.add("LpPool", {"x"}, {{"kernel_shape", two}});
  model.add("Gemm", {model.add("Flatten", {"x"}), model.noise({7, 960}), model.noise({7})},
            {{"transB", int64_t{1}}});
  model.add("MatMul", {"x", model.noise({10, 4})});
  model.add("MatMul", {"x", model.noise({8, 10, 4})});
  model.add("MatMul", {model.noise({12}), "x"});
  model.add("MatMul", {"x", model.add("Transpose", {"x"}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}})});
  model.add("Einsum", {"x", model.noise({8, 10, 4})}, {{"equation", std::string("nchw,cwk->nhk")}});
  model.add("Einsum", {"x", model.noise({2, 8, 7, 10})}, {{"equation", std::string("bhid, bhjd -> bhij")}});
  model.add("Einsum", {"x", model.noise({2, 5, 8})}, {{"equation", std::string("bchw,bkc->bkhw")}});
  model.add("Einsum", {"x", model.noise({10, 4})}, {{"equation", std::string("...w,wk->...k")}});
  model.add("Einsum", {"x", model.noise({12, 10})}, {{"equation", std::string("bc...,...")}});
}

}  // namespace

Graph many_ops() {
  ModelOfManyOps model;
  add_elementwise(model);
  add_moves(model);
  add_reductions(model);
  add_products(model);
  return model.finish();
}

}  // namespace ridgeline
