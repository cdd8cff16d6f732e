#pragma once

#include <onnx-ml.pb.h>
#include <string>
#include <vector>

#include "formats/onnx.h"

namespace ridgeline::formats {

/// Hand-made ONNX messages for tests.
class ModelMaker {
 public:
  explicit ModelMaker(int64_t opset) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("made");
  }

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  ModelMaker& input(const std::string& name, const std::vector<int64_t>& dims,
                    int type = onnx::TensorProto::FLOAT);
  ModelMaker& output(const std::string& name, const std::vector<int64_t>& dims,
                     int type = onnx::TensorProto::FLOAT);
  ModelMaker& ints(const std::string& name, const std::vector<int64_t>& values);
  ModelMaker& floats(const std::string& name, const std::vector<float>& values);
  /// The new node is the one that the attribute setters below speak of.
  ModelMaker& node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<std::string>& outputs);
  ModelMaker& set(const std::string& attribute, int64_t value);
  ModelMaker& set(const std::string& attribute, float value);
  ModelMaker& set(const std::string& attribute, const std::string& value);
  ModelMaker& set(const std::string& attribute, const std::vector<int64_t>& values);
  ModelMaker& set(const std::string& attribute, const std::vector<float>& values);

  std::string bytes() const { return model_.SerializeAsString(); }
  Result<Graph> parse() const { return parse_onnx(bytes(), "made.onnx"); }

 private:
  onnx::AttributeProto& attribute(const std::string& name, onnx::AttributeProto::AttributeType type);

  onnx::ModelProto model_;
};

/// Sets a value's name, element type and dimensions; -1 is unknown.
void fill_value(onnx::ValueInfoProto& value, const std::string& name, const std::vector<int64_t>& dims,
                int type);

}  // namespace ridgeline::formats
