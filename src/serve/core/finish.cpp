#include "serve/core/finish.h"

#include <algorithm>
#include <cstring>

#include "wire/classification.h"

namespace ridgeline::serve {
namespace {

Status put_classes(const ModelFacts& model, uint64_t count, wire::OutputTensor& output, Answer& answer) {
  const auto labels = model.labels.find(output.name);
  ASSIGN_OR_RETURN(wire::Classes best,
                   wire::best_classes(output, count, model.batched(),
                                      labels == model.labels.end() ? std::span<const std::string>()
                                                                   : std::span(labels->second)));
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(best.bytes));
  output.datatype = DType::kString;
  output.shape = std::move(best.shape);
  output.data = *bytes;
  answer.keep_alive.push_back(std::move(bytes));
  return {};
}

/// Looks the region up again: the client may have cut it off meanwhile.
Status put_into(const wire::SharedMemoryRef& place, const SharedMemory& memory, wire::OutputTensor& output) {
  if (output.data.size() > place.byte_size)
    return internal_error(
        "shared memory size specified with the request for output '{}' ({} bytes) should be at least {} "
        "bytes to hold the results",
        output.name, place.byte_size, output.data.size());
  ASSIGN_OR_RETURN(const MappedBytes mapped, memory.resolve(place));
  if (!output.data.empty()) std::memcpy(mapped.bytes.data(), output.data.data(), output.data.size());
  output.data = {};
  return {};
}

}  // namespace

Result<std::vector<WantedOutput>> wanted_outputs(const wire::InferRequest& request,
                                                 const SharedMemory& memory) {
  std::vector<WantedOutput> wanted;
  wanted.reserve(request.outputs.size());
  for (const wire::RequestedOutput& output : request.outputs) {
    wanted.push_back({output.name, output.classification, output.shared_memory});
    if (!output.shared_memory) continue;
    RETURN_IF_ERROR(memory.resolve(*output.shared_memory).status());
  }
  return wanted;
}

Result<Answer> finish(Answer answer, const ModelFacts& model, std::span<const WantedOutput> wanted) {
  if (wanted.empty()) return answer;
  std::vector<wire::OutputTensor> made = std::move(answer.response.outputs);
  answer.response.outputs.clear();
  for (const WantedOutput& want : wanted) {
    const auto found = std::ranges::find(made, want.name, &wire::OutputTensor::name);
    if (found == made.end()) continue;  // optional outputs of a model that makes them only sometimes
    wire::OutputTensor output = *found;
    if (want.classification > 0) RETURN_IF_ERROR(put_classes(model, want.classification, output, answer));
    if (want.memory) RETURN_IF_ERROR(put_into(*want.memory, *model.memory, output));
    answer.response.outputs.push_back(std::move(output));
  }
  return answer;
}

}  // namespace ridgeline::serve
