#include "serve/core/warmup.h"

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "base/rng.h"
#include "serve/core/filler.h"

namespace ridgeline::serve {
namespace {

constexpr uint64_t kSeed = 1;  // the same warm-up at every start

Result<std::vector<std::byte>> data_of(const WarmupInput& input, const Shape& shape,
                                       const std::string& model_path) {
  ASSIGN_OR_RETURN(std::vector<std::byte> bytes, zero_bytes(*input.datatype, shape));
  if (input.data == WarmupData::kRandom && *input.datatype != DType::kString) {
    Rng random(kSeed);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random.next()); });
  }
  if (input.data != WarmupData::kFile) return bytes;
  const std::string file = model_path + "/warmup/" + input.file;
  ASSIGN_OR_RETURN(const std::string content, read_file(file));
  if (*input.datatype != DType::kString && content.size() != bytes.size())
    return invalid_argument("{}: has {} bytes, but the input's shape needs {}", file, content.size(),
                            bytes.size());
  bytes.resize(content.size());
  if (!content.empty()) std::memcpy(bytes.data(), content.data(), content.size());
  return bytes;
}

}  // namespace

Result<std::vector<WarmupRequest>> warmup_requests(const ModelConfig& config, const std::string& model_path) {
  std::vector<WarmupRequest> requests;
  for (const Warmup& warmup : config.warmups) {
    const int64_t rows = config.max_batch_size > 0 ? std::max<int64_t>(1, warmup.batch_size) : 1;
    WarmupRequest& made = requests.emplace_back();
    made = {.name = warmup.name,
            .request = {.model = config.name},
            .rows = rows,
            .count = std::max<uint32_t>(1, warmup.count)};
    for (const auto& [name, input] : warmup.inputs) {
      if (!input.datatype)
        return invalid_argument("model_warmup '{}': input '{}' has no data_type", warmup.name, name);
      Shape shape(input.dims);
      if (config.max_batch_size > 0) shape.dims().insert(shape.dims().begin(), rows);
      Result<std::vector<std::byte>> bytes = data_of(input, shape, model_path);
      if (!bytes.ok())
        return bytes.status().with_context(fmt::format("model_warmup '{}', input '{}'", warmup.name, name));
      const auto data = wire::keep(std::move(bytes).value(), made.request);
      made.request.inputs.push_back(
          {.name = name, .datatype = *input.datatype, .shape = std::move(shape), .data = data});
    }
  }
  return requests;
}

Status warm_up(Instance& instance, std::span<const WarmupRequest> requests) {
  for (const WarmupRequest& warmup : requests)
    for (uint32_t i = 0; i < warmup.count; ++i) {
      const auto job = std::make_shared<FillerJob>(warmup.request, warmup.rows);
      const std::shared_ptr<Job> batch = job;
      instance.execute({&batch, 1});
      if (!job->failure().ok())
        return Status(job->failure()).with_context(fmt::format("model_warmup '{}'", warmup.name));
    }
  return {};
}

}  // namespace ridgeline::serve
