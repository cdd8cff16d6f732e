#include "wire/http/infer_response.h"

#include <algorithm>

#include "wire/classification.h"
#include "wire/datatype.h"
#include "wire/http/json_writer.h"

namespace ridgeline::wire::http {
namespace {

class Encoder {
 public:
  explicit Encoder(const ResponseForm& form) : form_(form) {}

  Result<EncodedResponse> encode(const InferResponse& response) {
    json_.StartObject();
    if (!response.id.empty()) json_.member("id", response.id);
    json_.member("model_name", response.model_name);
    json_.member("model_version", response.model_version);
    if (!response.parameters.empty()) write_parameters(response.parameters);
    json_.key("outputs");
    json_.StartArray();
    encoded_.made.reserve(response.outputs.size());
    for (const OutputTensor& output : response.outputs) RETURN_IF_ERROR(write_output(output));
    json_.EndArray();
    json_.EndObject();
    encoded_.head = json_.take();
    return std::move(encoded_);
  }

 private:
  void write_parameters(const Parameters& parameters) {
    json_.key("parameters");
    json_.StartObject();
    for (const auto& [name, value] : parameters) {
      json_.key(name);
      json_.parameter(value);
    }
    json_.EndObject();
  }

  Status write_output(const OutputTensor& output) {
    const auto asked = std::find_if(form_.outputs.begin(), form_.outputs.end(),
                                    [&](const RequestedOutput& o) { return o.name == output.name; });
    const bool listed = asked != form_.outputs.end();
    const bool binary = listed ? asked->binary : form_.binary_output;
    if (listed && asked->shared_memory) {
      start_output(output);
    } else if (listed && asked->classification > 0) {
      RETURN_IF_ERROR(write_classes(output, asked->classification, binary));
    } else {
      RETURN_IF_ERROR(write_tensor(output, binary));
    }
    json_.EndObject();
    return {};
  }

  void start_output(const OutputTensor& output) {
    json_.StartObject();
    json_.member("name", output.name);
    json_.member("datatype", datatype_name(output.datatype));
    json_.key("shape");
    json_.shape(output.shape);
  }

  Status write_tensor(const OutputTensor& output, bool binary) {
    start_output(output);
    if (binary) {
      json_.key("parameters");
      json_.StartObject();
      json_.key("binary_data_size");
      json_.Uint64(output.data.size());
      json_.EndObject();
      if (!output.data.empty()) encoded_.tensors.push_back(output.data);
      return {};
    }
    json_.key("data");
    json_.StartArray();
    RETURN_IF_ERROR(json_.elements(output));
    json_.EndArray();
    return {};
  }

  Status write_classes(const OutputTensor& output, uint64_t count, bool binary) {
    std::span<const std::string> labels;
    if (form_.labels != nullptr) {
      const auto found = form_.labels->find(output.name);
      if (found != form_.labels->end()) labels = found->second;
    }
    ASSIGN_OR_RETURN(Classes classes, best_classes(output, count, form_.batched, labels));
    const std::vector<std::byte>& bytes = encoded_.made.emplace_back(std::move(classes.bytes));
    return write_tensor({output.name, DType::kString, std::move(classes.shape), bytes}, binary);
  }

  const ResponseForm& form_;
  JsonWriter json_;
  EncodedResponse encoded_;
};

}  // namespace

Result<EncodedResponse> encode_infer_response(const InferResponse& response, const ResponseForm& form) {
  return Encoder(form).encode(response);
}

std::string encode_error(std::string_view message) {
  JsonWriter json;
  json.StartObject();
  json.member("error", message);
  json.EndObject();
  return json.take();
}

}  // namespace ridgeline::wire::http
