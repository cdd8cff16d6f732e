#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>

#include "graph/ops/equation.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {
namespace {

using Ints = std::vector<int64_t>;

bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

bool are_distinct(std::string labels) {
  std::ranges::sort(labels);
  return std::ranges::adjacent_find(labels) == labels.end();
}

/// "bik,bkj->bij" by what becomes of its labels, each in the order of the result, or of the first operand.
struct Roles {
  std::string left, right, out;
  std::string batch, rows, columns, summed;
  std::map<char, int64_t> extents;

  /// None for an equation of two operands that is no product of matrices: with a diagonal, or a sum over one
  /// operand alone.
  static std::optional<Roles> of(const ops::Equation& equation) {
    Roles roles{.left = equation.terms[0],
                .right = equation.terms[1],
                .out = equation.out,
                .batch = {},
                .rows = {},
                .columns = {},
                .summed = {},
                .extents = equation.extents};
    if (!are_distinct(roles.left) || !are_distinct(roles.right)) return std::nullopt;
    for (const char label : roles.out) {
      const bool in_left = has(roles.left, label), in_right = has(roles.right, label);
      (in_left && in_right ? roles.batch : in_left ? roles.rows : roles.columns) += label;
    }
    for (const char label : roles.left)
      if (!has(roles.out, label)) roles.summed += label;
    const auto is_known = [&](char label) { return has(roles.out, label) || has(roles.summed, label); };
    const bool sums_both =
        std::ranges::all_of(roles.summed, [&](char label) { return has(roles.right, label); });
    if (!sums_both || !std::ranges::all_of(roles.right, is_known)) return std::nullopt;
    return roles;
  }
};

/// Writes an Einsum as a MatMul with what brings its operands and its result into order.
class Writer {
 public:
  Writer(Rewriter& rewriter, const Node& einsum, const Roles& roles)
      : rewriter_(rewriter), einsum_(einsum), roles_(roles) {}

  Status write() {
    const auto& [left, right, out, batch, rows, columns, summed, extents] = roles_;
    std::string a = ordered(einsum_.inputs[0], left, batch + rows + summed);
    ASSIGN_OR_RETURN(a, grouped(a, batch + rows + summed, {rows, summed}));
    std::string b = ordered(einsum_.inputs[1], right, batch + summed + columns);
    ASSIGN_OR_RETURN(b, grouped(b, batch + summed + columns, {summed, columns}));
    std::string product = add("MatMul", {a, b});
    if (rows.size() != 1 || columns.size() != 1) {
      ASSIGN_OR_RETURN(product, reshaped(product, extents_of(batch + rows + columns)));
    }
    ordered(product, batch + rows + columns, out);
    nodes.back().outputs = einsum_.outputs;
    return {};
  }

  std::vector<Node> nodes;

 private:
  std::string add(std::string op, std::vector<std::string> inputs) {
    const std::string value = rewriter_.fresh_name(einsum_.outputs[0] + "/" + op);
    nodes.push_back({.name = op == "MatMul" ? einsum_.name : einsum_.name + "/" + op,
                     .op = std::move(op),
                     .inputs = std::move(inputs),
                     .outputs = {value}});
    return value;
  }

  std::string ordered(const std::string& value, const std::string& labels, const std::string& wanted) {
    if (labels == wanted) return value;
    Ints order;
    for (const char label : wanted) order.push_back(static_cast<int64_t>(labels.find(label)));
    std::string moved = add("Transpose", {value});
    nodes.back().attributes["perm"] = order;
    return moved;
  }

  Ints extents_of(const std::string& labels) const {
    Ints extents;
    for (const char label : labels) extents.push_back(roles_.extents.at(label));
    return extents;
  }

  /// With one axis for each of two groups of labels, behind the batch.
  Result<std::string> grouped(const std::string& value, const std::string& labels,
                              const std::array<std::string, 2>& groups) {
    Ints shape = extents_of(roles_.batch);
    for (const std::string& group : groups) {
      const Ints extents = extents_of(group);
      shape.push_back(std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>()));
    }
    return shape == extents_of(labels) ? value : reshaped(value, shape);
  }

  Result<std::string> reshaped(const std::string& value, const Ints& shape) {
    const std::string name = rewriter_.fresh_name(einsum_.outputs[0] + "/shape");
    ASSIGN_OR_RETURN(rewriter_.graph().initializers[name],
                     Tensor::from_values<int64_t>({static_cast<int64_t>(shape.size())}, std::span(shape)));
    return add("Reshape", {value, name});
  }

  Rewriter& rewriter_;
  const Node& einsum_;
  const Roles& roles_;
};

/// None for what is no product of matrices, or repeats one operand along an axis of the other's.
std::optional<Roles> roles_of(const Node& einsum, const TypeMap& types) {
  if (!is_plain(einsum, "Einsum") || einsum.inputs.size() != 2) return std::nullopt;
  const Shape* const left = f32_shape(types, einsum.inputs[0]);
  const Shape* const right = f32_shape(types, einsum.inputs[1]);
  if (left == nullptr || right == nullptr) return std::nullopt;
  const auto equation =
      ops::Equation::parse(einsum.string_or("equation", ""), std::array<Shape, 2>{*left, *right});
  if (!equation.ok()) return std::nullopt;
  const auto is_whole = [&](const std::string& labels, const Shape& shape) {
    for (size_t i = 0; i < labels.size(); ++i)
      if (shape[i] != equation->extents.at(labels[i])) return false;
    return true;
  };
  const bool are_whole = is_whole(equation->terms[0], *left) && is_whole(equation->terms[1], *right);
  return are_whole ? Roles::of(*equation) : std::nullopt;
}

}  // namespace

Status multiply_einsums(Graph& graph, const PassOptions&) {
  if (std::ranges::none_of(graph.nodes, [](const Node& node) { return is_plain(node, "Einsum"); })) return {};
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  Rewriter rewriter(graph);
  std::vector<Node> nodes;
  for (const Node& node : graph.nodes) {
    const auto roles = roles_of(node, types);
    if (!roles) {
      nodes.push_back(node);
      continue;
    }
    Writer writer(rewriter, node, *roles);
    RETURN_IF_ERROR(writer.write());
    std::ranges::move(writer.nodes, std::back_inserter(nodes));
  }
  graph.nodes = std::move(nodes);
  return {};
}

}  // namespace ridgeline::passes
