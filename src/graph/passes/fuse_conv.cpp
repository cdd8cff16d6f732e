#include <algorithm>
#include <limits>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"
#include "tensor/half.h"

namespace ridgeline::passes {
namespace {

/// A Clip bound: absent is the type's own limit; none where it is computed at run time.
std::optional<float> bound_of(const Graph& graph, const Node& clip, size_t input) {
  constexpr float kLimit = std::numeric_limits<float>::max();
  if (!clip.has_input(input)) return input == 1 ? -kLimit : kLimit;
  const Tensor* bound = graph.initializer(clip.inputs[input]);
  if (bound == nullptr || bound->empty() || bound->element_count() != 1) return std::nullopt;
  const Result<Tensor> as_float = convert(*bound, DType::kF32);
  return as_float.ok() ? std::optional(as_float->as<float>()[0]) : std::nullopt;
}

bool is_plain(const Node& node, std::string_view op) { return node.domain.empty() && node.op == op; }

class Fuser {
 public:
  Fuser(Graph& graph, const TypeMap& types) : rewriter_(graph), types_(types) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index)
      if (is_plain(rewriter_.node(index), "Conv") && !rewriter_.is_dropped(index)) grow(index);
    rewriter_.finish();
  }

 private:
  /// Takes in what follows the convolution; the fused node stands where its last part stood, after the makers
  /// of everything that it reads.
  void grow(size_t conv) {
    Node fused = rewriter_.node(conv);
    fused.op = "FusedConv";
    fused.domain = "ridgeline";
    size_t last = conv;
    for (const auto absorb : {&Fuser::absorb_residual, &Fuser::absorb_activation}) {
      const auto next = rewriter_.only_reader(fused.outputs[0]);
      if (!next || rewriter_.is_dropped(*next) || !(this->*absorb)(fused, rewriter_.node(*next))) continue;
      fused.name += "+" + rewriter_.node(*next).name;
      fused.outputs = rewriter_.node(*next).outputs;
      rewriter_.drop(last);
      last = *next;
    }
    if (const auto product = absorb_silu(fused)) {
      rewriter_.drop(last);
      last = *product;
    }
    if (last != conv) rewriter_.node(last) = std::move(fused);
  }

  /// x · sigmoid(x), which exporters write as two nodes; the second of them.
  std::optional<size_t> absorb_silu(Node& fused) {
    const std::string& value = fused.outputs[0];
    const std::vector<size_t> readers = rewriter_.private_readers(value);
    if (fused.has("activation") || readers.size() != 2) return std::nullopt;
    const size_t sigmoid = std::min(readers[0], readers[1]), product = std::max(readers[0], readers[1]);
    if (!is_plain(rewriter_.node(sigmoid), "Sigmoid") || !is_plain(rewriter_.node(product), "Mul") ||
        rewriter_.only_reader(rewriter_.node(sigmoid).outputs[0]) != product)
      return std::nullopt;
    fused.attributes["activation"] = std::string("Silu");
    fused.name += "+" + rewriter_.node(sigmoid).name + "+" + rewriter_.node(product).name;
    fused.outputs = rewriter_.node(product).outputs;
    rewriter_.drop(sigmoid);
    return product;
  }

  bool absorb_residual(Node& fused, const Node& add) const {
    if (!is_plain(add, "Add") || add.inputs.size() != 2) return false;
    const std::string& residual = add.inputs[add.inputs[0] == fused.outputs[0] ? 1 : 0];
    const auto own = types_.find(fused.outputs[0]), other = types_.find(residual);
    if (own == types_.end() || other == types_.end() || !own->second.shape ||
        !own->second.shape->is_static() || own->second.shape != other->second.shape)
      return false;
    fused.inputs.resize(3);
    fused.inputs.push_back(residual);
    return true;
  }

  bool absorb_activation(Node& fused, const Node& node) const {
    if (is_plain(node, "Relu") || is_plain(node, "HardSwish")) {
      fused.attributes["activation"] = node.op;
      return true;
    }
    if (!is_plain(node, "Clip") || node.inputs[0] != fused.outputs[0]) return false;
    const auto low = bound_of(rewriter_.graph(), node, 1), high = bound_of(rewriter_.graph(), node, 2);
    if (!low || !high) return false;
    fused.attributes["activation"] = std::string("Clip");
    fused.attributes["min"] = *low;
    fused.attributes["max"] = *high;
    return true;
  }

  Rewriter rewriter_;
  const TypeMap& types_;
};

}  // namespace

Status fuse_convs(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Fuser(graph, types).run();
  return {};
}

}  // namespace ridgeline::passes
