#include "graph/passes/quantized_values.h"

#include <algorithm>
#include <cmath>

#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

bool is_usable_scale(float scale) { return std::isnormal(scale) && scale > 0; }

bool is_8_bits(DType dtype) { return dtype == DType::kU8 || dtype == DType::kI8; }

/// As if from 32 bits; the elements of u8 and i8 alike.
std::vector<int32_t> integers_of(const Tensor& tensor) {
  std::vector<int32_t> integers(static_cast<size_t>(tensor.element_count()));
  convert(tensor.view(), {DType::kI32, tensor.shape(), reinterpret_cast<std::byte*>(integers.data())});
  return integers;
}

/// Weights less their zero points: themselves where these are none, so that they are held once.
std::optional<Tensor> centred(const Tensor& steps, const std::vector<int32_t>& zeros, size_t inner) {
  const bool is_signed = steps.dtype() == DType::kI8;
  if (is_signed && std::ranges::count(zeros, 0) == std::ssize(zeros)) return steps;
  Result<Tensor> centred = Tensor::zeros(DType::kI8, steps.shape());
  if (!centred.ok()) return std::nullopt;
  for (size_t i = 0; i < static_cast<size_t>(steps.element_count()); ++i) {
    const int32_t step = is_signed ? steps.as<int8_t>()[i] : steps.as<uint8_t>()[i];
    const int32_t from_zero = step - zeros[i / inner % zeros.size()];
    if (from_zero < -128 || from_zero > 127) return std::nullopt;
    centred->as<int8_t>()[i] = static_cast<int8_t>(from_zero);
  }
  return std::move(*centred);
}

}  // namespace

int32_t Quantisation::step_of(float value) const {
  const float step = std::nearbyint(value / scale) + static_cast<float>(zero_point);
  return static_cast<int32_t>(
      std::min(std::max(step, static_cast<float>(lowest())), static_cast<float>(highest())));
}

const Node* QuantizedValues::maker(const std::string& value, std::string_view op) const {
  const auto index = rewriter_.producer(value);
  if (!index) return nullptr;
  const Node& node = rewriter_.graph().nodes[*index];
  const bool fits =
      node.domain.empty() && node.op == op && node.outputs[0] == value && node.int_or("block_size", 0) == 0;
  return fits ? &node : nullptr;
}

const Tensor* QuantizedValues::constant(const Node& node, size_t input, DType dtype) const {
  const Tensor* tensor = node.has_input(input) ? rewriter_.graph().initializer(node.inputs[input]) : nullptr;
  return tensor != nullptr && tensor->dtype() == dtype && !tensor->empty() ? tensor : nullptr;
}

std::optional<Quantisation> QuantizedValues::whole_tensor(const Node& node, DType dtype) const {
  const Tensor* scale = constant(node, 1, DType::kF32);
  const Tensor* zero = constant(node, 2, dtype);
  if (!is_8_bits(dtype) || scale == nullptr || scale->element_count() != 1 ||
      !is_usable_scale(scale->as<float>()[0]) || (node.has_input(2) && zero == nullptr) ||
      (zero != nullptr && zero->element_count() != 1))
    return std::nullopt;
  return Quantisation{dtype, scale->as<float>()[0], zero == nullptr ? 0 : integers_of(*zero)[0]};
}

std::optional<QuantizedSource> QuantizedValues::source(const std::string& value) const {
  const Node* dequantize = maker(value, "DequantizeLinear");
  if (dequantize == nullptr || rewriter_.graph().initializer(dequantize->inputs[0]) != nullptr)
    return std::nullopt;
  const auto type = types_.find(dequantize->inputs[0]);
  const auto as = type == types_.end() ? std::nullopt : whole_tensor(*dequantize, type->second.dtype);
  if (!as) return std::nullopt;
  return QuantizedSource{dequantize->inputs[0], *as};
}

std::optional<Quantisation> QuantizedValues::quantisation_of(size_t index) const {
  const Node& node = rewriter_.graph().nodes[index];
  if (maker(node.outputs[0], "QuantizeLinear") != &node) return std::nullopt;
  const auto type = types_.find(node.outputs[0]);
  return type == types_.end() ? std::nullopt : whole_tensor(node, type->second.dtype);
}

