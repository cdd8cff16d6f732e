#pragma once

#include <map>
#include <onnx-ml.pb.h>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "formats/external_data.h"
#include "formats/graph_builder.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Turns a parsed model into a Graph. Used once.
class OnnxReader {
 public:
  OnnxReader(const onnx::ModelProto& model, ExternalData external)
      : model_(model), external_(std::move(external)) {}

  Result<Graph> read();

 private:
  using Opsets = std::map<std::string, int64_t>;
  using FunctionKey = std::tuple<std::string, std::string, std::string>;  // domain, name, overload

  /// How the names in a list of nodes are to be read: as they are in the model's graph, by the call in a
  /// function.
  struct Scope {
    const Opsets& opsets;
    int depth;
    bool in_function = false;
    std::string prefix;                           // of names local to the function
    std::map<std::string, std::string> values;    // of the function's body to the caller's
    std::map<std::string, Attribute> attributes;  // given by the call, or the function's defaults
    std::vector<ValueFacts> body_inputs = {};     // types for a body that leaves out those of its inputs
  };

  static Opsets read_opsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& protos);
  void reserve_names(const onnx::GraphProto& graph);
  void reserve_names(const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes);

  Result<Graph> read_graph(const onnx::GraphProto& proto, Scope& scope, const GraphBuilder* outer);
  Status read_initializers(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder);
  Status read_interface(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder, bool is_model);
  void note_value_types(const onnx::GraphProto& proto, Scope& scope, GraphBuilder& builder);

  Status read_node(const onnx::NodeProto& proto, Scope& scope, GraphBuilder& builder);
  Status read_constant(Node node, GraphBuilder& builder);
  Status inline_function(const Node& call, const onnx::FunctionProto& function, int depth,
                         GraphBuilder& builder);
  Result<std::map<std::string, Attribute>> read_attributes(const onnx::NodeProto& proto, Scope& scope,
                                                           GraphBuilder& builder);
  Result<Attribute> read_attribute(const onnx::AttributeProto& proto, Scope& scope, GraphBuilder& builder);

  static std::vector<ValueFacts> loop_body_inputs(const Node& node, const GraphBuilder& builder);
  /// The value's name in the graph; in a function's body, locals are renamed.
  std::string resolve(const std::string& name, Scope& scope);

  const onnx::ModelProto& model_;
  ExternalData external_;
  ModelNames names_;
  std::map<FunctionKey, const onnx::FunctionProto*> functions_;
  int64_t nodes_read_ = 0;
};

}  // namespace ridgeline::formats
