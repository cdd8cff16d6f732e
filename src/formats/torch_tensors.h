#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "formats/pickle.h"
#include "formats/zip.h"
#include "tensor/tensor.h"

namespace ridgeline::formats {

/// Makes tensors of the calls that a pickle of PyTorch describes, over the storages in its archive. Every
/// number is checked; what is shared stays shared.
class TorchTensors {
 public:
  /// All three outlive this. `folder` is the archive's ("archive/"), `file_bytes` the archive's size.
  TorchTensors(const Pickle& pickle, const ZipReader& archive, std::string folder, uint64_t file_bytes)
      : pickle_(pickle), archive_(archive), folder_(std::move(folder)), file_bytes_(file_bytes) {}

  static bool is_tensor(const Pickle::Value& value);
  /// Only when is_tensor(value).
  Result<Tensor> tensor(const Pickle::Value& value);

 private:
  struct Storage {
    MappedBytes bytes;
    DType dtype;  ///< kU8 for untyped ones
  };
  Result<Storage> storage(const Pickle::Value& value);
  Result<Tensor> rebuilt(const Pickle::Value& call);

  const Pickle& pickle_;
  const ZipReader& archive_;
  std::string folder_;
  uint64_t file_bytes_;
  uint64_t tensor_bytes_ = 0;  ///< of all tensors made so far
  std::map<std::string, MappedBytes> entries_;
};

}  // namespace ridgeline::formats
