#include "engine/plugin/codec.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace ridgeline::plugin {

namespace {

/// Names come from models and may be any bytes: what is not UTF-8 is replaced rather than refused.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Parses and reads a document; nlohmann's exceptions end here.
template <typename Read>
auto decode_document(std::string_view text, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<const Json&>()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& error) {
    return internal_error("{} from the other side of the plugin door: {}", what, error.what());
  }
}

template <typename Enum>
Enum known(std::optional<Enum> value, const std::string& name) {
  if (!value) throw std::invalid_argument("unknown name '" + name + "'");
  return *value;
}

Json to_json(const std::vector<Precision>& precisions) {
  Json names = Json::array();
  for (const Precision precision : precisions) names.push_back(name_of(precision));
  return names;
}

std::vector<Precision> precisions_from(const Json& names) {
  std::vector<Precision> precisions;
  for (const std::string name : names) precisions.push_back(known(precision_from_name(name), name));
  return precisions;
}

Json to_json(const std::vector<ValueInfo>& values) {
  Json list = Json::array();
  for (const ValueInfo& value : values) {
    Json entry = {{"name", value.name}, {"dtype", name_of(value.type.dtype)}, {"shape", nullptr}};
    if (value.type.shape) entry["shape"] = value.type.shape->dims();
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<ValueInfo> values_from(const Json& list) {
  std::vector<ValueInfo> values;
  for (const Json& entry : list) {
    ValueInfo value;
    value.name = entry.at("name").get<std::string>();
    const std::string dtype = entry.at("dtype");
    value.type.dtype = known(dtype_from_name(dtype), dtype);
    const Json& shape = entry.at("shape");
    if (!shape.is_null()) value.type.shape = Shape(shape.get<std::vector<int64_t>>());
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Json to_json(const Capabilities& capabilities) {
  Json devices = Json::array();
  for (const DeviceSupport& device : capabilities.devices) {
    devices.push_back({{"device", device.device},
                       {"available", device.available},
                       {"reason", device.reason},
                       {"precisions", to_json(device.precisions)},
                       {"needs_converted", to_json(device.needs_converted)}});
  }
  return {{"available", capabilities.available}, {"reason", capabilities.reason}, {"devices", devices}};
}

std::string encode(const Capabilities& capabilities) { return dump(to_json(capabilities)); }

Result<Capabilities> decode_capabilities(std::string_view text) {
  return decode_document(text, "capabilities", [](const Json& json) {
    Capabilities capabilities;
    capabilities.available = json.at("available");
    capabilities.reason = json.at("reason");
    for (const Json& entry : json.at("devices")) {
      capabilities.devices.push_back({.device = entry.at("device"),
                                      .available = entry.at("available"),
                                      .reason = entry.at("reason"),
                                      .precisions = precisions_from(entry.at("precisions")),
                                      .needs_converted = precisions_from(entry.at("needs_converted"))});
    }
    return capabilities;
  });
}

std::string encode(const SessionOptions& options) {
  Json shapes = Json::object();
  for (const auto& [name, shape] : options.input_shapes) shapes[name] = shape.dims();
  return dump({{"precision", name_of(options.precision)},
               {"device", options.device},
               {"threads", options.threads},
               {"mode", name_of(options.mode)},
               {"input_shapes", shapes}});
}

Result<SessionOptions> decode_options(std::string_view text) {
  return decode_document(text, "session options", [](const Json& json) {
    SessionOptions options;
    const std::string precision = json.at("precision");
    options.precision = known(precision_from_name(precision), precision);
    options.device = json.at("device");
    options.threads = json.at("threads");
    const std::string mode = json.at("mode");
    options.mode = known(threading_mode_from_name(mode), mode);
    for (const auto& [name, dims] : json.at("input_shapes").items()) {
      options.input_shapes.emplace(name, Shape(dims.get<std::vector<int64_t>>()));
    }
    return options;
  });
}

std::string encode(const Signature& signature) {
  return dump({{"inputs", to_json(signature.inputs)}, {"outputs", to_json(signature.outputs)}});
}

Result<Signature> decode_signature(std::string_view text) {
  return decode_document(text, "signature", [](const Json& json) {
    return Signature{.inputs = values_from(json.at("inputs")), .outputs = values_from(json.at("outputs"))};
  });
}

std::string encode(std::span<const OpTime> ops) {
  Json list = Json::array();
  for (const OpTime& op : ops) {
    list.push_back({{"name", op.name}, {"op", op.op}, {"kernel", op.kernel}, {"mean_us", op.mean_us}});
  }
  return dump(list);
}

Result<std::vector<OpTime>> decode_op_times(std::string_view text) {
  return decode_document(text, "profile", [](const Json& json) {
    std::vector<OpTime> ops;
    for (const Json& entry : json) {
      ops.push_back({.name = entry.at("name"),
                     .op = entry.at("op"),
                     .kernel = entry.at("kernel"),
                     .mean_us = entry.at("mean_us")});
    }
    return ops;
  });
}

std::string encode(const std::map<std::string, int64_t>& dimensions) { return dump(Json(dimensions)); }

Result<std::map<std::string, int64_t>> decode_dimensions(std::string_view text) {
  return decode_document(text, "dimensions",
                         [](const Json& json) { return json.get<std::map<std::string, int64_t>>(); });
}

std::string encode(const MemoryUse& memory) {
  return dump({{"weights_bytes", memory.weights_bytes},
               {"shared_bytes", memory.shared_bytes},
               {"arena_bytes", memory.arena_bytes}});
}

Result<MemoryUse> decode_memory(std::string_view text) {
  return decode_document(text, "memory use", [](const Json& json) {
    return MemoryUse{.weights_bytes = json.at("weights_bytes"),
                     .shared_bytes = json.value("shared_bytes", int64_t{0}),
                     .arena_bytes = json.at("arena_bytes")};
  });
}

void encode(const TensorView& from, RidgelineTensor& to) {
  to.dtype = static_cast<int32_t>(from.dtype);
  to.rank = static_cast<int32_t>(std::min<size_t>(from.shape.rank(), RIDGELINE_MAX_RANK));
  std::copy_n(from.shape.begin(), to.rank, to.dims);
  to.data = from.data;
  to.byte_size = from.shape.is_static() ? from.byte_size() : 0;
}

void decode(const RidgelineTensor& from, TensorView& to) {
  to.dtype = static_cast<DType>(from.dtype);
  to.shape.dims().assign(from.dims, from.dims + from.rank);
  to.data = static_cast<std::byte*>(from.data);
}

std::string one_line(std::string_view text) {
  constexpr size_t kMaxLength = 400;
  std::string line;
  for (const char character : text) {
    const bool is_space = std::isspace(static_cast<unsigned char>(character)) != 0;
    if (is_space && (line.empty() || line.back() == ' ')) continue;
    line += is_space ? ' ' : character;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() > kMaxLength) line = line.substr(0, kMaxLength) + " …";
  return line;
}

int32_t code_of(const Status& status) { return status.ok() ? 0 : 1 + static_cast<int32_t>(status.code()); }

Status decode_status(const RidgelineStatus& status) {
  if (status.code == 0) return {};
  const std::string message = status.message != nullptr ? status.message : "the plugin gave no reason";
  const int32_t code = status.code - 1;
  const bool is_known = code >= 0 && code <= static_cast<int32_t>(ErrorCode::kInternal);
  return {is_known ? static_cast<ErrorCode>(code) : ErrorCode::kInternal, message};
}

}  // namespace ridgeline::plugin
