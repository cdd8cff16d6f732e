#include "bench/worker_protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "engine/plugin/codec.h"

namespace ridgeline::bench {
namespace {

ErrorCode error_code_from_name(const std::string& name) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code)
    if (name_of(static_cast<ErrorCode>(code)) == name) return static_cast<ErrorCode>(code);
  return ErrorCode::kInternal;
}

/// Turns a missing or mistyped key into an error.
template <typename Read>
auto read_keys(const char* what, Read read) -> Result<decltype(read())> {
  try {
    return read();
  } catch (const Json::exception& error) {
    return internal_error("{}: {}", what, error.what());
  }
}

}  // namespace

Json to_json(const LoadRequest& request) {
  return {{"op", kOpLoad},
          {"model", request.model},
          {"engine", request.engine},
          {"options", plugin::encode(request.options)},
          {"inputs_path", request.inputs_path},
          {"outputs_path", request.outputs_path}};
}

Result<LoadRequest> load_request_from_json(const Json& json) {
  std::string options;
  ASSIGN_OR_RETURN(LoadRequest request, read_keys("load request", [&] {
                     options = json.at("options").get<std::string>();
                     return LoadRequest{.model = json.at("model"),
                                        .engine = json.at("engine"),
                                        .options = {},
                                        .inputs_path = json.at("inputs_path"),
                                        .outputs_path = json.at("outputs_path")};
                   }));
  ASSIGN_OR_RETURN(request.options, plugin::decode_options(options));
  return request;
}

Json to_json(const LoadReport& report) {
  return {{"load_ms", report.load_ms}, {"compile_ms", report.compile_ms}, {"first_ms", report.first_ms}};
}

Result<LoadReport> load_report_from_json(const Json& json) {
  return read_keys("load report", [&] {
    return LoadReport{json.at("load_ms"), json.at("compile_ms"), json.at("first_ms")};
  });
}

Json error_answer(const Status& status) {
  return {{"error", {{"code", name_of(status.code())}, {"message", status.message()}}}};
}

Result<Json> read_answer(const std::string& line) {
  ASSIGN_OR_RETURN(const Json answer, parse_json(line, "a worker's answer"));
  if (answer.contains("ok")) return answer["ok"];
  ASSIGN_OR_RETURN(auto error, read_keys("a worker's answer", [&] {
                     const Json& held = answer.at("error");
                     return std::pair(held.at("code").get<std::string>(),
                                      held.at("message").get<std::string>());
                   }));
  return Status(error_code_from_name(error.first), error.second);
}

Status write_tensors(const std::string& path, std::span<const TensorView> tensors) {
  Json header = Json::array();
  for (const TensorView& tensor : tensors)
    header.push_back({{"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape.dims()}});
  std::string content = header.dump() + "\n";
  for (const TensorView& tensor : tensors)
    content.append(reinterpret_cast<const char*>(tensor.data), tensor.byte_size());
  return write_file_atomically(path, content);
}

Result<std::vector<Tensor>> read_tensors(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, read_file(path));
  const size_t end = content.find('\n');
  ASSIGN_OR_RETURN(const Json header, parse_json(content.substr(0, end), path));
  std::span<const std::byte> left =
      std::as_bytes(std::span(content)).subspan(std::min(content.size(), end + 1));
  std::vector<Tensor> tensors;
  for (const Json& entry : header) {
    ASSIGN_OR_RETURN(auto type, read_keys(path.c_str(), [&] {
                       return std::pair(dtype_from_name(entry.at("dtype").get<std::string>()),
                                        Shape(entry.at("shape").get<std::vector<int64_t>>()));
                     }));
    if (!type.first) return internal_error("{}: unknown element type", path);
    ASSIGN_OR_RETURN(const int64_t count, type.second.checked_element_count(size_of(*type.first)));
    const size_t bytes = static_cast<size_t>(count) * size_of(*type.first);
    if (bytes > left.size()) return internal_error("{}: ends inside a tensor", path);
    ASSIGN_OR_RETURN(Tensor tensor, Tensor::from_bytes(*type.first, type.second, left.first(bytes)));
    tensors.push_back(std::move(tensor));
    left = left.subspan(bytes);
  }
  return tensors;
}

}  // namespace ridgeline::bench
