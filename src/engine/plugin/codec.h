#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/engine.h"
#include "engine/plugin_abi.h"

namespace ridgeline::plugin {

/// The two sides of the plugin interface write and read what crosses it through these. Decoders answer
/// kInternal with the field that is wrong: a document that does not parse is a broken promise of the other
/// side.
Json to_json(const Capabilities& capabilities);
std::string encode(const Capabilities& capabilities);
Result<Capabilities> decode_capabilities(std::string_view text);
std::string encode(const SessionOptions& options);
Result<SessionOptions> decode_options(std::string_view text);
std::string encode(const Signature& signature);
Result<Signature> decode_signature(std::string_view text);
std::string encode(std::span<const OpTime> ops);
Result<std::vector<OpTime>> decode_op_times(std::string_view text);
std::string encode(const std::map<std::string, int64_t>& dimensions);
Result<std::map<std::string, int64_t>> decode_dimensions(std::string_view text);
std::string encode(const MemoryUse& memory);
Result<MemoryUse> decode_memory(std::string_view text);

/// Views the same memory. Allocates nothing when `to` has held a shape of that rank before.
void encode(const TensorView& from, RidgelineTensor& to);
void decode(const RidgelineTensor& from, TensorView& to);

/// `text` on one line of bounded length: libraries' messages come with source paths and stack traces below.
std::string one_line(std::string_view text);

/// Status codes as the interface numbers them; an unknown number reads as kInternal.
int32_t code_of(const Status& status);
Status decode_status(const RidgelineStatus& status);

}  // namespace ridgeline::plugin
