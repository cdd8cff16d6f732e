#include "wire/check.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "wire/bytes.h"
#include "wire/datatype.h"

namespace ridgeline::wire {
namespace {

constexpr std::string_view kBatchNote =
    "NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended "
    "to each "
    "input shape. If you want to specify the full shape including the batch dim in your input dims config, "
    "try "
    "setting max_batch_size to zero. See the model configuration docs for more info on max_batch_size.";

template <typename... Args>
Status refuse(const InferRequest& request, fmt::format_string<Args...> format, Args&&... args) {
  return invalid_argument("{}{}", about_request(request.id),
                          fmt::format(format, std::forward<Args>(args)...));
}

const TensorSignature* find(const std::vector<TensorSignature>& tensors, std::string_view name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [name](const TensorSignature& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

/// "['a','b']". What is left of an empty list is what Triton leaves of it.
std::string quoted_list(const std::vector<std::string_view>& names) {
  if (names.empty()) return "]";
  return fmt::format("['{}']", fmt::join(names, "','"));
}

Status check_names_unique(const InferRequest& request) {
  if (request.inputs.size() < 2) return {};
  std::unordered_set<std::string_view> seen;
  for (const InputTensor& input : request.inputs)
    if (!seen.insert(input.name).second)
      return refuse(request, "input '{}' already exists in request", input.name);
  return {};
}

Status check_input_count(const ModelSignature& signature, const InferRequest& request) {
  const auto required =
      static_cast<size_t>(std::count_if(signature.inputs.begin(), signature.inputs.end(),
                                        [](const TensorSignature& t) { return !t.optional; }));
  const size_t got = request.inputs.size();
  if (got >= required && got <= signature.inputs.size()) return {};

  std::unordered_set<std::string>
      names;  // its order is the one in which Triton, which keeps inputs so, lists them
  for (const InputTensor& input : request.inputs) names.insert(input.name);
  std::vector<std::string_view> missing;
  for (const TensorSignature& input : signature.inputs)
    if (!input.optional && !names.contains(input.name)) missing.push_back(input.name);
  const std::string expected =
      required == signature.inputs.size()
          ? fmt::format("expected {} inputs", required)
          : fmt::format("expected number of inputs between {} and {}", required, signature.inputs.size());
  return refuse(
      request,
      "{} but got {} inputs for model '{}'. Got input(s) {}, but missing required input(s) {}. Please "
      "provide all required input(s).",
      expected, got, signature.name, got == 0 ? "[]" : quoted_list({names.begin(), names.end()}),
      quoted_list(missing));
}

Status check_batch(const ModelSignature& signature, const InferRequest& request) {
  if (signature.max_batch_size == 0) return {};
  int64_t batch = 0;
  for (const InputTensor& input : request.inputs) {
    const TensorSignature* declared = find(signature.inputs, input.name);
    if (declared == nullptr)
      return invalid_argument("unexpected inference input '{}' for model '{}'", input.name, signature.name);
    if (declared->shape_tensor) continue;
    if (input.shape.rank() == 0)
      return refuse(request, "input '{}' has no shape but model requires batch dimension for '{}'",
                    input.name, signature.name);
    if (batch == 0)
      batch = input.shape[0];
    else if (input.shape[0] != batch)
      return refuse(request, "input '{}' batch size does not match other inputs for '{}'", input.name,
                    signature.name);
  }
  if (batch > signature.max_batch_size)
    return refuse(request, "inference request batch-size must be <= {} for '{}'", signature.max_batch_size,
                  signature.name);
  return {};
}

Status check_shape(const ModelSignature& signature, const TensorSignature& declared,
                   const InferRequest& request, const InputTensor& input) {
  const size_t batch_rank = signature.max_batch_size > 0 && !declared.shape_tensor ? 1 : 0;
  bool matches = input.shape.rank() == declared.dims.rank() + batch_rank;
  for (size_t i = 0; matches && i < input.shape.rank(); ++i) {
    if (input.shape[i] < 0)
      return refuse(request, "All input dimensions should be specified for input '{}' for model '{}', got {}",
                    input.name, signature.name, bracketed(input.shape));
    if (i < batch_rank) continue;
    const int64_t wanted = declared.dims[i - batch_rank];
    matches = wanted == Shape::kUnknownDim || wanted == input.shape[i];
  }
  if (matches) return {};
  return refuse(request, "unexpected shape for input '{}' for model '{}'. Expected {}, got {}. {}",
                input.name, signature.name, bracketed(signature.full_shape(declared)), bracketed(input.shape),
                signature.max_batch_size > 0 ? kBatchNote : "");
}

/// An empty batch needs the bytes of one, as Triton has it.
Status check_bytes(const ModelSignature& signature, const InferRequest& request, const InputTensor& input) {
  Shape shape = input.shape;
  if (signature.max_batch_size > 0 && shape.rank() > 0 && shape[0] == 0) shape[0] = 1;
  ASSIGN_OR_RETURN(const int64_t count, element_count_of(input.name, shape));
  if (input.datatype == DType::kString)
    return input.shared_memory ? Status()
                               : check_strings(input.data, static_cast<uint64_t>(count), input.name);
  const auto element = static_cast<int64_t>(size_of(input.datatype));
  if (count > std::numeric_limits<int64_t>::max() / element)
    return invalid_argument(
        "byte size overflow for input '{}': element count ({}) * data type size ({}) exceeds maximum allowed "
        "size "
        "({})",
        input.name, count, element, std::numeric_limits<int64_t>::max());
  const uint64_t got = input.shared_memory ? input.shared_memory->byte_size : input.data.size();
  if (got == static_cast<uint64_t>(count * element)) return {};
  return refuse(request, "input byte size mismatch for input '{}' for model '{}'. Expected {}, got {}",
                input.name, signature.name, count * element, got);
}

Status check_input(const ModelSignature& signature, const InferRequest& request, const InputTensor& input) {
  const TensorSignature* declared = find(signature.inputs, input.name);
  if (declared == nullptr)
    return invalid_argument("unexpected inference input '{}' for model '{}'", input.name, signature.name);
  if (!input.datatype_known || input.datatype != declared->datatype)
    return refuse(request, "inference input '{}' data-type is '{}', but model '{}' expects '{}'", input.name,
                  input.datatype_known ? datatype_name(input.datatype) : "<invalid>", signature.name,
                  datatype_name(declared->datatype));
  RETURN_IF_ERROR(check_shape(signature, *declared, request, input));
  return check_bytes(signature, request, input);
}

}  // namespace

Status check_against(const ModelSignature& signature, const InferRequest& request) {
  RETURN_IF_ERROR(check_names_unique(request));
  for (const RequestedOutput& output : request.outputs)
    if (find(signature.outputs, output.name) == nullptr)
      return invalid_argument("unexpected inference output '{}' for model '{}'", output.name, signature.name);
  RETURN_IF_ERROR(check_input_count(signature, request));
  RETURN_IF_ERROR(check_batch(signature, request));
  for (const InputTensor& input : request.inputs) RETURN_IF_ERROR(check_input(signature, request, input));
  return {};
}

Result<int64_t> element_count_of(std::string_view input, const Shape& shape) {
  const auto refused = [&](std::string_view why) {
    return invalid_argument("invalid shape for input '{}': shape {} {}", input, bracketed(shape), why);
  };
  if (!shape.is_static()) return refused("contains one or more invalid dimensions");
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return int64_t{0};
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t count = 1;
  for (const int64_t dim : shape) {
    if (dim > kMost / count)
      return refused(fmt::format("causes total element count to exceed maximum size of {}", kMost));
    count *= dim;
  }
  return count;
}

}  // namespace ridgeline::wire
