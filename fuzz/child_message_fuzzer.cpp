#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "serve/process/child_metrics.h"
#include "serve/process/messages.h"

namespace {

using namespace ridgeline;
using namespace ridgeline::serve;

constexpr uint64_t kArenaBytes = 1 << 12;

/// What a message says of tensors must be there: a sum touches each byte.
unsigned sum_of(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<unsigned>(byte);
  return sum;
}

ModelConfig model() {
  ModelConfig config;
  config.max_batch_size = 4;
  OutputConfig output;
  output.name = "OUT";
  output.dims = {1};
  output.reshape.emplace();
  config.outputs.push_back(output);
  return config;
}

void take_as_answers(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena) {
  static const ModelConfig config = model();
  Unpacker unpacker(body);
  const auto answers = take_answers(unpacker, config, arena);
  if (!answers.ok() && answers.status().message().empty()) std::abort();
  unsigned sum = 0;
  for (size_t i = 0; answers.ok() && i < answers->size(); ++i)
    if (const ModelAnswer& answer = (*answers)[i]; answer && answer->ok())
      for (const wire::OutputTensor& output : (*answer)->response.outputs) sum += sum_of(output.data);
  if (sum == 1) return;  // as is looked at
}

void take_as_call(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena) {
  const auto call = take_call(body, arena);
  if (!call.ok() && call.status().message().empty()) std::abort();
  unsigned sum = 0;
  for (size_t i = 0; call.ok() && i < call->request.inputs.size(); ++i)
    sum += sum_of(call->request.inputs[i].data);
  if (sum == 1) return;
}

void take_as_load(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena) {
  const auto load = take_load(body, arena);
  if (!load.ok() && load.status().message().empty()) std::abort();
  size_t bytes = 0;
  if (load.ok())
    for (const auto& [path, content] : load->request.files) bytes += content.size();
  if (bytes > kArenaBytes) std::abort();
}

}  // namespace

/// The first byte says what the rest is: a process's answers, its call of another model, messages about its
/// metrics, each behind a byte of its length, or a model that it wants loaded. Any bytes are taken or
/// refused; its arena holds them too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto body = std::as_bytes(std::span(data, size)).subspan(1);
  static const std::shared_ptr<Arena> arena = Arena::create(kArenaBytes).value();
  const std::span<std::byte> memory = *arena->at(0, kArenaBytes);
  std::memset(memory.data(), 0, memory.size());
  if (!body.empty()) std::memcpy(memory.data(), body.data(), std::min(body.size(), memory.size()));
  switch (data[0] % 4) {
    case 0:
      take_as_answers(body, arena);
      break;
    case 1:
      take_as_call(body, arena);
      break;
    case 3:
      take_as_load(body, arena);
      break;
    default: {
      CustomMetrics all;
      ChildMetrics metrics;
      for (auto rest = body; !rest.empty();) {
        const size_t length = std::min(static_cast<size_t>(rest.front()), rest.size() - 1);
        Unpacker unpacker(rest.subspan(1, length));
        (void)metrics.take(unpacker, all);
        rest = rest.subspan(1 + length);
      }
      (void)all.text();
    }
  }
  return 0;
}
