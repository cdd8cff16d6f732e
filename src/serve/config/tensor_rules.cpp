#include "serve/config/tensor_rules.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <set>

namespace ridgeline::serve {
namespace {

bool valid_dim(int64_t dim) { return dim >= 1 || dim == kAnySize; }

/// Elements between one dimension of any size and the next: [2,4,-1,6] has 8 and 6. Saturates.
std::vector<int64_t> trunks_of(std::span<const int64_t> dims) {
  std::vector<int64_t> trunks = {1};
  for (const int64_t dim : dims) {
    if (dim == kAnySize)
      trunks.push_back(1);
    else if (__builtin_mul_overflow(trunks.back(), dim, &trunks.back()))
      trunks.back() = INT64_MAX;
  }
  return trunks;
}

void validate_reshape(const TensorConfig& tensor, int32_t max_batch_size, const std::string& path,
                      Findings& findings) {
  const std::string reshape_path = path + ".reshape";
  if (tensor.reshape->empty() && max_batch_size == 0)
    findings.error(reshape_path,
                   fmt::format("'{}' cannot have empty reshape for non-batching model as scalar "
                               "tensors are not supported",
                               tensor.name));
  else if (!std::ranges::all_of(*tensor.reshape, valid_dim))
    findings.error(reshape_path,
                   fmt::format("'{}' reshape dimensions must be integer >= 1, or -1 to indicate a "
                               "variable-size dimension, not {}",
                               tensor.name, dims_text(*tensor.reshape)));
  else if (trunks_of(tensor.dims) != trunks_of(*tensor.reshape))
    findings.error(reshape_path,
                   fmt::format("'{}' has different size for dims {} and reshape {}", tensor.name,
                               dims_text(tensor.dims), dims_text(*tensor.reshape)));
}

void validate_tensor(const TensorConfig& tensor, int32_t max_batch_size, const std::string& path,
                     Findings& findings) {
  if (!tensor.datatype) findings.error(path, fmt::format("'{}' must specify 'data_type'", tensor.name));
  if (tensor.dims.empty())
    findings.error(path, fmt::format("'{}' must specify 'dims'", tensor.name));
  else if (!std::ranges::all_of(tensor.dims, valid_dim))
    findings.error(path + ".dims", fmt::format("'{}' dimension must be integer >= 1, or -1 to indicate a "
                                               "variable-size dimension, not {}",
                                               tensor.name, dims_text(tensor.dims)));
  else if (tensor.reshape)
    validate_reshape(tensor, max_batch_size, path, findings);
}

template <typename Tensor>
void validate_list(const std::vector<Tensor>& tensors, int32_t max_batch_size, std::string_view kind,
                   Findings& findings) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", kind, i);
    if (tensors[i].name.empty())
      findings.error(path, fmt::format("model {} must specify 'name'", kind));
    else if (!names.insert(tensors[i].name).second)
      findings.error(path, fmt::format("{} '{}' is there twice", kind, tensors[i].name));
    validate_tensor(tensors[i], max_batch_size, path, findings);
  }
}

void validate_formats(const ModelConfig& config, Findings& findings) {
  constexpr size_t kImageRank = 3;
  for (size_t i = 0; i < config.inputs.size(); ++i)
    if (config.inputs[i].format != InputFormat::kNone && config.inputs[i].dims.size() != kImageRank)
      findings.error(fmt::format("input[{}].format", i),
                     fmt::format("'{}' has an image's format, so 'dims' must be of 3 dimensions, not {}",
                                 config.inputs[i].name, dims_text(config.inputs[i].dims)));
}

}  // namespace

void validate_tensors(const ModelConfig& config, Findings& findings) {
  validate_list(config.inputs, config.max_batch_size, "input", findings);
  validate_list(config.outputs, config.max_batch_size, "output", findings);
  validate_formats(config, findings);
}

std::string dims_text(std::span<const int64_t> dims) { return fmt::format("[{}]", fmt::join(dims, ",")); }

std::vector<int64_t> full_dims(std::vector<int64_t> dims, bool batched) {
  if (batched) dims.insert(dims.begin(), kAnySize);
  return dims;
}

bool dims_agree(std::span<const int64_t> a, std::span<const int64_t> b) {
  return std::ranges::equal(a, b,
                            [](int64_t x, int64_t y) { return x == y || x == kAnySize || y == kAnySize; });
}

}  // namespace ridgeline::serve
