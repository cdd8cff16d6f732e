#include "wire/http/infer_request.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "wire/bytes.h"
#include "wire/check.h"
#include "wire/datatype.h"
#include "wire/http/json_field.h"
#include "wire/http/parameters.h"

namespace ridgeline::wire::http {
namespace {

/// Reads one body; keeps what of it no input has taken yet.
class Decoder {
 public:
  Decoder(const InferBody& body, const RequestLimits& limits)
      : body_(body), limits_(limits), binary_(body.bytes.subspan(body.header_length)) {}

  Result<InferRequest> decode() {
    request_.model = body_.model;
    request_.version = body_.version;
    RETURN_IF_ERROR(document_.parse({reinterpret_cast<const char*>(body_.bytes.data()), body_.header_length},
                                    TensorLists::kOfInputs));
    const JsonValue& root = document_.root();
    if (const JsonValue* id = member(root, "id")) {
      ASSIGN_OR_RETURN(request_.id, JsonField{"id"}.text(*id));
    }
    RETURN_IF_ERROR(read_parameters(root, request_));
    RETURN_IF_ERROR(read_inputs(root));
    RETURN_IF_ERROR(read_outputs(root));
    return std::move(request_);
  }

 private:
  Status read_inputs(const JsonValue& root) {
    ASSIGN_OR_RETURN(const JsonValue* inputs, JsonField{"inputs"}.list_in(root));
    request_.inputs.reserve(inputs->size());
    for (const JsonValue& input : inputs->elements()) RETURN_IF_ERROR(read_input(input));
    if (binary_.empty()) return {};
    return invalid_argument("unexpected additional input data for model '{}'", body_.model);
  }

  Status read_input(const JsonValue& json) {
    const JsonValue* parameters = member(json, "parameters");
    const JsonValue* data = member(json, "data");
    const JsonValue* binary_size = parameters ? member(*parameters, "binary_data_size") : nullptr;
    const bool shared = parameters && member(*parameters, "shared_memory_region");
    RETURN_IF_ERROR(check_one_source(data != nullptr, binary_size != nullptr, shared));
    InputTensor input;
    ASSIGN_OR_RETURN(input.name, JsonField{"name"}.text_in(json));
    ASSIGN_OR_RETURN(const std::string_view datatype, JsonField{"datatype"}.text_in(json));
    const std::optional<DType> dtype = datatype_from_name(datatype);
    input.datatype_known = dtype.has_value();
    input.datatype = dtype.value_or(DType::kF32);
    RETURN_IF_ERROR(read_shape(json, input));
    if (binary_size != nullptr)
      RETURN_IF_ERROR(take_binary(*binary_size, input));
    else if (shared)
      RETURN_IF_ERROR(read_shared_memory(*parameters, input.shared_memory));
    else
      RETURN_IF_ERROR(read_data(*data, input));
    request_.inputs.push_back(std::move(input));
    return {};
  }

  static Status check_one_source(bool data, bool binary, bool shared) {
    if (data + binary + shared == 1) return {};
    std::string set = data || binary || shared ? " set" : " no field is set";
    if (data) set += " 'data'";
    if (binary) set += " 'binary_data_size'";
    if (shared) set += " 'shared_memory_region'";
    return invalid_argument(
        "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
        "'shared_memory_region' in 'parameters'. But{}",
        set);
  }

  static Status read_shape(const JsonValue& json, InputTensor& input) {
    const JsonField field{"shape"};
    ASSIGN_OR_RETURN(const JsonValue* dims, field.list_in(json));
    input.shape.dims().reserve(dims->size());
    for (const JsonValue& dim : dims->elements()) {
      ASSIGN_OR_RETURN(const uint64_t size, field.natural(dim));
      input.shape.dims().push_back(
          static_cast<int64_t>(size));  // past 2^63 it is negative, and refused as such
    }
    return {};
  }

  Status take_binary(const JsonValue& size, InputTensor& input) {
    ASSIGN_OR_RETURN(const uint64_t bytes, JsonField{"binary_data_size"}.natural(size));
    if (bytes > binary_.size())
      return invalid_argument("unexpected size for input '{}', expecting {} additional bytes for model '{}'",
                              input.name, bytes - binary_.size(), body_.model);
    input.data = binary_.first(bytes);
    binary_ = binary_.subspan(bytes);
    return {};
  }

