#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_set>

#include "base/json.h"
#include "formats/name_check.h"
#include "formats/tensor_bytes.h"

namespace ridgeline::formats {
namespace {

// The format: https://github.com/huggingface/safetensors. Eight bytes hold the length of the header, a JSON
// object of tensors; their elements follow, row-major and little-endian.
constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = uint64_t{1} << 25;
constexpr int kMaxHeaderDepth = 4;
constexpr const char* kMetadata = "__metadata__";
/// Of the first element, so that a mapped file's tensors lie as ours must.
constexpr size_t kDataAlignment = 64;

struct TypeRow {
  std::string_view name;
  DType dtype;
};
constexpr std::array kTypes = {
    TypeRow{"F32", DType::kF32},  TypeRow{"F16", DType::kF16}, TypeRow{"BF16", DType::kBF16},
    TypeRow{"F64", DType::kF64},  TypeRow{"I8", DType::kI8},   TypeRow{"U8", DType::kU8},
    TypeRow{"I16", DType::kI16},  TypeRow{"U16", DType::kU16}, TypeRow{"I32", DType::kI32},
    TypeRow{"U32", DType::kU32},  TypeRow{"I64", DType::kI64}, TypeRow{"U64", DType::kU64},
    TypeRow{"BOOL", DType::kBool}};

uint64_t header_bytes(std::span<const std::byte> bytes) {
  uint64_t length = 0;
  if (bytes.size() >= kLengthBytes) std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

/// The header, with the names in the file's order. A name that occurs twice, or nesting that the format does
/// not have, is refused while it is read.
struct Header {
  nlohmann::json entries;
  std::vector<std::string> names;
};
Result<Header> parse_header(std::string_view text) {
  Header header;
  std::unordered_set<std::string> seen;
  Status problem;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (depth > kMaxHeaderDepth && problem.ok()) problem = invalid_argument("the header is nested too deep");
    if (event == nlohmann::json::parse_event_t::key && depth == 1 && problem.ok()) {
      header.names.push_back(parsed.get<std::string>());
      if (!seen.insert(header.names.back()).second)
        problem = invalid_argument("tensor '{}' occurs twice", header.names.back());
    }
    return problem.ok();
  };
  try {
    header.entries = nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception&) {
    return invalid_argument("the header is not valid JSON: the file is damaged, get it again");
  }
  RETURN_IF_ERROR(std::move(problem));
  if (!header.entries.is_object()) return invalid_argument("the header is not a JSON object");
  return header;
}

struct Placement {
  DType dtype;
  Shape shape;
  uint64_t begin, end;  ///< bytes from the end of the header
};

const nlohmann::json* member(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<std::vector<uint64_t>> numbers(const nlohmann::json& entry, const char* field) {
  const nlohmann::json* list = member(entry, field);
  if (list == nullptr || !list->is_array()) return invalid_argument("{} is not a list", field);
  std::vector<uint64_t> values;
  for (const nlohmann::json& value : *list) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > uint64_t{INT64_MAX})
      return invalid_argument("{} holds something other than whole numbers from 0", field);
    values.push_back(value.get<uint64_t>());
  }
  return values;
}

Result<DType> element_type(const nlohmann::json& entry) {
  const nlohmann::json* name = member(entry, "dtype");
  if (name == nullptr || !name->is_string()) return invalid_argument("dtype is not a text");
  for (const TypeRow& row : kTypes)
    if (*name == row.name) return row.dtype;
  return unsupported("elements of type {} are not supported: convert them to F32, F16 or BF16 first",
                     name->get<std::string>());
}

Result<Placement> placement_of(const nlohmann::json& entry, uint64_t data_bytes) {
  if (!entry.is_object()) return invalid_argument("the header's entry is not an object");
  ASSIGN_OR_RETURN(const DType dtype, element_type(entry));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> dims, numbers(entry, "shape"));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> offsets, numbers(entry, "data_offsets"));
  if (offsets.size() != 2) return invalid_argument("data_offsets has {} numbers, not 2", offsets.size());
  Placement place{dtype, Shape(std::vector<int64_t>(dims.begin(), dims.end())), offsets[0], offsets[1]};
  RETURN_IF_ERROR(check_dims(place.shape));
  if (place.begin > place.end || place.end > data_bytes)
    return invalid_argument("bytes {} to {} are asked for, but the file holds {}: it is cut short or damaged",
                            place.begin, place.end, data_bytes);
  const uint64_t wanted = static_cast<uint64_t>(place.shape.element_count()) * size_of(dtype);
  if (place.end - place.begin != wanted)
    return invalid_argument("a shape of {} of {} takes {} bytes, but data_offsets span {}",
                            place.shape.to_string(), name_of(dtype), wanted, place.end - place.begin);
  return place;
}

