#include "wire/http/generate.h"

#include <algorithm>

#include "wire/datatype.h"
#include "wire/http/json_field.h"
#include "wire/http/json_writer.h"
#include "wire/http/parameters.h"

namespace ridgeline::wire::http {
namespace {

constexpr std::string_view kParameters = "parameters";

void give_value(const JsonValue& value, TensorDataReader& reader) {
  if (value.is(JsonValue::Kind::kBoolean)) return reader.boolean(value.boolean());
  if (value.is(JsonValue::Kind::kText)) return reader.text(value.text());
  if (value.is(JsonValue::Kind::kNatural)) return reader.natural(value.natural());
  if (value.is(JsonValue::Kind::kNegative)) return reader.negative(value.integer());
  if (value.is(JsonValue::Kind::kReal)) return reader.real(value.real());
  reader.other();
}

class GenerateDecoder {
 public:
  GenerateDecoder(const ModelSignature& signature, const RequestLimits& limits)
      : signature_(signature), limits_(limits) {}

  Result<InferRequest> decode(const InferBody& body) {
    request_.model = body.model;
    request_.version = body.version;
    RETURN_IF_ERROR(document_.parse({reinterpret_cast<const char*>(body.bytes.data()), body.bytes.size()},
                                    TensorLists::kOfMembers));
    const JsonValue& root = document_.root();
    if (!root.is(JsonValue::Kind::kObject)) return internal_error("attempt to get members for non-object");
    if (const JsonValue* id = member(root, "id")) {
      ASSIGN_OR_RETURN(request_.id, JsonField{"id"}.text(*id));
    }
    for (const auto& [name, value] : root.members()) {
      if (name == kParameters)
        RETURN_IF_ERROR(read_parameters_member(value));
      else if (name != "id" || input_named(name) != nullptr)
        RETURN_IF_ERROR(read_member(name, value));
    }
    return std::move(request_);
  }

 private:
  const TensorSignature* input_named(std::string_view name) const {
    const auto found = std::find_if(signature_.inputs.begin(), signature_.inputs.end(),
                                    [name](const TensorSignature& input) { return input.name == name; });
    return found == signature_.inputs.end() ? nullptr : &*found;
  }

  Status read_parameters_member(const JsonValue& value) {
    if (input_named(kParameters) != nullptr)
      return invalid_argument("Keyword '{}' for nested schema also given as input tensor name", kParameters);
    if (!value.is(JsonValue::Kind::kObject))
      return internal_error(
          "Expected JSON object for keyword: '{}': attempt to access JSON non-object as object", kParameters);
    for (const auto& [name, nested] : value.members()) {
      Status read = read_member(name, nested);
      if (!read.ok())
        return std::move(read).with_context(fmt::format("Converting keyword: '{}'", kParameters));
    }
    return {};
  }

  Status read_member(std::string_view name, const JsonValue& value) {
    const TensorSignature* declared = input_named(name);
    if (declared != nullptr) return read_input(*declared, value);
    ASSIGN_OR_RETURN(Parameter parameter, parameter_of(name, value));
    request_.parameters.emplace_back(name, std::move(parameter));
    return {};
  }

  Status read_input(const TensorSignature& declared, const JsonValue& value) {
    TensorDataReader values(declared.datatype);
    if (value.is(JsonValue::Kind::kList))
      values = document_.tensor(value, declared.datatype);
    else
      give_value(value, values);
    RETURN_IF_ERROR(values.finish(values.count()));
    InputTensor input{.name = declared.name, .datatype = declared.datatype};
    ASSIGN_OR_RETURN(input.shape, shape_for(declared, values.count()));
    auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(values).take_bytes());
    if (consumed_ += bytes->size(); consumed_ > limits_.tensor_bytes)
      return invalid_argument(
          "request size of {} bytes with input '{}' of size {} bytes exceeds the maximum allowed input size "
          "of {}. Use "
          "--http-max-input-size to increase the limit.",
          consumed_ - bytes->size(), declared.name, bytes->size(), limits_.tensor_bytes);
    input.data = *bytes;
    request_.keep_alive.push_back(std::move(bytes));
    request_.inputs.push_back(std::move(input));
    return {};
  }

  Result<Shape> shape_for(const TensorSignature& declared, uint64_t count) const {
    const auto refused = [&] {
      return invalid_argument("The schema can not convert input '{}' to tensor with proper shape",
                              declared.name);
    };
    Shape shape = signature_.full_shape(declared);
    auto rest = static_cast<int64_t>(count);
    for (const int64_t dim : shape) {
      if (dim == Shape::kUnknownDim) continue;
      if (dim <= 0 || rest % dim != 0) return refused();
      rest /= dim;
    }
    for (size_t axis = shape.rank(); axis-- > 0;)
      if (shape[axis] == Shape::kUnknownDim) shape[axis] = std::exchange(rest, 1);
    if (rest != 1) return refused();
    return shape;
  }

  const ModelSignature& signature_;
  const RequestLimits& limits_;
  size_t consumed_ = 0;
  JsonDocument document_;
  InferRequest request_;
};

}  // namespace

Result<InferRequest> decode_generate_request(const InferBody& body, const ModelSignature& signature,
                                             const RequestLimits& limits) {
  return GenerateDecoder(signature, limits).decode(body);
}

Result<std::string> encode_generate_response(const InferResponse& response) {
  JsonWriter json;
  json.StartObject();
  for (const OutputTensor& output : response.outputs) {
    json.key(output.name);
    const bool one = output.shape.element_count() == 1;
    if (!one) json.StartArray();
    RETURN_IF_ERROR(json.elements(output));
    if (!one) json.EndArray();
  }
  for (const auto& [name, value] : response.parameters) {
    json.key(name);
    json.parameter(value);
  }
  if (!response.id.empty()) json.member("id", response.id);
  json.member("model_name", response.model_name);
  json.member("model_version", response.model_version);
  json.EndObject();
  return json.take();
}

std::string server_sent_event(std::string_view json) { return fmt::format("data: {}\n\n", json); }

}  // namespace ridgeline::wire::http
