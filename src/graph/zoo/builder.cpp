#include "graph/zoo/builder.h"

#include <cmath>

namespace ridgeline::zoo {

Builder::Builder(std::string name, const ZooOptions& options, Fan fan)
    : options_(options), fan_(fan), rng_(options.seed) {
  graph_.name = std::move(name);
  const int64_t side = options.dynamic_size ? Shape::kUnknownDim : options.image_size;
  ValueInfo image{options.projection > 0 ? "INPUT_IMAGE" : "input",
                  {DType::kF32, Shape{Shape::kUnknownDim, 3, side, side}},
                  {}};
  image.dim_names = {"batch", "", options.dynamic_size ? "height" : "", options.dynamic_size ? "width" : ""};
  graph_.inputs.push_back(std::move(image));
}

template <typename Draw>
std::string Builder::parameter(const std::string& name, Shape shape, Draw draw) {
  Result<Tensor> tensor = Tensor::zeros(DType::kF32, std::move(shape));
  if (!tensor.ok()) {
    error_ = std::move(tensor).status();
    return name;
  }
  if (!options_.zero_weights)
    for (float& element : tensor->as<float>()) element = static_cast<float>(draw());
  graph_.initializers[name] = std::move(*tensor);
  return name;
}

std::string Builder::add_node(Node node) {
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().outputs.front();
}

std::string Builder::simple(const std::string& op, const std::string& module,
                            std::vector<std::string> inputs) {
  return add_node({.name = module, .op = op, .inputs = std::move(inputs), .outputs = {module + ".out"}});
}

std::string Builder::conv(const std::string& module, const std::string& x, const ConvSpec& spec) {
  const int64_t fan = (fan_ == Fan::kIn ? spec.in : spec.out) / spec.groups * spec.kernel * spec.kernel;
  const double deviation = std::sqrt(2.0 / static_cast<double>(fan));
  Node node{.name = module, .op = "Conv", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(parameter(module + ".weight",
                                  {spec.out, spec.in / spec.groups, spec.kernel, spec.kernel},
                                  [&] { return deviation * rng_.normal(); }));
  if (spec.bias)
    node.inputs.push_back(parameter(module + ".bias", {spec.out}, [&] { return 0.02 * rng_.normal(); }));
  node.attributes = {{"kernel_shape", std::vector<int64_t>{spec.kernel, spec.kernel}},
                     {"strides", std::vector<int64_t>{spec.stride, spec.stride}},
                     {"pads", std::vector<int64_t>(4, spec.padding)}};
  if (spec.groups > 1) node.attributes["group"] = spec.groups;
  return add_node(std::move(node));
}

std::string Builder::batch_norm(const std::string& module, const std::string& x, int64_t channels) {
  Node node{.name = module, .op = "BatchNormalization", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(
      parameter(module + ".weight", {channels}, [&] { return 0.6 + 0.4 * rng_.uniform(); }));
  node.inputs.push_back(parameter(module + ".bias", {channels}, [&] { return 0.1 * rng_.normal(); }));
  node.inputs.push_back(parameter(module + ".running_mean", {channels}, [&] { return 0.1 * rng_.normal(); }));
  node.inputs.push_back(
      parameter(module + ".running_var", {channels}, [&] { return 0.8 + 0.4 * rng_.uniform(); }));
  node.attributes = {{"epsilon", 1e-5F}};
  return add_node(std::move(node));
}

std::string Builder::conv_norm(const std::string& module, const std::string& x, const ConvSpec& spec,
                               Activation activation) {
  const std::string y = batch_norm(module + ".1", conv(module + ".0", x, spec), spec.out);
  return activate(activation, module + ".2", y);
}

std::string Builder::linear(const std::string& module, const std::string& x, int64_t in, int64_t out) {
  const double limit = 1 / std::sqrt(static_cast<double>(in));
  const auto draw = [&] { return limit * (2 * rng_.uniform() - 1); };
  Node node{.name = module, .op = "Gemm", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(parameter(module + ".weight", {out, in}, draw));
  node.inputs.push_back(parameter(module + ".bias", {out}, draw));
  node.attributes = {{"transB", int64_t{1}}};
  return add_node(std::move(node));
}

std::string Builder::max_pool(const std::string& module, const std::string& x, int64_t kernel, int64_t stride,
                              int64_t padding) {
  Node node{.name = module, .op = "MaxPool", .inputs = {x}, .outputs = {module + ".out"}};
  node.attributes = {{"kernel_shape", std::vector<int64_t>{kernel, kernel}},
                     {"strides", std::vector<int64_t>{stride, stride}},
                     {"pads", std::vector<int64_t>(4, padding)}};
  return add_node(std::move(node));
}

std::string Builder::average_pool(const std::string& module, const std::string& x, int64_t kernel,
                                  int64_t stride) {
  return add_node({.name = module,
                   .op = "AveragePool",
                   .inputs = {x},
                   .outputs = {module + ".out"},
                   .attributes = {{"kernel_shape", std::vector<int64_t>{kernel, kernel}},
                                  {"strides", std::vector<int64_t>{stride, stride}}}});
}

std::string Builder::concat(const std::string& module, std::vector<std::string> parts, int64_t axis) {
  return add_node({.name = module,
                   .op = "Concat",
                   .inputs = std::move(parts),
                   .outputs = {module + ".out"},
                   .attributes = {{"axis", axis}}});
}

std::string Builder::activate(Activation activation, const std::string& module, const std::string& x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return relu(module, x);
    case Activation::kRelu6:
      break;
  }
  constexpr std::array kLow = {0.0F}, kHigh = {6.0F};
  return simple("Clip", module,
                {x, constant("relu6.low", Tensor::from_values<float>({}, kLow)),
                 constant("relu6.high", Tensor::from_values<float>({}, kHigh))});
}

std::string Builder::integers(const std::string& name, const std::vector<int64_t>& values) {
  return constant(name, Tensor::from_values<int64_t>({static_cast<int64_t>(values.size())}, values));
}

std::string Builder::constant(const std::string& name, Result<Tensor> value) {
  if (value.ok())
    graph_.initializers[name] = std::move(*value);
  else
    error_ = std::move(value).status();
  return name;
}

Result<Graph> Builder::finish(const std::string& logits, int64_t width) {
  std::string last = logits;
  if (options_.projection > 0) last = linear("projection", logits, width, options_.projection);
  RETURN_IF_ERROR(std::move(error_));
  const std::string output = options_.projection > 0 ? "OUTPUT_PROJECTION" : "logits";
  graph_.nodes.back().outputs.front() = output;
  const int64_t values = options_.projection > 0 ? options_.projection : width;
  graph_.outputs.push_back({output, {DType::kF32, Shape{Shape::kUnknownDim, values}}, {"batch", ""}});
  return std::move(graph_);
}

}  // namespace ridgeline::zoo