std::optional<QuantizedSink> QuantizedValues::sink(const std::string& value) const {
  QuantizedSink sink;
  std::string at = value;
  for (auto next = rewriter_.only_reader(at); next; next = rewriter_.only_reader(at)) {
    const Node& node = rewriter_.graph().nodes[*next];
    if (rewriter_.is_dropped(*next) || node.inputs[0] != at) return std::nullopt;
    if (const auto clamp = clamp_of(rewriter_.graph(), node)) {
      sink.clamp = sink.clamp.then(*clamp);
      sink.clamps.push_back(*next);
      at = node.outputs[0];
      continue;
    }
    const auto as = quantisation_of(*next);
    if (!as) return std::nullopt;
    sink.quantize = *next;
    sink.as = *as;
    return sink;
  }
  return std::nullopt;
}

std::optional<QuantizedWeights> QuantizedValues::weights(const std::string& value, size_t axis) const {
  const Node* node = maker(value, "DequantizeLinear");
  const Tensor* steps = node == nullptr ? nullptr : rewriter_.graph().initializer(node->inputs[0]);
  if (steps == nullptr || !is_8_bits(steps->dtype()) || axis >= steps->shape().rank() ||
      steps->element_count() == 0)
    return std::nullopt;
  const Tensor* scales = constant(*node, 1, DType::kF32);
  const Tensor* zeros = constant(*node, 2, steps->dtype());
  const int64_t channels = steps->shape()[axis];
  if (scales == nullptr || (node->has_input(2) && zeros == nullptr) ||
      (zeros != nullptr && zeros->element_count() != scales->element_count()))
    return std::nullopt;
  const int64_t count = scales->element_count(), own_axis = node->int_or("axis", 1);
  const auto rank = static_cast<int64_t>(steps->shape().rank());
  const bool is_per_channel =
      count == channels && (own_axis < 0 ? own_axis + rank : own_axis) == static_cast<int64_t>(axis);
  if ((count != 1 && !is_per_channel) || !std::ranges::all_of(scales->as<float>(), is_usable_scale))
    return std::nullopt;
  size_t inner = 1;
  for (size_t i = axis + 1; i < steps->shape().rank(); ++i) inner *= static_cast<size_t>(steps->shape()[i]);
  auto plain = centred(*steps, zeros == nullptr ? std::vector<int32_t>{0} : integers_of(*zeros), inner);
  if (!plain) return std::nullopt;
  QuantizedWeights weights{std::move(*plain), {scales->as<float>().begin(), scales->as<float>().end()}};
  weights.scales.resize(static_cast<size_t>(channels), weights.scales[0]);
  return weights;
}

std::optional<Tensor> QuantizedValues::bias(const std::string& value, int64_t channels) const {
  const Tensor* floats = rewriter_.graph().initializer(value);
  if (floats == nullptr) {
    const Node* node = maker(value, "DequantizeLinear");
    return node == nullptr ? std::nullopt : dequantized_bias(*node, channels);
  }
  if (floats->dtype() != DType::kF32 || floats->element_count() != channels) return std::nullopt;
  Result<Tensor> flat = floats->reshaped({channels});
  return flat.ok() ? std::optional(std::move(*flat)) : std::nullopt;
}

std::optional<Tensor> QuantizedValues::dequantized_bias(const Node& node, int64_t channels) const {
  const Tensor* steps = constant(node, 0, DType::kI32);
  const Tensor* scales = constant(node, 1, DType::kF32);
  const Tensor* zeros = constant(node, 2, DType::kI32);
  if (steps == nullptr || scales == nullptr || (node.has_input(2) && zeros == nullptr) ||
      steps->element_count() != channels || steps->shape().rank() != 1)
    return std::nullopt;
  const auto is_zero = [](int32_t zero) { return zero == 0; };
  if ((zeros != nullptr && !std::ranges::all_of(zeros->as<int32_t>(), is_zero)) ||
      (scales->element_count() != 1 && scales->element_count() != channels))
    return std::nullopt;
  Result<Tensor> floats = Tensor::zeros(DType::kF32, {channels});
  if (!floats.ok()) return std::nullopt;
  for (size_t i = 0; i < static_cast<size_t>(channels); ++i)
    floats->as<float>()[i] = static_cast<float>(steps->as<int32_t>()[i]) *
                             scales->as<float>()[scales->element_count() == 1 ? 0 : i];
  return std::move(*floats);
}

}  // namespace ridgeline::passes
