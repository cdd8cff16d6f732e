#include <cmath>

#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

/// What exporters write for x / 2 · (1 + erf(x / √2)).
class GeluFuser {
 public:
  explicit GeluFuser(Graph& graph) : rewriter_(graph) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index)
      if (is_plain(index, "Erf")) fuse(index);
    rewriter_.finish();
  }

 private:
  bool is_plain(size_t index, std::string_view op) {
    const Node& node = rewriter_.node(index);
    return node.domain.empty() && node.op == op;
  }

  /// The operand of a binary node beside `value`; empty where there is none.
  std::string beside(size_t index, const std::string& value) {
    const Node& node = rewriter_.node(index);
    if (node.inputs.size() != 2) return "";
    return node.inputs[node.inputs[0] == value ? 1 : 0];
  }

  bool is_number(const std::string& value, double number) const {
    const Tensor* tensor = rewriter_.graph().initializer(value);
    return tensor != nullptr && tensor->dtype() == DType::kF32 && tensor->shape().rank() == 0 &&
           std::abs(tensor->as<float>()[0] - number) < 1e-6;
  }

  /// x, of a node that divides it by √2.
  std::string scaled(size_t index) {
    const Node& node = rewriter_.node(index);
    if (node.inputs.size() != 2) return "";
    if (is_plain(index, "Div")) return is_number(node.inputs[1], M_SQRT2) ? node.inputs[0] : "";
    if (!is_plain(index, "Mul")) return "";
    if (is_number(node.inputs[0], M_SQRT1_2)) return node.inputs[1];
    return is_number(node.inputs[1], M_SQRT1_2) ? node.inputs[0] : "";
  }

  /// The nodes from the division to the last product, empty where the pattern breaks off.
  std::vector<size_t> chain(size_t erf, std::string& x) {
    const std::string input = rewriter_.node(erf).inputs[0];
    const auto scale = rewriter_.producer(input);
    if (!scale || rewriter_.only_reader(input) != erf) return {};
    x = scaled(*scale);
    if (x.empty()) return {};
    std::vector<size_t> nodes = {*scale, erf};
    bool has_one = false, has_half = false, has_x = false;
    while (!has_one || !has_half || !has_x) {
      const std::string& value = rewriter_.node(nodes.back()).outputs[0];
      const auto next = rewriter_.only_reader(value);
      if (!next) return {};
      const std::string other = beside(*next, value);
      if (!has_one && is_plain(*next, "Add") && is_number(other, 1)) {
        has_one = true;
      } else if (has_one && !has_half && is_plain(*next, "Mul") && is_number(other, 0.5)) {
        has_half = true;
      } else if (has_one && !has_x && is_plain(*next, "Mul") && other == x) {
        has_x = true;
      } else {
        return {};
      }
      nodes.push_back(*next);
    }
    return nodes;
  }

  /// The fused node stands where the last one stood.
  void fuse(size_t erf) {
    std::string x;
    const std::vector<size_t> nodes = chain(erf, x);
    if (nodes.empty()) return;
    Node gelu{.name = rewriter_.node(nodes[0]).name,
              .op = "Gelu",
              .inputs = {x},
              .outputs = rewriter_.node(nodes.back()).outputs};
    for (size_t i = 1; i < nodes.size(); ++i) gelu.name += "+" + rewriter_.node(nodes[i]).name;
    for (const size_t index : nodes)
      if (index != nodes.back()) rewriter_.drop(index);
    rewriter_.node(nodes.back()) = std::move(gelu);
  }

  Rewriter rewriter_;
};

}  // namespace

Status fuse_gelus(Graph& graph, const PassOptions&) {
  GeluFuser(graph).run();
  return {};
}

}  // namespace ridgeline::passes
