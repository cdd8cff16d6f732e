#include <algorithm>

#include "graph/passes/passes.h"
#include "graph/passes/quantized_node.h"

namespace ridgeline::passes {
namespace {

/// What a FusedConv clamps its results to; none where it applies another function.
std::optional<Clamp> own_clamp(const Node& node) {
  const std::string activation = node.string_or("activation", "");
  if (activation.empty()) return Clamp{};
  if (activation == "Relu") return Clamp{.low = 0};
  if (activation == "Clip") return Clamp{node.float_or("min", 0), node.float_or("max", 0)};
  return std::nullopt;
}

/// From [terms, columns] to [columns, terms].
std::optional<Tensor> transposed(const Tensor& weights) {
  const auto terms = static_cast<size_t>(weights.shape()[0]),
             columns = static_cast<size_t>(weights.shape()[1]);
  Result<Tensor> turned = Tensor::zeros(DType::kI8, {weights.shape()[1], weights.shape()[0]});
  if (!turned.ok()) return std::nullopt;
  for (size_t term = 0; term < terms; ++term)
    for (size_t column = 0; column < columns; ++column)
      turned->as<int8_t>()[column * terms + term] = weights.as<int8_t>()[term * columns + column];
  return std::move(*turned);
}

/// A layer's operands, read and checked.
struct Layer {
  QuantizedSource x;
  QuantizedWeights weights;
  std::optional<Tensor> bias;
  std::optional<QuantizedSource> residual;
  Clamp clamp;
};

class Fuser {
 public:
  Fuser(Graph& graph, const TypeMap& types) : rewriter_(graph), values_(rewriter_, types), types_(types) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index) {
      if (rewriter_.is_dropped(index)) continue;
      const Node& node = rewriter_.node(index);
      if (const auto layer = layer_of(node))
        fuse_layer(index, *layer);
      else if (is_plain(node, "Add"))
        fuse_add(index);
    }
    rewriter_.finish();
  }

 private:
  std::optional<Layer> layer_of(const Node& node) const {
    const bool is_conv = is_plain(node, "Conv") || (node.domain == "ridgeline" && node.op == "FusedConv");
    const bool is_gemm = is_plain(node, "Gemm") && node.int_or("transA", 0) == 0 &&
                         node.float_or("alpha", 1) == 1 && node.float_or("beta", 1) == 1;
    if (!is_conv && !is_gemm && !is_plain(node, "MatMul")) return std::nullopt;
    const bool is_by_column = !is_conv && node.int_or("transB", 0) == 0;
    const auto x = values_.source(node.inputs[0]);
    auto weights = values_.weights(node.inputs[1], is_by_column ? 1 : 0);
    const auto clamp = own_clamp(node);
    if (!x || !weights || !clamp || (!is_conv && weights->steps.shape().rank() != 2)) return std::nullopt;
    if (is_by_column) {
      auto turned = transposed(weights->steps);
      if (!turned) return std::nullopt;
      weights->steps = std::move(*turned);
    }
    Layer layer{*x, std::move(*weights), {}, {}, *clamp};
    return fits(layer) && has_operands(node, layer) ? std::optional(std::move(layer)) : std::nullopt;
  }

  /// The sums of all products fit 31 bits.
  static bool fits(const Layer& layer) {
    constexpr int64_t kMostTerms = (int64_t{1} << 31) / (255 * 128);
    const Shape& shape = layer.weights.steps.shape();
    return shape.element_count() / shape[0] < kMostTerms;
  }

  bool has_operands(const Node& node, Layer& layer) const {
    if (node.has_input(2)) {
      layer.bias = values_.bias(node.inputs[2], layer.weights.steps.shape()[0]);
      if (!layer.bias) return false;
    }
    if (node.has_input(3)) {
      layer.residual = values_.source(node.inputs[3]);
      if (!layer.residual) return false;
    }
    const auto type = types_.find(node.inputs[0]);
    return type != types_.end() && type->second.shape && type->second.shape->rank() >= 2;
  }

  std::string keep(const std::string& wish, const Tensor& tensor) {
    std::string name = rewriter_.fresh_name(wish);
    rewriter_.graph().initializers[name] = tensor;
    return name;
  }

