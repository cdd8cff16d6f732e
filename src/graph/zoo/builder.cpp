#include "graph/zoo/builder.h"

#include <cmath>

namespace ridgeline::zoo {

Builder::Builder(std::string name, const ZooOptions& options, Draw draw)
    : options_(options), draw_(draw), rng_(options.seed) {
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
  const auto area = static_cast<double>(spec.kernel * spec.kernel);
  const double fan_in = static_cast<double>(spec.in / spec.groups) * area;
  const double deviation = draw_ == Draw::kUnitScale ? std::sqrt(1 / (fan_in * mean_square(x)))
                                                     : std::sqrt(2 / (static_cast<double>(spec.out) * area));
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

std::string Builder::conv_up(const std::string& module, const std::string& x, int64_t in, int64_t out) {
  constexpr int64_t kSide = 2;
  const double deviation = std::sqrt(1 / (static_cast<double>(in) * mean_square(x)));
  Node node{.name = module, .op = "ConvTranspose", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(
      parameter(module + ".weight", {in, out, kSide, kSide}, [&] { return deviation * rng_.normal(); }));
  node.inputs.push_back(parameter(module + ".bias", {out}, [&] { return 0.02 * rng_.normal(); }));
  node.attributes = {{"kernel_shape", std::vector<int64_t>{kSide, kSide}},
                     {"strides", std::vector<int64_t>{kSide, kSide}}};
  return add_node(std::move(node));
}

std::string Builder::batch_norm(const std::string& module, const std::string& x, int64_t channels,
                                float epsilon) {
  Node node{.name = module, .op = "BatchNormalization", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(
      parameter(module + ".weight", {channels}, [&] { return 0.6 + 0.4 * rng_.uniform(); }));
  node.inputs.push_back(parameter(module + ".bias", {channels}, [&] { return 0.1 * rng_.normal(); }));
  node.inputs.push_back(parameter(module + ".running_mean", {channels}, [&] { return 0.1 * rng_.normal(); }));
  node.inputs.push_back(
      parameter(module + ".running_var", {channels}, [&] { return 0.8 + 0.4 * rng_.uniform(); }));
  node.attributes = {{"epsilon", epsilon}};
  constexpr double kMeanSquare = 0.66;  // of the weights above, and the biases' added
  return scaled(add_node(std::move(node)), kMeanSquare * mean_square(x));
}

std::string Builder::conv_norm(const std::string& module, const std::string& x, const ConvSpec& spec,
                               const NormSpec& norm) {
  const std::string y = batch_norm(module + ".1", conv(module + ".0", x, spec), spec.out, norm.epsilon);
  return activate(norm.activation, module + ".2", y);
}

std::string Builder::squeeze_excitation(const std::string& module, const std::string& x,
                                        const SqueezeSpec& spec) {
  std::string gate = global_average_pool(module + ".avgpool", x);
  gate = conv(module + ".fc1", gate, {.in = spec.channels, .out = spec.squeezed, .kernel = 1, .bias = true});
  gate = activate(spec.activation, module + ".activation", gate);
  gate = conv(module + ".fc2", gate, {.in = spec.squeezed, .out = spec.channels, .kernel = 1, .bias = true});
  gate = activate(spec.gate, module + ".scale_activation", gate);
  return scaled(simple("Mul", module, {gate, x}), mean_square(gate) * mean_square(x));
}

std::string Builder::linear(const std::string& module, const std::string& x, int64_t in, int64_t out) {
  const double limit = 1 / std::sqrt(static_cast<double>(in));
  const auto draw = [&] { return limit * (2 * rng_.uniform() - 1); };
  const double gain = draw_ == Draw::kUnitScale ? std::sqrt(3 / mean_square(x)) : 1;
  Node node{.name = module, .op = "Gemm", .inputs = {x}, .outputs = {module + ".out"}};
  node.inputs.push_back(parameter(module + ".weight", {out, in}, [&] { return gain * draw(); }));
  node.inputs.push_back(parameter(module + ".bias", {out}, draw));
  node.attributes = {{"transB", int64_t{1}}};
  return add_node(std::move(node));
}

std::string Builder::pool(const std::string& op, const std::string& module, const std::string& x,
                          const PoolSpec& spec) {
  Node node{.name = module, .op = op, .inputs = {x}, .outputs = {module + ".out"}};
  node.attributes = {{"kernel_shape", std::vector<int64_t>{spec.kernel, spec.kernel}},
                     {"strides", std::vector<int64_t>{spec.stride, spec.stride}},
                     {"pads", std::vector<int64_t>(4, spec.padding)}};
  if (spec.ceil) node.attributes["ceil_mode"] = int64_t{1};
  return scaled(add_node(std::move(node)), mean_square(x));
}

std::string Builder::max_pool(const std::string& module, const std::string& x, const PoolSpec& spec) {
  return pool("MaxPool", module, x, spec);
}

std::string Builder::average_pool(const std::string& module, const std::string& x, const PoolSpec& spec) {
  return pool("AveragePool", module, x, spec);
}

std::string Builder::global_average_pool(const std::string& module, const std::string& x) {
  constexpr double kOfMeans = 0.3;  // what averaging leaves of a mean square, behind an activation
  return scaled(simple("GlobalAveragePool", module, {x}), kOfMeans * mean_square(x));
}

std::string Builder::flatten(const std::string& module, const std::string& x) {
  return scaled(simple("Flatten", module, {x}), mean_square(x));
}

std::string Builder::add(const std::string& module, const std::string& a, const std::string& b) {
  return scaled(simple("Add", module, {a, b}), mean_square(a) + mean_square(b));
}

std::string Builder::concat(const std::string& module, std::vector<std::string> parts, int64_t axis) {
  double sum = 0;
  for (const std::string& part : parts) sum += mean_square(part);
  const double mean = sum / static_cast<double>(parts.size());
  return scaled(add_node({.name = module,
                          .op = "Concat",
                          .inputs = std::move(parts),
                          .outputs = {module + ".out"},
                          .attributes = {{"axis", axis}}}),
                mean);
}

std::string Builder::activate(Activation activation, const std::string& module, const std::string& x) {
  // Mean squares of what activations make of a normal variable with the mean square 1.
  constexpr double kHalf = 0.5, kSwish = 0.36, kGate = 0.29;
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return scaled(simple("Relu", module, {x}), kHalf * mean_square(x));
    case Activation::kHardSwish:
      return scaled(simple("HardSwish", module, {x}), kSwish * mean_square(x));
    case Activation::kSilu:
      return scaled(simple("Mul", module, {x, simple("Sigmoid", module + ".sigmoid", {x})}),
                    kSwish * mean_square(x));
    case Activation::kSigmoid:
      return scaled(simple("Sigmoid", module, {x}), kGate);
    case Activation::kHardSigmoid:
      return scaled(hard_sigmoid(module, x), kGate);
    case Activation::kRelu6:
      break;
  }
  return scaled(relu6(module, x), kHalf * mean_square(x));
}

std::string Builder::hard_sigmoid(const std::string& module, const std::string& x) {
  return add_node({.name = module,
                   .op = "HardSigmoid",
                   .inputs = {x},
                   .outputs = {module + ".out"},
                   .attributes = {{"alpha", 1.0F / 6}, {"beta", 0.5F}}});
}

std::string Builder::relu6(const std::string& module, const std::string& x) {
  constexpr std::array kLow = {0.0F}, kHigh = {6.0F};
  return simple("Clip", module,
                {x, constant("relu6.low", Tensor::from_values<float>({}, kLow)),
                 constant("relu6.high", Tensor::from_values<float>({}, kHigh))});
}

double Builder::mean_square(const std::string& x) const {
  const auto found = mean_squares_.find(x);
  return found == mean_squares_.end() ? 1 : found->second;
}

std::string Builder::scaled(std::string x, double mean_square) {
  mean_squares_[x] = mean_square;
  return x;
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
  const std::string name = options_.projection > 0 ? "OUTPUT_PROJECTION" : "logits";
  output(name, last, {Shape::kUnknownDim, options_.projection > 0 ? options_.projection : width});
  RETURN_IF_ERROR(std::move(error_));
  return std::move(graph_);
}

void Builder::output(const std::string& name, const std::string& x, Shape shape) {
  for (Node& node : graph_.nodes)
    if (node.outputs.front() == x) node.outputs.front() = name;
  std::vector<std::string> dim_names(shape.rank());
  dim_names.front() = "batch";
  graph_.outputs.push_back({name, {DType::kF32, std::move(shape)}, std::move(dim_names)});
}

Result<Graph> Builder::finish() {
  if (options_.projection > 0)
    return invalid_argument("{} has no logits to project: leave --projection out", graph_.name);
  RETURN_IF_ERROR(std::move(error_));
  return std::move(graph_);
}

}  // namespace ridgeline::zoo
