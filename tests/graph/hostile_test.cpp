#include <array>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/infer.h"
#include "graph/ops/infer_context.h"
#include "graph/passes/passes.h"

namespace ridgeline {
namespace {

constexpr std::array<int64_t, 16> kNumbers = {
    0,         1,         2,   3, 4, 7, -1, -2, -9, 64, int64_t{1} << 31, int64_t{1} << 40, int64_t{1} << 62,
    INT64_MAX, INT64_MIN, 1000};
constexpr std::array kAttributes = {"axis",           "axes",
                                    "kernel_shape",   "strides",
                                    "pads",           "dilations",
                                    "output_padding", "output_shape",
                                    "group",          "perm",
                                    "blocksize",      "ceil_mode",
                                    "keepdims",       "to",
                                    "start",          "end",
                                    "shape",          "num_outputs",
                                    "batch_dims",     "hidden_size",
                                    "transB",         "num_scan_inputs",
                                    "pooled_shape",   "output_height",
                                    "output_width",   "dtype",
                                    "allowzero",      "storage_order",
                                    "layout"};

/// One node with whatever a broken file could hold around it.
class HostileGraph {
 public:
  explicit HostileGraph(uint64_t seed) : rng_(seed) {}

  Graph make(const ops::OpRow& row) {
    Graph graph;
    Node node{.name = "n", .op = std::string(row.name), .domain = std::string(row.domain)};
    const int most = std::min(row.max_inputs, row.min_inputs + 3);
    const int inputs =
        row.min_inputs + static_cast<int>(below(static_cast<uint64_t>(most - row.min_inputs + 1)));
    for (int i = 0; i < inputs; ++i) node.inputs.push_back(add_input(graph, i));
    for (uint64_t i = 0; i < 1 + below(3); ++i) node.outputs.push_back("y" + std::to_string(i));
    if (below(2) == 0) node.attributes["auto_pad"] = std::string(below(2) == 0 ? "SAME_UPPER" : "VALID");
    for (const std::string name : kAttributes) {
      if (below(3) == 0) node.attributes[name] = number();
      if (below(3) == 0) node.attributes[name] = numbers();
    }
    graph.outputs.push_back({node.outputs[0], {DType::kF32, std::nullopt}, {}});
    graph.nodes.push_back(std::move(node));
    return graph;
  }

 private:
  uint64_t below(uint64_t limit) { return rng_.next() % limit; }
  int64_t number() { return kNumbers[below(below(2) == 0 ? 6 : kNumbers.size())]; }
  std::vector<int64_t> numbers() {
    std::vector<int64_t> list(below(6));
    for (int64_t& each : list) each = number();
    return list;
  }

  std::string add_input(Graph& graph, int index) {
    const std::string name = "x" + std::to_string(index);
    const uint64_t kind = below(4);
    if (kind == 0) {
      const std::vector<int64_t> values = numbers();
      graph.initializers[name] =
          Tensor::from_values<int64_t>({static_cast<int64_t>(values.size())}, values).value();
    } else if (kind == 1) {
      std::vector<float> values;
      for (const int64_t each : numbers()) values.push_back(static_cast<float>(each) * 0.75F);
      graph.initializers[name] =
          Tensor::from_values<float>({static_cast<int64_t>(values.size())}, values).value();
    } else {
      Shape shape(numbers());
      graph.inputs.push_back(
          {name,
           {below(2) == 0 ? DType::kF32 : DType::kI64, below(8) == 0 ? std::nullopt : std::optional(shape)},
           {}});
    }
    return name;
  }

  Rng rng_;
};

TEST(InferTypes, MeetsBrokenNodesOfEveryOpWithAnErrorOrWithSaneShapes) {
  HostileGraph hostile(11);
  int refused = 0, inferred = 0;
  for (const ops::OpRow& row : ops::all_ops())
    for (int turn = 0; turn < 300; ++turn) {
      Graph graph = hostile.make(row);
      const Result<TypeMap> types = infer_types(graph);
      if (!types.ok()) {
        ++refused;
        EXPECT_EQ(types.status().message().find('\n'), std::string::npos);
        continue;
      }
      ++inferred;
      for (const auto& [name, type] : *types)
        for (size_t i = 0; type.shape && i < type.shape->rank(); ++i) {
          EXPECT_GE((*type.shape)[i], Shape::kUnknownDim) << row.name;
          EXPECT_LE((*type.shape)[i], int64_t{1} << 48) << row.name;
        }
      EXPECT_TRUE(passes::optimize(graph, {}).ok()) << row.name;
    }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(inferred, 1000);
}

}  // namespace
}  // namespace ridgeline
