#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace ridgeline::formats {

/// A model's tensors by torchvision's names ("layer1.0.conv1.weight"), in the file's order, and the texts
/// kept beside them (see kModelKey and the contract of vision). Plain data; copying shares the tensors.
struct StateDict {
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  /// Null when there is none.
  const Tensor* find(std::string_view name) const;
};

/// Metadata: the zoo's name of the architecture ("resnet18"), and the image size that it was trained at
/// ("224").
inline constexpr const char* kModelKey = "ridgeline.model";
inline constexpr const char* kImageSizeKey = "ridgeline.image_size";

/// Reads safetensors, archives of torch.save (a state dict, or a checkpoint that holds one under "model",
/// "state_dict", "model_state_dict", "model_ema" or "state_dict_ema") and of torch.jit.save; the content
/// tells the format, not the name. Nothing in a file is executed. The file is mapped and must not shrink
/// while the tensors live. Prefixes that training adds to every name ("module.", "_orig_mod.") are taken off,
/// and torchvision's old names of DenseNet's layers become its present ones.
/// Errors are one line that names the file, the tensor and the remedy: kNotFound, kInvalidArgument for a
/// broken file, kUnsupported for a valid one that a StateDict can't hold.
Result<StateDict> load_state_dict(const std::string& path);

/// The same from memory. `name` stands for the file in messages.
Result<StateDict> parse_state_dict(std::string bytes, const std::string& name);

/// Writes a file that `safetensors` in Python reads, atomically.
Status save_safetensors(const StateDict& weights, const std::string& path);

/// Writes a file that torch.load(weights_only=True) reads: an OrderedDict of the tensors, whose attribute
/// `ridgeline` is a dict of the metadata. Atomic. kUnsupported for more than 4 GiB.
Status save_pth(const StateDict& weights, const std::string& path);

}  // namespace ridgeline::formats
