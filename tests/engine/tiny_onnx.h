#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace ridgeline {

/// Just enough of the protobuf wire format to write a small ONNX model by hand, without any ONNX library.
class ProtoWriter {
 public:
  ProtoWriter& number(int field, uint64_t value) {
    varint(static_cast<uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  ProtoWriter& bytes(int field, std::string_view value) {
    varint(static_cast<uint64_t>(field) << 3 | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>((value & 0x7f) | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

inline std::string onnx_node(std::string_view op, const std::vector<std::string>& inputs,
                             std::string_view output) {
  ProtoWriter node;
  for (const std::string& input : inputs) node.bytes(1, input);
  node.bytes(2, output).bytes(3, std::string(op) + "_of_" + std::string(output)).bytes(4, op);
  return node.text();
}

/// A ValueInfoProto; a dimension is a number or, where not positive, the name "batch".
inline std::string onnx_value(std::string_view name, int element_type, const std::vector<int64_t>& dims) {
  ProtoWriter shape;
  for (const int64_t dim : dims) {
    ProtoWriter dimension;
    dim > 0 ? dimension.number(1, static_cast<uint64_t>(dim)) : dimension.bytes(2, "batch");
    shape.bytes(1, dimension.text());
  }
  const ProtoWriter tensor =
      ProtoWriter().number(1, static_cast<uint64_t>(element_type)).bytes(2, shape.text());
  return ProtoWriter().bytes(1, name).bytes(2, ProtoWriter().bytes(1, tensor.text()).text()).text();
}

/// x (batch×2×2×2) → Conv by weights {1, -2} → Relu → y (batch×1×2×2); nonzero = NonZero(y), of a shape that
/// depends on the data. Opset 17.
inline std::string tiny_onnx() {
  constexpr int kFloat = 1;
  constexpr int kInt64 = 7;
  const float weights[] = {1, -2};
  ProtoWriter weight;
  for (const uint64_t dim : {1, 2, 1, 1}) weight.number(1, dim);
  weight.number(2, kFloat).bytes(8, "w").bytes(9, {reinterpret_cast<const char*>(weights), sizeof weights});

  ProtoWriter graph;
  graph.bytes(1, onnx_node("Conv", {"x", "w"}, "c"))
      .bytes(1, onnx_node("Relu", {"c"}, "y"))
      .bytes(1, onnx_node("NonZero", {"y"}, "nonzero"))
      .bytes(2, "tiny")
      .bytes(5, weight.text())
      .bytes(11, onnx_value("x", kFloat, {0, 2, 2, 2}))
      .bytes(12, onnx_value("y", kFloat, {0, 1, 2, 2}))
      .bytes(12, onnx_value("nonzero", kInt64, {4, 0}));
  const ProtoWriter opset = ProtoWriter().bytes(1, "").number(2, 17);
  return ProtoWriter().number(1, 8).bytes(7, graph.text()).bytes(8, opset.text()).text();
}

inline Node tiny_node(std::string_view op, const std::string& input, const std::string& output) {
  Node node;
  node.name = std::string(op) + "_of_" + output;
  node.op = op;
  node.inputs = {input};
  node.outputs = {output};
  return node;
}

/// What an importer makes of `onnx` as far as plugins are concerned: the bytes, the inputs and the nodes.
inline Graph tiny_graph(std::string onnx = tiny_onnx()) {
  Graph graph;
  graph.name = "tiny";
  graph.inputs = {
      {.name = "x", .type = {DType::kF32, Shape{-1, 2, 2, 2}}, .dim_names = {"batch", "", "", ""}}};
  graph.nodes = {tiny_node("Conv", "x", "c"), tiny_node("Relu", "c", "y"),
                 tiny_node("NonZero", "y", "nonzero")};
  graph.source.onnx = std::make_shared<const std::string>(std::move(onnx));
  return graph;
}

}  // namespace ridgeline
