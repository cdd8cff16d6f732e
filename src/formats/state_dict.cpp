#include "formats/state_dict.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/mapped_file.h"
#include "formats/name_check.h"
#include "formats/safetensors.h"
#include "formats/torch_archive.h"

namespace ridgeline::formats {
namespace {

/// What wrappers put before every name: DataParallel and DistributedDataParallel, torch.compile.
constexpr std::array<std::string_view, 2> kWrapperPrefixes = {"module.", "_orig_mod."};

bool take_off(std::string_view prefix, StateDict& weights) {
  const auto has_prefix = [&](const auto& entry) { return entry.first.starts_with(prefix); };
  if (weights.tensors.empty() || !std::all_of(weights.tensors.begin(), weights.tensors.end(), has_prefix))
    return false;
  for (auto& [name, tensor] : weights.tensors) name.erase(0, prefix.size());
  return true;
}

/// How many models an average is of, as torch.optim.swa_utils.AveragedModel counts them beside "module.…".
constexpr std::string_view kAverageCounter = "n_averaged";

void take_off_wrappers(StateDict& weights) {
  std::erase_if(weights.tensors, [](const auto& entry) { return entry.first == kAverageCounter; });
  const auto take_off_one = [&](std::string_view prefix) { return take_off(prefix, weights); };
  while (std::any_of(kWrapperPrefixes.begin(), kWrapperPrefixes.end(), take_off_one)) {
  }
}

/// The DenseNets that torchvision publishes have the names of its first versions:
/// "denselayer1.norm.1.weight".
void rename_dense_layers(StateDict& weights) {
  for (auto& [name, tensor] : weights.tensors) {
    if (name.find(".denselayer") == std::string::npos) continue;
    for (const std::string_view layer : {".norm.", ".conv."})
      if (const size_t at = name.find(layer); at != std::string::npos) name.erase(at + layer.size() - 1, 1);
  }
}

Result<StateDict> read_any(const MappedBytes& file) {
  if (file.bytes.empty()) return invalid_argument("is empty");
  if (is_safetensors(file.bytes)) return read_safetensors(file);
  if (is_zip(file.bytes)) return read_torch_archive(file);
  RETURN_IF_ERROR(check_not_bare_pickle(file.bytes));
  return unsupported(
      "is neither safetensors nor an archive of torch.save: save model.state_dict() with one of them");
}

/// Names in a damaged file may hold anything, but messages stay one readable line.
Result<StateDict> read_named(const Result<MappedBytes>& file, const std::string& name) {
  Result<StateDict> weights = file.ok() ? read_any(*file) : file.status();
  if (!weights.ok())
    return Status(weights.status().code(),
                  printable(fmt::format("{}: {}", name, weights.status().message())));
  take_off_wrappers(*weights);
  rename_dense_layers(*weights);
  return weights;
}

Status save(Result<std::string> content, const std::string& path) {
  if (!content.ok()) return std::move(content).status().with_context(path);
  return write_file_atomically(path, *content);
}

}  // namespace

const Tensor* StateDict::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.first == name; });
  return found == tensors.end() ? nullptr : &found->second;
}

Result<StateDict> load_state_dict(const std::string& path) { return read_named(map_file(path), path); }

Result<StateDict> parse_state_dict(std::string bytes, const std::string& name) {
  auto owned = std::make_shared<std::string>(std::move(bytes));
  const std::span<std::byte> content = std::as_writable_bytes(std::span(*owned));
  return read_named(MappedBytes{content, std::move(owned)}, name);
}

Status save_safetensors(const StateDict& weights, const std::string& path) {
  return save(to_safetensors(weights), path);
}

Status save_pth(const StateDict& weights, const std::string& path) {
  return save(to_torch_archive(weights), path);
}

}  // namespace ridgeline::formats
