#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/signature.h"

/// The bodies of answers about the server, its models and its shared memory.
namespace ridgeline::wire::http {

/// GET v2.
std::string encode_server_metadata(std::string_view name, std::string_view version,
                                   std::span<const std::string_view> extensions);

/// GET v2/models/MODEL. `platform` is the backend's name where a configuration has no platform.
std::string encode_model_metadata(const ModelSignature& signature, std::span<const std::string> versions,
                                  std::string_view platform);

/// One version of a model, or a model that has none: version, state and reason are empty then.
struct IndexEntry {
  std::string name;
  std::string version;
  std::string state;  ///< READY, UNAVAILABLE, LOADING, UNLOADING or UNKNOWN
  std::string reason;
};
/// POST v2/repository/index.
std::string encode_repository_index(std::span<const IndexEntry> entries);

struct SystemRegion {
  std::string name;
  std::string key;
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};
/// GET v2/systemsharedmemory[/region/NAME]/status, and the same of cudasharedmemory where there are no
/// regions.
std::string encode_system_shared_memory(std::span<const SystemRegion> regions);

}  // namespace ridgeline::wire::http
