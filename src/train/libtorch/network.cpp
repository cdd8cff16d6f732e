#include "train/libtorch/network.h"

#include <ATen/Functions.h>

#include "base/cpu_features.h"
#include "engine/libtorch/values.h"
#include "train/libtorch/conv.h"
#include "train/libtorch/norm.h"

namespace ridgeline::train {
namespace {

using libtorch::InputRef;
using libtorch::Inputs;
using libtorch::Kernel;
using libtorch::OpSite;
using libtorch::Outputs;

constexpr std::string_view kMeanSuffix = ".running_mean";

bool is_product(const Node& node) {
  return node.op == "Conv" || node.op == "ConvTranspose" || node.op == "Gemm" || node.op == "MatMul";
}

bool is_statistic(const Node& node, size_t input) {
  return is_batch_norm(node) && (input == 3 || input == 4);
}

/// What a product's operands are cast to, and its result.
struct ProductTypes {
  at::ScalarType rounded;
  at::ScalarType computed;
};

/// A BF16 number is an FP32 one too, and sums are FP32 either way: without AMX, the same products come sooner
/// from oneDNN's FP32 kernels (ResNet-18's in 0.6 of the time).
ProductTypes product_types(const libtorch::Placement& placement) {
  const at::ScalarType type = placement.float_type;
  const bool is_slow = placement.device.is_cpu() && type == at::kBFloat16 && !detect_cpu_features().amx_bf16;
  return {.rounded = type, .computed = is_slow ? at::kFloat : type};
}

/// `kernel` on cast operands; autograd casts the gradients back.
Kernel computed_in(ProductTypes types, Kernel kernel) {
  return [types, kernel = std::move(kernel)](const Inputs& in, const Outputs& out) {
    std::vector<at::Tensor> operands;
    std::vector<InputRef> refs;
    for (size_t i = 0; i < in.size(); ++i) {
      const bool casts = in.has(i) && at::isFloatingType(in[i].scalar_type());
      operands.push_back(casts ? in[i].to(types.rounded).to(types.computed) : in[i]);
      refs.push_back({.slot = i, .last_read = false});
    }
    kernel(Inputs(operands, refs), out);
    out[0] = out[0].to(types.rounded);
  };
}

}  // namespace

/// Single numbers and integers are constants; every other float is a weight once a node reads it.
void Network::sort_initializers(const Graph& graph) {
  for (const auto& [name, tensor] : graph.initializers) {
    const bool learns = tensor.dtype() == DType::kF32 && tensor.shape().rank() > 0;
    if (!learns) constants_.emplace(name, libtorch::share(tensor));
  }
}

size_t Network::new_slot(const std::string& name) {
  slots_.emplace_back();
  slots_by_name_.emplace(name, slots_.size() - 1);
  return slots_.size() - 1;
}

Result<size_t> Network::slot_of(const std::string& name) const {
  if (name.empty()) return size_t{0};
  const auto found = slots_by_name_.find(name);
  if (found == slots_by_name_.end()) return invalid_argument("nothing makes the value '{}'", name);
  return found->second;
}

/// A norm whose mean is frozen is no fold: it normalises by its running statistics in training too.
Kernel Network::norm_kernel(const Node& node, const NormFold* fold) {
  const double epsilon = node.float_or("epsilon", 1e-5F);
  const std::string& mean = node.inputs[3];
  if (fold != nullptr && mean.ends_with(kMeanSuffix))
    moving_norms_.push_back(mean.substr(0, mean.size() - kMeanSuffix.size()));
  const bool relu = fold != nullptr && fold->relu;
  return libtorch::returns([epsilon, relu, moves = fold != nullptr, phase = phase_](const Inputs& in) {
    const at::Tensor none;
    const NormInputs norm{in[0], in[1], in[2], in[3], in[4], in.size() > 5 ? in[5] : none};
    return batch_norm(norm,
                      {.training = moves && *phase == Phase::kTraining, .epsilon = epsilon, .relu = relu});
  });
}

Result<Kernel> Network::kernel_for(const Node& node) const {
  const libtorch::OpRow* row = libtorch::find_op(node);
  if (row == nullptr) return unsupported("ATen has no kernel for it");
  const OpSite site{.node = node,
                    .constants = constants_,
                    .float_type = at::kFloat,
                    .device = placement_.device,
                    .input_ranks = std::vector<int64_t>(node.inputs.size(), -1)};
  ASSIGN_OR_RETURN(Kernel kernel, row->build(site));
  if (convolution_ == ConvolutionKind::kFast && is_same_size_conv(node))
    kernel = same_size_conv(std::move(kernel));
  if (placement_.float_type == at::kFloat || !is_product(node)) return kernel;
  return computed_in(product_types(placement_), std::move(kernel));
}

Status Network::add_step(const Node& node, Kernel kernel, std::span<const std::string> inputs,
                         std::span<const std::string> outputs) {
  libtorch::Step step{
      .name = node.name, .op = node.op, .kernel = std::move(kernel), .inputs = {}, .outputs = {}, .dead = {}};
  for (const std::string& name : inputs) {
    ASSIGN_OR_RETURN(const size_t slot, slot_of(name));
    step.inputs.push_back({.slot = slot, .last_read = false});
  }
  for (const std::string& name : outputs) step.outputs.push_back(new_slot(name));
  steps_.push_back(std::move(step));
  return {};
}

Status Network::add_norm(const Node& node, const NormFold* fold, const Node& last) {
  std::vector<std::string> inputs = node.inputs;
  if (fold != nullptr && !fold->residual.empty()) inputs.push_back(fold->residual);
  return add_step(node, norm_kernel(node, fold), inputs, last.outputs);
}

Status Network::add_node(const Graph& graph, size_t index, const NormFolds& folds) {
  const Node& node = graph.nodes[index];
  if (const auto fold = folds.by_last.find(index); fold != folds.by_last.end())
    return add_norm(graph.nodes[fold->second.norm], &fold->second, node);
  if (is_batch_norm(node)) return add_norm(node, nullptr, node);
  ASSIGN_OR_RETURN(Kernel kernel, kernel_for(node));
  return add_step(node, std::move(kernel), node.inputs, node.outputs);
}

void Network::add_weights(const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* value = graph.initializer(node.inputs[i]);
    if (value == nullptr || slots_by_name_.contains(node.inputs[i])) continue;
    at::Tensor placed = libtorch::share(*value).to(placement_.device, at::kFloat, false, true);
    if (placed.dim() == 4) placed = placed.contiguous(at::MemoryFormat::ChannelsLast);
    weight_slots_.push_back(new_slot(node.inputs[i]));
    weights_.push_back({node.inputs[i], std::move(placed), is_statistic(node, i)});
  }
}

