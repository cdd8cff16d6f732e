#include "graph/passes/batch_norm.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

/// How weights' elements lie by output channel.
struct WeightLayout {
  int64_t inner = 1;      ///< elements after the axis that runs over output channels
  int64_t extent = 1;     ///< of that axis
  int64_t groups = 1;     ///< blocks of the axis before it, each with its own channels
  int64_t per_group = 1;  ///< elements in one such block

  int64_t channels() const { return extent * groups; }
  /// Of `inner` elements, each of one channel.
  int64_t runs() const { return groups * per_group / inner; }
  size_t channel_of_run(int64_t run) const {
    return static_cast<size_t>(run / (per_group / inner) * extent + run % extent);
  }
};

/// None where the node is not one whose weights a batch norm folds into.
std::optional<WeightLayout> layout_of(const Node& node, const Shape& weights) {
  const int64_t count = weights.element_count();
  if (count == 0) return std::nullopt;
  if (node.op == "Conv") return WeightLayout{count / weights[0], weights[0], 1, count};
  if (node.op == "ConvTranspose") {
    const int64_t group = node.int_or("group", 1);
    if (group < 1 || weights[0] % group != 0) return std::nullopt;
    return WeightLayout{count / weights[0] / weights[1], weights[1], group, count / group};
  }
  if (node.op != "Gemm") return std::nullopt;
  const bool is_transposed = node.int_or("transB", 0) != 0;
  return is_transposed ? WeightLayout{weights[1], weights[0], 1, count}
                       : WeightLayout{1, weights[1], 1, count};
}

Result<Tensor> scaled_weights(const Tensor& weights, const WeightLayout& layout, const Affine& affine) {
  ASSIGN_OR_RETURN(Tensor scaled, Tensor::zeros(DType::kF32, weights.shape()));
  const float* from = weights.as<float>().data();
  float* to = scaled.as<float>().data();
  for (int64_t run = 0; run < layout.runs(); ++run, from += layout.inner, to += layout.inner) {
    const double scale = affine.scale[layout.channel_of_run(run)];
    for (int64_t i = 0; i < layout.inner; ++i) to[i] = static_cast<float>(from[i] * scale);
  }
  return scaled;
}

/// `factor` is what the node multiplies its bias with.
Result<Tensor> shifted_bias(const Tensor* bias, double factor, const Affine& affine) {
  const auto channels = static_cast<int64_t>(affine.scale.size());
  ASSIGN_OR_RETURN(Tensor shifted, Tensor::zeros(DType::kF32, {channels}));
  for (size_t c = 0; c < affine.scale.size(); ++c) {
    const double before = bias == nullptr ? 0 : factor * bias->as<float>()[c];
    shifted.as<float>()[c] = static_cast<float>(before * affine.scale[c] + affine.shift[c]);
  }
  return shifted;
}

/// Folds `norm` into `product`, its only source; false where they are not of the kind that folds.
Result<bool> fold(Rewriter& rewriter, Node& product, const Node& norm) {
  Graph& graph = rewriter.graph();
  const auto affine = affine_of(graph, norm);
  const bool is_gemm = product.op == "Gemm";
  const Tensor* weights = product.has_input(1) ? graph.initializer(product.inputs[1]) : nullptr;
  if (!affine || !product.domain.empty() || weights == nullptr || weights->dtype() != DType::kF32 ||
      weights->shape().rank() < 2)
    return false;
  const auto layout = layout_of(product, weights->shape());
  const auto channels = static_cast<int64_t>(affine->scale.size());
  if (!layout || layout->channels() != channels) return false;
  const Tensor* bias = f32_constant(graph, product, 2, 1);
  if (product.has_input(2) && (bias == nullptr || bias->element_count() != channels)) return false;
  ASSIGN_OR_RETURN(Tensor scaled, scaled_weights(*weights, *layout, *affine));
  ASSIGN_OR_RETURN(Tensor shifted, shifted_bias(bias, is_gemm ? product.float_or("beta", 1) : 1.0, *affine));
  const std::string suffix = "+" + norm.name;
  const std::string weights_name = rewriter.fresh_name(product.inputs[1] + suffix);
  const std::string bias_name = rewriter.fresh_name(product.name + ".bias" + suffix);
  graph.initializers[weights_name] = std::move(scaled);
  graph.initializers[bias_name] = std::move(shifted);
  product.inputs = {product.inputs[0], weights_name, bias_name};
  product.outputs = norm.outputs;
  product.name += suffix;
  if (is_gemm) product.attributes.erase("beta");
  return true;
}

}  // namespace

Status fold_batch_norms(Graph& graph, const PassOptions&) {
  Rewriter rewriter(graph);
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    const Node& norm = rewriter.node(index);
    if (norm.op != "BatchNormalization" || !norm.has_input(0)) continue;
    const auto source = rewriter.producer(norm.inputs[0]);
    if (!source || rewriter.is_dropped(*source) || rewriter.only_reader(norm.inputs[0]) != index) continue;
    ASSIGN_OR_RETURN(const bool folded, fold(rewriter, rewriter.node(*source), norm));
    if (folded) rewriter.drop(index);
  }
  rewriter.finish();
  return {};
}

}  // namespace ridgeline::passes