  void fuse_layer(size_t index, const Layer& layer) {
    Node fused = rewriter_.node(index);
    fused.op = fused.op.ends_with("Conv") ? "QuantizedConv" : "QuantizedGemm";
    fused.domain = "ridgeline";
    for (const char* name : {"activation", "min", "max", "alpha", "beta", "transA", "transB"})
      fused.attributes.erase(name);
    fused.inputs = {layer.x.integers, keep(fused.inputs[1] + "/steps", layer.weights.steps)};
    fused.inputs.push_back(layer.bias ? keep(fused.name + "/bias", *layer.bias) : "");
    std::vector<float> scales;
    for (const float scale : layer.weights.scales)
      scales.push_back(static_cast<float>(double{scale} * layer.x.as.scale));
    fused.attributes["sum_scales"] = std::move(scales);
    fused.attributes["x_zero_point"] = int64_t{layer.x.as.zero_point};
    if (layer.residual) {
      fused.inputs.push_back(layer.residual->integers);
      set_operand(fused, "residual", layer.residual->as);
    }
    if (auto sink = values_.sink(fused.outputs[0])) {
      sink->clamp = layer.clamp.then(sink->clamp);
      end_in(*sink, index, std::move(fused));
    } else {
      fused.attributes["y_type"] = std::string(name_of(DType::kF32));
      fused.attributes["min"] = layer.clamp.low;
      fused.attributes["max"] = layer.clamp.high;
      rewriter_.node(index) = std::move(fused);
    }
  }

  /// The fused node stands where the QuantizeLinear stood.
  void end_in(const QuantizedSink& sink, size_t index, Node fused) {
    set_result(fused, sink);
    for (const size_t clamp : sink.clamps) {
      fused.name += "+" + rewriter_.node(clamp).name;
      rewriter_.drop(clamp);
    }
    rewriter_.drop(index);
    fused.outputs = rewriter_.node(sink.quantize).outputs;
    rewriter_.node(sink.quantize) = std::move(fused);
  }

  void fuse_add(size_t index) {
    const Node add = rewriter_.node(index);
    const auto a = values_.source(add.inputs[0]), b = values_.source(add.inputs[1]);
    const auto sink = values_.sink(add.outputs[0]);
    if (!a || !b || !sink || !are_of_one_shape(add)) return;
    const auto maker_of_a = conv_for(add.inputs[0], *a, index),
               maker_of_b = conv_for(add.inputs[1], *b, index);
    if (maker_of_a && (!maker_of_b || *maker_of_a > *maker_of_b)) {
      absorb({*maker_of_a, *rewriter_.producer(add.inputs[0]), index}, *b, *sink);
    } else if (maker_of_b) {
      absorb({*maker_of_b, *rewriter_.producer(add.inputs[1]), index}, *a, *sink);
    } else {
      Node fused{.name = add.name,
                 .op = "QuantizedAdd",
                 .domain = "ridgeline",
                 .inputs = {a->integers, b->integers}};
      set_operand(fused, "a", a->as);
      set_operand(fused, "b", b->as);
      end_in(*sink, index, std::move(fused));
    }
  }

  bool are_of_one_shape(const Node& add) const {
    const auto a = types_.find(add.inputs[0]), b = types_.find(add.inputs[1]);
    return a != types_.end() && b != types_.end() && a->second.shape && a->second.shape->is_static() &&
           a->second.shape == b->second.shape;
  }

  /// The convolution that makes `value` for the addition at `reader` alone.
  std::optional<size_t> conv_for(const std::string& value, const QuantizedSource& source,
                                 size_t reader) const {
    const auto index = rewriter_.producer(source.integers);
    if (!index || rewriter_.only_reader(value) != reader ||
        rewriter_.only_reader(source.integers) != rewriter_.producer(value))
      return std::nullopt;
    const Node& conv = rewriter_.graph().nodes[*index];
    const bool is_free = conv.domain == "ridgeline" && conv.op == "QuantizedConv" && !conv.has_input(3);
    return is_free ? index : std::nullopt;
  }

  struct ConvAndAdd {
    size_t conv, dequantize, add;
  };

  /// The convolution rounds its sums as before, in between, and adds the other operand itself.
  void absorb(const ConvAndAdd& nodes, const QuantizedSource& residual, const QuantizedSink& sink) {
    Node fused = rewriter_.node(nodes.conv);
    for (const char* name : {"scale", "zero_point", "low", "high"})
      fused.attributes[std::string("middle_") + name] = fused.attributes.at(std::string("y_") + name);
    fused.inputs.push_back(residual.integers);
    set_operand(fused, "residual", residual.as);
    fused.name += "+" + rewriter_.node(nodes.add).name;
    rewriter_.drop(nodes.conv);
    rewriter_.drop(nodes.dequantize);
    end_in(sink, nodes.add, std::move(fused));
  }

  Rewriter rewriter_;
  QuantizedValues values_;
  const TypeMap& types_;
};

}  // namespace

Status fuse_quantized_layers(Graph& graph, const PassOptions& options) {
  if (!options.computes_in_integers) return {};
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Fuser(graph, types).run();
  return {};
}

}  // namespace ridgeline::passes
