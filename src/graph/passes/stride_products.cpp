#include <algorithm>

#include "graph/passes/passes.h"
#include "graph/passes/views.h"

namespace ridgeline::passes {
namespace {

using Ints = std::vector<int64_t>;

/// Matrices whose rows or whose columns lie side by side.
bool has_lines(const View& view) {
  const size_t row = view.shape.rank() - 2, column = row + 1;
  const auto is_next = [&](size_t axis) { return view.shape[axis] == 1 || view.strides[axis] == 1; };
  return is_next(row) || is_next(column);
}

/// As many matrices on both sides, of as many axes.
bool are_factors(const View& a, const View& b) {
  const size_t rank = a.shape.rank();
  return rank >= 3 && b.shape.rank() == rank &&
         std::equal(a.shape.begin(), a.shape.end() - 2, b.shape.begin()) && has_lines(a) && has_lines(b);
}

Ints with_offset(const View& view) {
  Ints numbers = {view.offset};
  numbers.insert(numbers.end(), view.strides.begin(), view.strides.end());
  return numbers;
}

class ProductStrider {
 public:
  ProductStrider(Graph& graph, const TypeMap& types)
      : rewriter_(graph), types_(types), views_(rewriter_, types) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index)
      if (is_plain(rewriter_.node(index), "MatMul")) rewrite(index);
    rewriter_.finish();
  }

 private:
  void rewrite(size_t index) {
    const Node& product = rewriter_.node(index);
    const auto a = views_.of(product.inputs[0]), b = views_.of(product.inputs[1]);
    if (!a || !b || !are_factors(*a, *b)) return;
    const size_t rank = a->shape.rank();
    Ints sizes(a->shape.begin(), a->shape.end());
    sizes.push_back(b->shape[rank - 1]);
    Shape y(Ints(sizes.begin(), sizes.end() - 1));
    y[rank - 1] = sizes.back();
    Node strided{.name = product.name,
                 .op = "StridedMatMul",
                 .domain = "ridgeline",
                 .inputs = {a->source, b->source},
                 .outputs = product.outputs};
    double factor = a->factor * b->factor;
    size_t last = index;
    while (const auto next = rewriter_.only_reader(strided.outputs[0])) {
      const auto by = views_.factor_of(rewriter_.node(*next), strided.outputs[0]);
      const Shape* const shape = f32_shape(types_, rewriter_.node(*next).outputs[0]);
      if (!by || shape == nullptr || *shape != y) break;
      factor *= *by;
      last = take_in(strided, last, *next);
    }
    Ints order = identity(rank);
    if (const auto next = rewriter_.only_reader(strided.outputs[0]); next && keeps_rows(*next, rank)) {
      order = rewriter_.node(*next).ints_or("perm", {});
      last = take_in(strided, last, *next);
    }
    if (last == index && a->source == product.inputs[0] && b->source == product.inputs[1]) return;
    strided.attributes = {{"sizes", sizes},
                          {"a", with_offset(*a)},
                          {"b", with_offset(*b)},
                          {"y", strides_of(y, order)},
                          {"shape", ordered(y, order)},
                          {"alpha", static_cast<float>(factor)}};
    rewriter_.node(last) = std::move(strided);
  }

  /// What is left to be in the place of `next`, the node behind `last`.
  size_t take_in(Node& strided, size_t last, size_t next) {
    strided.name += "+" + rewriter_.node(next).name;
    strided.outputs = rewriter_.node(next).outputs;
    rewriter_.drop(last);
    return next;
  }

  bool keeps_rows(size_t index, size_t rank) const {
    const Node& node = rewriter_.graph().nodes[index];
    const Ints order = node.ints_or("perm", {});
    return is_plain(node, "Transpose") && order.size() == rank &&
           order.back() == static_cast<int64_t>(rank) - 1;
  }

  static Ints identity(size_t rank) {
    Ints order;
    for (size_t axis = 0; axis < rank; ++axis) order.push_back(static_cast<int64_t>(axis));
    return order;
  }

  static Ints ordered(const Shape& shape, const Ints& order) {
    Ints dims;
    for (const int64_t axis : order) dims.push_back(shape[static_cast<size_t>(axis)]);
    return dims;
  }

  /// Of each axis of `shape` where it lies in that order.
  static Ints strides_of(const Shape& shape, const Ints& order) {
    Ints strides(shape.rank());
    int64_t step = 1;
    for (size_t i = order.size(); i-- > 0;) {
      const auto axis = static_cast<size_t>(order[i]);
      strides[axis] = step;
      step *= shape[axis];
    }
    return strides;
  }

  Rewriter rewriter_;
  const TypeMap& types_;
  Views views_;
};

}  // namespace

Status stride_products(Graph& graph, const PassOptions&) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  ProductStrider(graph, types).run();
  return {};
}

}  // namespace ridgeline::passes