Result<std::map<std::string, std::string>> metadata_of(const nlohmann::json& entry) {
  if (!entry.is_object()) return invalid_argument("{} is not an object of texts", kMetadata);
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) return invalid_argument("{}: '{}' is not a text", kMetadata, key);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// Every byte belongs to one tensor: what hides between them is never loaded, so it is no part of a model.
Status check_cover(std::vector<std::pair<uint64_t, uint64_t>> ranges, uint64_t data_bytes) {
  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered)
      return invalid_argument("tensors {} at byte {} of the data: the file is damaged, get it again",
                              begin < covered ? "overlap" : "leave a hole", std::min(begin, covered));
    covered = end;
  }
  if (covered != data_bytes)
    return invalid_argument("{} bytes follow the last tensor: the file is damaged, get it again",
                            data_bytes - covered);
  return {};
}

/// Elements of the larger types first, each type in the dict's order: all lie aligned, as readers like them.
std::vector<size_t> by_element_size(const StateDict& weights) {
  std::vector<size_t> order(weights.tensors.size());
  for (size_t index = 0; index < order.size(); ++index) order[index] = index;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const size_t a_bytes = size_of(weights.tensors[a].second.dtype());
    const size_t b_bytes = size_of(weights.tensors[b].second.dtype());
    return std::tie(b_bytes, a) < std::tie(a_bytes, b);
  });
  return order;
}

Result<std::string_view> type_name(const Tensor& tensor) {
  for (const TypeRow& row : kTypes)
    if (row.dtype == tensor.dtype()) return row.name;
  return unsupported("safetensors hold no {} tensors", name_of(tensor.dtype()));
}

Result<std::string> header_of(const StateDict& weights, const std::vector<size_t>& order) {
  Json header = Json::object();
  if (!weights.metadata.empty()) header[kMetadata] = weights.metadata;
  std::vector<uint64_t> offsets(order.size());
  uint64_t next = 0;
  for (const size_t index : order) {
    offsets[index] = next;
    next += weights.tensors[index].second.byte_size();
  }
  std::unordered_set<std::string_view> seen = {kMetadata};
  for (size_t index = 0; index < weights.tensors.size(); ++index) {
    const auto& [name, tensor] = weights.tensors[index];
    if (!seen.insert(name).second) return invalid_argument("tensor '{}' occurs twice", name);
    ASSIGN_OR_RETURN(const std::string_view type, type_name(tensor));
    header.push_back({name, Json{{"dtype", type},
                                 {"shape", tensor.shape().dims()},
                                 {"data_offsets", {offsets[index], offsets[index] + tensor.byte_size()}}}});
  }
  try {
    return header.dump();
  } catch (const Json::exception&) {
    return invalid_argument("a tensor's name or the metadata is not UTF-8");
  }
}

}  // namespace

bool is_safetensors(std::span<const std::byte> bytes) {
  const uint64_t length = header_bytes(bytes);
  return bytes.size() > kLengthBytes && bytes[kLengthBytes] == std::byte{'{'} && length <= uint64_t{1} << 40;
}

Result<StateDict> read_safetensors(const MappedBytes& file) {
  const uint64_t length = header_bytes(file.bytes);
  const uint64_t rest = file.bytes.size() - kLengthBytes;
  if (length > rest)
    return invalid_argument(
        "the header has {} bytes, but only {} follow: the file is cut short, get it again", length, rest);
  if (length > kMaxHeaderBytes) return unsupported("a header of {} bytes is too large", length);
  const auto header_text = file.bytes.subspan(kLengthBytes, length);
  ASSIGN_OR_RETURN(const Header header,
                   parse_header({reinterpret_cast<const char*>(header_text.data()), length}));
  const std::span<std::byte> data = file.bytes.subspan(kLengthBytes + length);

  StateDict weights;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const std::string& name : header.names) {
    const nlohmann::json& entry = header.entries[name];
    if (name == kMetadata) {
      ASSIGN_OR_RETURN(weights.metadata, metadata_of(entry));
      continue;
    }
    const Result<Placement> place = placement_of(entry, data.size());
    if (!place.ok()) return place.status().with_context(fmt::format("tensor '{}'", name));
    ranges.emplace_back(place->begin, place->end);
    const MappedBytes elements{data.subspan(place->begin, place->end - place->begin), file.keep_alive};
    ASSIGN_OR_RETURN(Tensor tensor, tensor_over(place->dtype, place->shape, elements));
    weights.tensors.emplace_back(name, std::move(tensor));
  }
  RETURN_IF_ERROR(check_cover(std::move(ranges), data.size()));
  return weights;
}

Result<std::string> to_safetensors(const StateDict& weights) {
  const std::vector<size_t> order = by_element_size(weights);
  ASSIGN_OR_RETURN(std::string header, header_of(weights, order));
  const size_t misaligned = (kLengthBytes + header.size()) % kDataAlignment;
  header.append(misaligned == 0 ? 0 : kDataAlignment - misaligned, ' ');
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), kLengthBytes);
  file += header;
  for (const size_t index : order) {
    const Tensor& tensor = weights.tensors[index].second;
    file.append(reinterpret_cast<const char*>(tensor.data()), tensor.byte_size());
  }
  return file;
}

}  // namespace ridgeline::formats
