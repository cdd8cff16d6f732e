#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/core/call.h"
#include "serve/core/served_model.h"

namespace ridgeline::serve {

/// One output as the client wants it.
struct WantedOutput {
  std::string name;
  uint64_t classification = 0;                  ///< best classes in place of the tensor; 0: the tensor
  std::optional<wire::SharedMemoryRef> memory;  ///< the client's, where the bytes go
};

/// What the request names; its regions are there. Errors are SharedMemory's.
Result<std::vector<WantedOutput>> wanted_outputs(const wire::InferRequest& request,
                                                 const SharedMemory& memory);

/// Makes of what a model has answered what its client has asked for: the outputs that were named, in that
/// order (all where none was), classes in place of tensors, bytes in the client's memory. kInternal, in
/// Triton's words, for memory that is too small.
Result<Answer> finish(Answer answer, const ModelFacts& model, std::span<const WantedOutput> wanted);

}  // namespace ridgeline::serve
