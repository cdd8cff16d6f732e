#include <algorithm>

#include "graph/passes/clamp.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

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
    const auto clamp = clamp_of(rewriter_.graph(), node);
    if (!clamp) return false;
    fused.attributes["activation"] = std::string("Clip");
    fused.attributes["min"] = clamp->low;
    fused.attributes["max"] = clamp->high;
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
