#include "engine/native/fold_squeezes.h"

#include "engine/native/conv_builders.h"
#include "graph/passes/rewriter.h"
#include "kernels/blocked/conv.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

constexpr size_t kFactor = 4;

using passes::is_plain;

bool is_conv(const Node& node) {
  return is_plain(node, "Conv") || (node.domain == "ridgeline" && node.op == "FusedConv");
}

class Folder {
 public:
  Folder(Graph& graph, TypeMap types, const CpuFeatures& cpu, int threads)
      : rewriter_(graph), types_(std::move(types)), cpu_(cpu), threads_(threads) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (is_plain(rewriter_.node(index), "Mul")) fold_product(index);
      if (is_plain(rewriter_.node(index), "GlobalAveragePool")) fold_mean(rewriter_.node(index));
    }
    rewriter_.finish();
  }

 private:
  void fold_product(size_t index) {
    const Node& product = rewriter_.node(index);
    const auto factor = factor_of(product);
    const auto reader = rewriter_.only_reader(product.outputs[0]);
    if (!factor || !reader || !is_conv(rewriter_.node(*reader))) return;
    Node fused = rewriter_.node(*reader);
    if (fused.inputs[0] != product.outputs[0]) return;
    fused.op = "FusedConv";
    fused.domain = "ridgeline";
    fused.name = product.name + "+" + fused.name;
    fused.inputs[0] = product.inputs[1 - *factor];
    fused.inputs.resize(kFactor);
    fused.inputs.push_back(product.inputs[*factor]);
    if (!has_kernel(fused)) return;
    rewriter_.node(*reader) = std::move(fused);
    rewriter_.drop(index);
  }

  /// Two that read one image share its rows' means.
  void fold_mean(Node& mean) {
    const auto maker = rewriter_.producer(mean.inputs[0]);
    if (!maker || !is_conv(rewriter_.node(*maker)) || !is_computed_image(rewriter_.node(*maker).inputs[0]))
      return;
    Node fused = rewriter_.node(*maker);
    if (!fused.has_output(1)) {
      fused.op = "FusedConv";
      fused.domain = "ridgeline";
      fused.outputs.push_back(rewriter_.fresh_name(fused.outputs[0] + "/row_means"));
      if (!has_kernel(fused)) return;
    }
    mean.inputs[0] = fused.outputs[1];
    rewriter_.node(*maker) = std::move(fused);
  }

  const Shape& shape(const std::string& value) const { return *types_.at(value).shape; }

  bool is_computed_image(const std::string& value) const {
    const auto type = types_.find(value);
    return type != types_.end() && type->second.dtype == DType::kF32 && type->second.shape &&
           type->second.shape->is_static() && type->second.shape->rank() == 4 &&
           rewriter_.graph().initializer(value) == nullptr;
  }

  /// Which input of a product has a number for each channel of the other, an image of the product's shape.
  std::optional<size_t> factor_of(const Node& product) const {
    if (!is_computed_image(product.inputs[0]) || !is_computed_image(product.inputs[1])) return std::nullopt;
    for (const size_t i : {0, 1}) {
      const Shape& image = shape(product.inputs[1 - i]);
      if (image[2] * image[3] > 1 && shape(product.inputs[i]) == Shape{image[0], image[1], 1, 1}) return i;
    }
    return std::nullopt;
  }

  bool has_kernel(const Node& conv) const {
    const Tensor* const weights = rewriter_.graph().initializer(conv.inputs[1]);
    if (weights == nullptr) return false;
    const Result<kernels::ConvDesc> desc = describe({.node = conv,
                                                     .x = shape(conv.inputs[0]),
                                                     .weights = weights->shape(),
                                                     .has_constant_weights = true,
                                                     .threads = threads_});
    return desc.ok() && kernels::select(kernels::blocked::conv_impls(), *desc, cpu_).impl != nullptr;
  }

  passes::Rewriter rewriter_;
  const TypeMap types_;
  const CpuFeatures& cpu_;
  int threads_;
};

}  // namespace

Status fold_squeezes(Graph& graph, const CpuFeatures& cpu, int threads) {
  ASSIGN_OR_RETURN(TypeMap types, infer_types(graph));
  Folder(graph, std::move(types), cpu, threads).run();
  return {};
}

}  // namespace ridgeline::native
