#include "wire/http/metadata.h"

#include "wire/datatype.h"
#include "wire/http/json_writer.h"

namespace ridgeline::wire::http {
namespace {

void write_tensors(JsonWriter& json, std::string_view key, const ModelSignature& signature,
                   const std::vector<TensorSignature>& tensors) {
  json.key(key);
  json.StartArray();
  for (const TensorSignature& tensor : tensors) {
    json.StartObject();
    json.member("name", tensor.name);
    json.member("datatype", datatype_name(tensor.datatype));
    json.key("shape");
    json.shape(signature.full_shape(tensor));
    json.EndObject();
  }
  json.EndArray();
}

/// A list of objects, one for each entry.
template <typename Entry, typename Write>
std::string encode_list(std::span<const Entry> entries, Write write_members) {
  JsonWriter json;
  json.StartArray();
  for (const Entry& entry : entries) {
    json.StartObject();
    json.member("name", entry.name);
    write_members(json, entry);
    json.EndObject();
  }
  json.EndArray();
  return json.take();
}

void write_number(JsonWriter& json, std::string_view key, uint64_t value) {
  json.key(key);
  json.Uint64(value);
}

}  // namespace

std::string encode_server_metadata(std::string_view name, std::string_view version,
                                   std::span<const std::string_view> extensions) {
  JsonWriter json;
  json.StartObject();
  json.member("name", name);
  json.member("version", version);
  json.key("extensions");
  json.StartArray();
  for (const std::string_view extension : extensions) json.text(extension);
  json.EndArray();
  json.EndObject();
  return json.take();
}

std::string encode_model_metadata(const ModelSignature& signature, std::span<const std::string> versions,
                                  std::string_view platform) {
  JsonWriter json;
  json.StartObject();
  json.member("name", signature.name);
  json.key("versions");
  json.StartArray();
  for (const std::string& version : versions) json.text(version);
  json.EndArray();
  json.member("platform", platform);
  write_tensors(json, "inputs", signature, signature.inputs);
  write_tensors(json, "outputs", signature, signature.outputs);
  json.EndObject();
  return json.take();
}

std::string encode_repository_index(std::span<const IndexEntry> entries) {
  return encode_list(entries, [](JsonWriter& json, const IndexEntry& entry) {
    if (!entry.version.empty()) json.member("version", entry.version);
    if (!entry.state.empty()) json.member("state", entry.state);
    if (!entry.reason.empty()) json.member("reason", entry.reason);
  });
}

std::string encode_system_shared_memory(std::span<const SystemRegion> regions) {
  return encode_list(regions, [](JsonWriter& json, const SystemRegion& region) {
    json.member("key", region.key);
    write_number(json, "offset", region.offset);
    write_number(json, "byte_size", region.byte_size);
  });
}

}  // namespace ridgeline::wire::http
