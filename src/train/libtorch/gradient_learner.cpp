#include "train/libtorch/gradient_learner.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <stdexcept>

#include "engine/libtorch/device.h"
#include "engine/libtorch/session.h"
#include "engine/libtorch/values.h"
#include "train/learner.h"
#include "train/libtorch/kept_memory.h"

namespace ridgeline::train {
namespace {

/// N × H × W × C as ATen knows it: N × C × H × W with the channels last in memory.
at::Tensor placed_images(const TensorView& images, const libtorch::Placement& placement) {
  if (images.shape.rank() != 4)
    throw std::invalid_argument(fmt::format("images are N x H x W x C, got {}", images.shape.to_string()));
  return libtorch::borrow(images).permute({0, 3, 1, 2}).to(placement.device, placement.float_type);
}

}  // namespace

Result<std::unique_ptr<GradientLearner>> GradientLearner::make(const Graph& graph,
                                                               const LearnerOptions& options) {
  libtorch::Placement placement;
  ASSIGN_OR_RETURN(placement.float_type, libtorch::float_type_of(options.precision));
  if (placement.float_type == at::kHalf)
    return unsupported("precision fp16 needs loss scaling, which training does not do: use bf16");
  ASSIGN_OR_RETURN(placement.device, libtorch::device_from(options.device));
  libtorch::use_threads(options.threads);
  keep_memory_of_large_tensors();
  ASSIGN_OR_RETURN(Network network, Network::build(graph, placement, options));
  return std::unique_ptr<GradientLearner>(new GradientLearner(std::move(network), options, placement));
}

GradientLearner::GradientLearner(Network network, const LearnerOptions& options,
                                 const libtorch::Placement& placement)
    : options_(options), placement_(placement), network_(std::move(network)) {
  std::vector<std::string> names;
  for (const Weight& weight : network_.initial_weights()) {
    weights_.push_back(weight.value);
    if (weight.is_statistic) statistics_.push_back(weight.value);
    const auto& frozen = options_.frozen;
    if (weight.is_statistic || std::find(frozen.begin(), frozen.end(), weight.name) != frozen.end()) continue;
    parameters_.push_back(weights_.back());
    names.push_back(weight.name);
  }
  keep_weights_and_counters();
  optimizer_.emplace(options_.optimizer, parameters_, names);
  for (const auto& [name, value] : optimizer_->state())
    add_state(std::string(kOptimizerPrefix) + name, value);
  if (options_.ema_decay > 0) keep_averages();
  for (at::Tensor& parameter : parameters_) parameter.set_requires_grad(true);
  if (options_.rendezvous && options_.rendezvous->world_size > 1)
    group_ = std::make_unique<ProcessGroup>(*options_.rendezvous);
}

void GradientLearner::add_state(const std::string& name, at::Tensor value) {
  state_names_.push_back(name);
  state_.emplace(name, std::move(value));
}

/// PyTorch lists a norm's counter after its variance.
void GradientLearner::keep_weights_and_counters() {
  const auto& moving = network_.moving_norms();
  for (size_t i = 0; i < weights_.size(); ++i) {
    const std::string& name = network_.initial_weights()[i].name;
    add_state(name, weights_[i]);
    constexpr std::string_view kVariance = ".running_var";
    if (!name.ends_with(kVariance)) continue;
    const std::string module = name.substr(0, name.size() - kVariance.size());
    const at::Tensor counter = at::zeros({}, at::kLong);
    if (std::find(moving.begin(), moving.end(), module) != moving.end()) counters_.push_back(counter);
    add_state(module + ".num_batches_tracked", counter);
  }
}

void GradientLearner::keep_averages() {
  for (size_t i = 0; i < weights_.size(); ++i) {
    averages_.push_back(weights_[i].clone());
    if (network_.initial_weights()[i].is_statistic) statistics_.push_back(averages_.back());
    add_state(std::string(kEmaPrefix) + network_.initial_weights()[i].name, averages_.back());
  }
}

std::vector<at::Tensor> GradientLearner::take_gradients() const {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
    parameter.mutable_grad().reset();
  }
  return gradients;
}

/// The first update copies, as torch.optim.swa_utils.AveragedModel does.
void GradientLearner::update_averages() {
  const bool is_first = state_.at(std::string(kOptimizerPrefix) + "step").item<int64_t>() == 1;
  if (is_first)
    at::_foreach_copy_(averages_, weights_);
  else
    at::_foreach_lerp_(averages_, weights_, 1 - options_.ema_decay);
}

RidgelineStep GradientLearner::step(const TensorView& images, const TensorView& targets,
                                    double learning_rate) {
  libtorch::use_threads(options_.threads);
  const at::Tensor wanted = libtorch::borrow(targets).to(placement_.device);
  const at::Tensor logits =
      network_.forward(weights_, placed_images(images, placement_), Phase::kTraining).to(at::kFloat);
  const at::Tensor loss = at::cross_entropy_loss(logits, wanted);
  loss.backward();

  const at::NoGradGuard no_grad;
  for (at::Tensor& counter : counters_) counter.add_(1);
  const std::vector<at::Tensor> gradients = take_gradients();
  if (group_) group_->average(gradients);
  RidgelineStep result{};
  if (options_.clip_grad_norm > 0) result.grad_norm = clip_gradients(gradients, options_.clip_grad_norm);
  optimizer_->apply(gradients, learning_rate);
  if (!averages_.empty()) update_averages();
  result.loss = loss.item().toDouble();
  result.correct = logits.argmax(1).eq(wanted.argmax(1)).sum().item<int64_t>();
  return result;
}

at::Tensor GradientLearner::evaluate(const TensorView& images, bool averaged) {
  libtorch::use_threads(options_.threads);
  const at::NoGradGuard no_grad;
  const auto& weights = averaged && !averages_.empty() ? averages_ : weights_;
  return network_.forward(weights, placed_images(images, placement_), Phase::kEvaluation)
      .to(at::kCPU, at::kFloat)
      .contiguous();
}

void GradientLearner::sum(std::span<double> values) {
  if (group_) group_->sum(values);
}

void GradientLearner::share_statistics() {
  const at::NoGradGuard no_grad;
  if (group_) group_->broadcast(statistics_);
}

Result<at::Tensor> GradientLearner::state(const std::string& name) const {
  const auto found = state_.find(name);
  if (found == state_.end()) return not_found("the learner has no '{}'", name);
  return found->second.detach().to(at::kCPU).contiguous();
}

Status GradientLearner::set_state(const std::string& name, const TensorView& value) {
  const auto found = state_.find(name);
  if (found == state_.end()) return not_found("the learner has no '{}'", name);
  at::Tensor& held = found->second;
  const auto dtype = libtorch::dtype_of(held.scalar_type());
  if (dtype != value.dtype || held.sizes() != at::IntArrayRef(value.shape.dims())) {
    return invalid_argument("'{}' is {} {} here and {} {} in what was given", name, name_of(*dtype),
                            Shape(held.sizes().vec()).to_string(), name_of(value.dtype),
                            value.shape.to_string());
  }
  const at::NoGradGuard no_grad;
  held.copy_(libtorch::borrow(value));
  return {};
}

}  // namespace ridgeline::train