Result<Network> Network::build(const Graph& graph, const libtorch::Placement& placement,
                               const LearnerOptions& options) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    return unsupported("a model with {} inputs and {} outputs: training takes images and gives logits",
                       graph.inputs.size(), graph.outputs.size());
  Network network(placement, options.convolution);
  network.sort_initializers(graph);
  for (const auto& [name, value] : network.constants_)
    network.slots_[network.new_slot(name)] = value.to(placement.device);
  network.input_ = network.new_slot(graph.inputs[0].name);
  const NormFolds folds = norm_folds(graph, options.frozen);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    network.add_weights(graph, node);
    if (folds.inner.contains(i)) continue;
    RETURN_IF_ERROR(network.add_node(graph, i, folds).with_context(node.describe()));
  }
  ASSIGN_OR_RETURN(network.output_, network.slot_of(graph.outputs[0].name));
  std::vector<size_t> kept = network.weight_slots_;
  kept.push_back(0);
  kept.push_back(network.output_);
  for (const auto& [name, value] : network.constants_) kept.push_back(network.slots_by_name_.at(name));
  mark_deaths(network.steps_, kept);
  return network;
}

at::Tensor Network::forward(std::span<const at::Tensor> weights, const at::Tensor& images, Phase phase) {
  *phase_ = phase;
  for (size_t i = 0; i < weights.size(); ++i) slots_[weight_slots_[i]] = weights[i];
  slots_[input_] = images.dim() == 4 ? images.contiguous(at::MemoryFormat::ChannelsLast) : images;
  for (const libtorch::Step& step : steps_) {
    step.kernel(Inputs(slots_, step.inputs), Outputs(slots_, step.outputs));
    for (const size_t slot : step.dead) slots_[slot].reset();
  }
  at::Tensor result = std::move(slots_[output_]);
  slots_[output_].reset();
  for (const size_t slot : weight_slots_) slots_[slot].reset();
  return result;
}

}  // namespace ridgeline::train
