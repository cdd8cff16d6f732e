#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "formats/safetensors.h"
#include "formats/state_dict.h"
#include "formats/torch_archive.h"
#include "formats/weights.h"
#include "formats/zip.h"

namespace {

using ridgeline::Result;
using ridgeline::formats::parse_state_dict;
using ridgeline::formats::StateDict;

/// Elements are really there: a sum touches each byte of every tensor.
unsigned sum_of(const StateDict& weights) {
  unsigned sum = 0;
  for (const auto& [name, tensor] : weights.tensors)
    for (size_t at = 0; at < tensor.byte_size(); ++at) sum += static_cast<unsigned>(tensor.data()[at]);
  return sum;
}

void expect_same(const Result<std::string>& written, const StateDict& weights) {
  if (!written.ok()) return;
  const Result<StateDict> again = parse_state_dict(*written, "again");
  if (!again.ok() || sum_of(*again) != sum_of(weights)) std::abort();
}

/// A lone pickle gets the archive around it that PyTorch would give it, with checksums that no mutation
/// breaks.
std::string file_of(std::string bytes) {
  constexpr char kPickle = '\x80';
  if (bytes.empty() || bytes.front() != kPickle) return bytes;
  ridgeline::formats::ZipWriter zip;
  zip.add("a/data.pkl", bytes);
  zip.add("a/constants.pkl", "");
  for (const char* key : {"0", "1", "2"}) zip.add(std::string("a/data/") + key, std::string(256, '\x3f'));
  return zip.finish().value();
}

}  // namespace

/// Any bytes are weights or a clear refusal; what is written of them reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<StateDict> weights =
      parse_state_dict(file_of({reinterpret_cast<const char*>(data), size}), "fuzz");
  if (!weights.ok()) {
    const std::string message = weights.status().message();
    if (!message.starts_with("fuzz: ") || message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  expect_same(ridgeline::formats::to_safetensors(*weights), *weights);
  expect_same(ridgeline::formats::to_torch_archive(*weights), *weights);
  if (ridgeline::formats::graph_of(*weights, "fuzz").ok()) std::abort();  // no input is as large as a model
  return 0;
}
