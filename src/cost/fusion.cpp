#include "cost/fusion.h"

#include <algorithm>
#include <set>

#include "graph/uses.h"

namespace ridgeline::cost {
namespace {

constexpr size_t kLongestTail = 10;  // GELU spelled out after a product has six nodes

constexpr std::string_view kAnchors[] = {"Conv",   "ConvInteger",   "ConvTranspose", "Gemm",
                                         "MatMul", "MatMulInteger", "QLinearConv",   "QLinearMatMul"};

constexpr std::string_view kElementwise[] = {"Abs",         "Add",       "BatchNormalization",
                                             "Clip",        "Div",       "Elu",
                                             "Erf",         "Exp",       "Gelu",
                                             "HardSigmoid", "HardSwish", "LeakyRelu",
                                             "Max",         "Min",       "Mish",
                                             "Mul",         "Neg",       "PRelu",
                                             "Pow",         "Relu",      "Selu",
                                             "Sigmoid",     "Softplus",  "Sqrt",
                                             "Sub",         "Sum",       "Tanh"};

bool is_one_of(std::span<const std::string_view> ops, const Node& node) {
  return node.domain.empty() && std::ranges::find(ops, node.op) != ops.end();
}

const ValueType* type_of(const ValueTypes& types, const std::string& value) {
  const auto type = types.find(value);
  return type == types.end() || !type->second.shape ? nullptr : &type->second;
}

bool same_shape(const ValueTypes& types, const std::string& a, const std::string& b) {
  const ValueType* left = type_of(types, a);
  const ValueType* right = type_of(types, b);
  return left != nullptr && right != nullptr && *left->shape == *right->shape;
}

constexpr size_t kOutside = static_cast<size_t>(-1);

/// By value the nodes that read it; kOutside stands for subgraphs and the model's caller, for whom it must
/// exist in memory.
class Readers {
 public:
  explicit Readers(const Graph& graph) {
    for (size_t node = 0; node < graph.nodes.size(); ++node)
      for (const std::string& input : graph.nodes[node].inputs)
        if (!input.empty()) readers_[input].insert(node);
    for (const ValueInfo& output : graph.outputs) readers_[output.name].insert(kOutside);
    for (const Node& node : graph.nodes)
      for (const auto& [name, attribute] : node.attributes)
        if (const auto* body = std::get_if<std::shared_ptr<const Graph>>(&attribute);
            body != nullptr && *body)
          for (const std::string& value : captured_values(**body)) readers_[value].insert(kOutside);
  }

  const std::set<size_t>& of(const std::string& value) const {
    static const std::set<size_t> kNobody;
    const auto found = readers_.find(value);
    return found == readers_.end() ? kNobody : found->second;
  }

 private:
  std::map<std::string, std::set<size_t>> readers_;
};

class Grouper {
 public:
  Grouper(const Graph& graph, const ValueTypes& types) : graph_(graph), types_(types), readers_(graph) {
    for (size_t node = 0; node < graph.nodes.size(); ++node) groups_.push_back(node);
  }

  std::vector<size_t> run() {
    for (size_t node = 0; node < graph_.nodes.size(); ++node)
      if (is_one_of(kAnchors, graph_.nodes[node]) && graph_.nodes[node].outputs.size() == 1) grow(node);
    return std::move(groups_);
  }

 private:
  bool can_join(size_t node, const std::string& anchor_value) const {
    const Node& candidate = graph_.nodes[node];
    return groups_[node] == node && is_one_of(kElementwise, candidate) && candidate.outputs.size() == 1 &&
           same_shape(types_, candidate.outputs[0], anchor_value);
  }

  /// Follows the anchor's value as long as elementwise nodes consume it; keeps the longest tail after which
  /// only its last value is used elsewhere.
  void grow(size_t anchor) {
    const std::string& value = graph_.nodes[anchor].outputs[0];
    std::set<size_t> members = {anchor};
    std::set<size_t> pending = readers_.of(value);
    std::vector<size_t> tail, kept;
    while (!pending.empty() && tail.size() < kLongestTail) {
      const size_t next = *pending.begin();  // in topological order
      pending.erase(pending.begin());
      if (next == kOutside || !can_join(next, value)) break;
      members.insert(next);
      tail.push_back(next);
      const std::set<size_t>& readers = readers_.of(graph_.nodes[next].outputs[0]);
      if (pending.empty()) kept = tail;  // everything before `next` is used up inside
      pending.insert(readers.begin(), readers.end());
    }
    for (const size_t node : kept) groups_[node] = anchor;
  }

  const Graph& graph_;
  const ValueTypes& types_;
  Readers readers_;
  std::vector<size_t> groups_;
};

double bytes_of(const ValueTypes& types, const std::string& value) {
  const ValueType* type = type_of(types, value);
  if (type == nullptr) return 0;
  double bytes = static_cast<double>(size_of(type->dtype));
  for (const int64_t size : *type->shape) bytes *= static_cast<double>(size);
  return bytes;
}

/// What a member of a group reads from outside of it; values that an earlier member has read are in `seen`.
double bytes_from_outside(const Node& node, const ValueTypes& types, std::set<std::string>& seen) {
  const bool folds_into_bias = node.op == "BatchNormalization";
  double bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool is_gone = folds_into_bias && i != 0 && i != 2;
    if (node.has_input(i) && seen.insert(node.inputs[i]).second && !is_gone)
      bytes += bytes_of(types, node.inputs[i]);
  }
  return bytes;
}

}  // namespace

std::vector<size_t> fusion_groups(const Graph& graph, const ValueTypes& types) {
  return Grouper(graph, types).run();
}

std::vector<double> bytes_together(const Graph& graph, const ValueTypes& types,
                                   std::span<const std::vector<size_t>> sets) {
  const Readers readers(graph);
  std::vector<double> bytes;
  for (const std::vector<size_t>& set : sets) {
    const std::set<size_t> members(set.begin(), set.end());
    const auto is_outside = [&](size_t reader) { return !members.contains(reader); };
    std::set<std::string> seen;
    double& moved = bytes.emplace_back(0);
    for (const size_t node : members) {
      moved += bytes_from_outside(graph.nodes[node], types, seen);
      for (const std::string& output : graph.nodes[node].outputs) {
        seen.insert(output);
        if (std::ranges::any_of(readers.of(output), is_outside)) moved += bytes_of(types, output);
      }
    }
  }
  return bytes;
}

std::vector<double> fused_bytes(const Graph& graph, const ValueTypes& types,
                                const std::vector<double>& ideal) {
  const std::vector<size_t> groups = fusion_groups(graph, types);
  std::map<size_t, size_t> last_member;
  for (size_t node = 0; node < groups.size(); ++node) last_member[groups[node]] = node;
  std::map<size_t, std::set<std::string>> seen;  // per group: values read or made in it
  std::vector<double> fused = ideal;
  for (size_t node = 0; node < groups.size(); ++node) {
    const size_t group = groups[node];
    if (last_member[group] == group) continue;
    fused[node] = bytes_from_outside(graph.nodes[node], types, seen[group]);
    const std::string& output = graph.nodes[node].outputs[0];
    seen[group].insert(output);
    if (last_member[group] == node) fused[node] += bytes_of(types, output);
  }
  return fused;
}

}  // namespace ridgeline::cost
