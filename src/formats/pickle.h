#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ridgeline::formats {

/// What a pickle describes, as plain data: calls stay descriptions of calls. Values refer to each other by
/// index, so that shared and cyclic ones are harmless.
struct Pickle {
  using Id = uint32_t;
  static constexpr Id kNoState = UINT32_MAX;

  enum class Kind : uint8_t {
    kNone,     ///< also what no reader of ours looks at, such as integers of more than 64 bits
    kBool,     ///< integer
    kInt,      ///< integer
    kFloat,    ///< not kept
    kText,     ///< text
    kBytes,    ///< text
    kTuple,    ///< items
    kList,     ///< items
    kSet,      ///< items
    kDict,     ///< items: key, value, key, value …; state where the dict has attributes
    kGlobal,   ///< text: "torch._utils._rebuild_tensor_v2"
    kObject,   ///< a global called with items; text names it; state where the object was given one
    kStorage,  ///< a persistent id; items: the id's tuple
  };

  struct Value {
    Kind kind = Kind::kNone;
    int64_t integer = 0;
    std::string text;
    std::vector<Id> items;
    Id state = kNoState;
  };

  std::vector<Value> values;
  Id root = 0;

  const Value& operator[](Id id) const { return values[id]; }
  /// The value behind a text key of a dict, the last one where there are several; null when there is none.
  const Value* find(const Value& dict, std::string_view key) const;
};

/// Reads protocols 2 to 5 without ever calling anything. Only opcodes that plain data and tensors need are
/// known, and only globals that `allows`: others are refused by name (kUnsupported). kInvalidArgument for
/// what is broken or absurdly large. Errors tell the byte.
Result<Pickle> parse_pickle(std::string_view bytes, const std::function<bool(std::string_view)>& allows);

}  // namespace ridgeline::formats
