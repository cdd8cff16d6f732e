#include "model_maker.h"

namespace ridgeline::formats {

void fill_value(onnx::ValueInfoProto& value, const std::string& name, const std::vector<int64_t>& dims,
                int type) {
  value.set_name(name);
  auto* tensor = value.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  auto* shape = tensor->mutable_shape();
  for (const int64_t dim : dims) {
    auto* made = shape->add_dim();
    if (dim >= 0) made->set_dim_value(dim);
  }
}

ModelMaker& ModelMaker::input(const std::string& name, const std::vector<int64_t>& dims, int type) {
  fill_value(*graph().add_input(), name, dims, type);
  return *this;
}

ModelMaker& ModelMaker::output(const std::string& name, const std::vector<int64_t>& dims, int type) {
  fill_value(*graph().add_output(), name, dims, type);
  return *this;
}

ModelMaker& ModelMaker::ints(const std::string& name, const std::vector<int64_t>& values) {
  onnx::TensorProto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::INT64);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  tensor->mutable_int64_data()->Add(values.begin(), values.end());
  return *this;
}

ModelMaker& ModelMaker::floats(const std::string& name, const std::vector<float>& values) {
  onnx::TensorProto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->add_dims(static_cast<int64_t>(values.size()));
  tensor->mutable_float_data()->Add(values.begin(), values.end());
  return *this;
}

ModelMaker& ModelMaker::node(const std::string& op, const std::vector<std::string>& inputs,
                             const std::vector<std::string>& outputs) {
  onnx::NodeProto* node = graph().add_node();
  node->set_op_type(op);
  node->set_name("the " + op);
  for (const std::string& name : inputs) node->add_input(name);
  for (const std::string& name : outputs) node->add_output(name);
  return *this;
}

onnx::AttributeProto& ModelMaker::attribute(const std::string& name,
                                            onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto* made = graph().mutable_node(graph().node_size() - 1)->add_attribute();
  made->set_name(name);
  made->set_type(type);
  return *made;
}

ModelMaker& ModelMaker::set(const std::string& name, int64_t value) {
  attribute(name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}

ModelMaker& ModelMaker::set(const std::string& name, float value) {
  attribute(name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}

ModelMaker& ModelMaker::set(const std::string& name, const std::string& value) {
  attribute(name, onnx::AttributeProto::STRING).set_s(value);
  return *this;
}

ModelMaker& ModelMaker::set(const std::string& name, const std::vector<int64_t>& values) {
  attribute(name, onnx::AttributeProto::INTS).mutable_ints()->Add(values.begin(), values.end());
  return *this;
}

ModelMaker& ModelMaker::set(const std::string& name, const std::vector<float>& values) {
  attribute(name, onnx::AttributeProto::FLOATS).mutable_floats()->Add(values.begin(), values.end());
  return *this;
}

}  // namespace ridgeline::formats