  Status read_data(const JsonValue& data, InputTensor& input) {
    ASSIGN_OR_RETURN(const int64_t count, element_count_of(input.name, input.shape));
    if (count == 0) return {};
    if (!data.is(JsonValue::Kind::kList))
      return internal_error("Unable to parse 'data': attempt to access JSON non-array as array");
    if (!input.datatype_known) return invalid_argument("invalid datatype for input {}", input.name);
    TensorDataReader values = document_.tensor(data, input.datatype);
    RETURN_IF_ERROR(values.finish(static_cast<uint64_t>(count)));
    std::vector<std::byte> bytes = std::move(values).take_bytes();
    if (bytes.size() > limits_.tensor_bytes)
      return invalid_argument(
          "JSON input '{}' has a byte_size ({} bytes) that exceeds the maximum allowed value of {} bytes. "
          "Use "
          "--http-max-input-size to increase the limit.",
          input.name, bytes.size(), limits_.tensor_bytes);
    input.data = keep(std::move(bytes), request_);
    return {};
  }

  Status read_outputs(const JsonValue& root) {
    if (member(root, "outputs") == nullptr) return {};
    ASSIGN_OR_RETURN(const JsonValue* outputs, JsonField{"outputs"}.list_in(root));
    request_.outputs.reserve(outputs->size());
    for (const JsonValue& json : outputs->elements()) {
      const JsonValue* parameters = member(json, "parameters");
      if (parameters != nullptr) RETURN_IF_ERROR(check_output_parameters(*parameters));
      RequestedOutput output;
      ASSIGN_OR_RETURN(output.name, JsonField{"name"}.text_in(json));
      if (parameters != nullptr) RETURN_IF_ERROR(read_output_parameters(*parameters, output));
      request_.outputs.push_back(std::move(output));
    }
    return {};
  }

  const InferBody& body_;
  const RequestLimits& limits_;
  std::span<const std::byte> binary_;
  JsonDocument document_;
  InferRequest request_;
};

}  // namespace

Result<size_t> parse_header_length(std::string_view text, size_t body_bytes) {
  int32_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error == std::errc::result_out_of_range)
    return invalid_argument("Unable to parse {}, value is out of range [ {}, {} ], got: {}", kHeaderLength,
                            std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max(), text);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("Unable to parse {}, got: {}", kHeaderLength, text);
  if (length < 0 || static_cast<size_t>(length) > body_bytes)
    return invalid_argument("inference header size should be in range (0, {}), got: {}", body_bytes, text);
  return static_cast<size_t>(length);
}

Result<InferRequest> decode_infer_request(const InferBody& body, const RequestLimits& limits) {
  return Decoder(body, limits).decode();
}

Result<InferRequest> decode_raw_infer_request(const InferBody& body, const ModelSignature& signature) {
  const auto refuse = [](const std::string& why) { return invalid_argument("{}{}", about_request(""), why); };
  if (signature.inputs.size() != 1)
    return refuse(
        fmt::format("Raw request must only have 1 input (found 1) to be deduced but got {} inputs in '{}' "
                    "model configuration",
                    signature.inputs.size(), signature.name));
  const TensorSignature& declared = signature.inputs.front();
  InputTensor input{
      .name = declared.name, .datatype = declared.datatype, .shape = signature.full_shape(declared)};
  std::vector<int64_t>& dims = input.shape.dims();
  if (signature.max_batch_size > 0 && !declared.shape_tensor) dims[0] = 1;
  const auto open_dims = std::count(dims.begin(), dims.end(), Shape::kUnknownDim);
  if (open_dims > 1)
    return refuse(
        fmt::format("The shape of the raw input '{}' can not be deduced because there are more than one "
                    "variable-sized dimension",
                    declared.name));
  InferRequest request{
      .model = std::string(body.model), .version = std::string(body.version), .binary_output = true};
  input.data = body.bytes;
  if (declared.datatype == DType::kString) {
    if (open_dims > 0 || input.shape.element_count() != 1)
      return refuse(fmt::format("For BYTE datatype raw input '{}', the model must have input shape [1]",
                                declared.name));
    std::vector<std::byte> element;
    append_string(element, {reinterpret_cast<const char*>(body.bytes.data()), body.bytes.size()});
    input.data = keep(std::move(element), request);
  } else if (open_dims == 1) {
    const auto open = std::find(dims.begin(), dims.end(), Shape::kUnknownDim);
    *open = 1;
    const auto rest = static_cast<size_t>(input.shape.element_count()) * size_of(declared.datatype);
    *open = rest == 0 ? 0 : static_cast<int64_t>(body.bytes.size() / rest);
  }
  request.inputs.push_back(std::move(input));
  return request;
}

}  // namespace ridgeline::wire::http
