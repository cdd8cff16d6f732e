#pragma once

#include <span>
#include <string>

#include "base/mapped_file.h"
#include "base/status.h"
#include "formats/state_dict.h"

namespace ridgeline::formats {

/// Does the file begin as a zip archive does?
bool is_zip(std::span<const std::byte> bytes);

/// Why a file of torch.save before 1.6, a pickle outside of any archive, is not read; ok for other files.
Status check_not_bare_pickle(std::span<const std::byte> bytes);

/// The tensors of a zip archive that torch.save or torch.jit.save wrote: a state dict, a checkpoint that
/// holds one under "model", "state_dict", "model_state_dict" or, without those, "model_ema" or
/// "state_dict_ema", or a TorchScript module, whose attribute paths are the names. Nothing in the file is
/// executed. Views become dense.
Result<StateDict> read_torch_archive(const MappedBytes& file);

/// The archive's content as torch.load(weights_only=True) takes it: an OrderedDict of tensors, with the
/// metadata as a dict in its attribute `ridgeline`.
Result<std::string> to_torch_archive(const StateDict& weights);

}  // namespace ridgeline::formats
