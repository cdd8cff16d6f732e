#pragma once

#include <optional>
#include <rapidjson/document.h>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "wire/http/tensor_data.h"

/// The JSON of requests: only the room's sources include this.
namespace ridgeline::wire::http {

using JsonPool = rapidjson::MemoryPoolAllocator<>;
using JsonValue = rapidjson::GenericValue<rapidjson::UTF8<>, JsonPool>;

/// Lists and objects may be nested this deep, as in Triton.
inline constexpr size_t kMostNesting = 100;
/// Values that a document may hold outside tensor data: no request needs more, and each costs 16 bytes or
/// more.
inline constexpr size_t kMostValues = 1 << 16;

/// Where in a document the lists lie that hold the elements of tensors. They go straight into tensors' bytes,
/// and stand as an opaque list in the document.
enum class TensorLists {
  kNone,
  kOfInputs,   ///< {"inputs": [{"data": HERE}]}
  kOfMembers,  ///< {"NAME": HERE, "NAME": {"NAME": HERE}}
};

/// A parsed document. Strings are copied; the text is needed only for tensors() and until then must stay.
class JsonDocument {
 public:
  JsonDocument() : pool_(pool_memory_, sizeof(pool_memory_)), document_(&pool_, kStackBytes) {}
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// NaN, Infinity and -Infinity are numbers. kInternal, as in Triton, with the parser's reason and the byte
  /// for text that is no JSON; kInvalidArgument for a document too deep or too large.
  Status parse(std::string_view text, TensorLists lists);

  const JsonValue& root() const { return document_; }
  /// The elements of a tensor list, as values of `dtype`. Once for each list.
  TensorDataReader tensor(const JsonValue& list, DType dtype);

 private:
  friend class JsonHandler;
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, JsonPool>;
  struct List {
    size_t begin = 0;  ///< in the text
    size_t end = 0;
    std::optional<TensorDataReader> reader;  ///< none where the datatype came after the data, or not at all
  };
  static constexpr size_t kStackBytes = 1024;

  alignas(16) char pool_memory_[4096];
  JsonPool pool_;
  Document document_;
  std::string_view text_;
  std::vector<List> lists_;
};

/// The member of that name; nullptr when there is none or `value` is no object.
const JsonValue* member(const JsonValue& value, std::string_view name);

/// The value as that kind. kInternal, in Triton's words, otherwise: "Unable to DOING 'NAME': …", or the
/// reason alone where the name is empty.
struct JsonField {
  std::string_view name;
  std::string_view doing = "parse";

  Result<std::string_view> text(const JsonValue& value) const;
  Result<uint64_t> natural(const JsonValue& value) const;
  Result<bool> boolean(const JsonValue& value) const;
  /// The same of a member of `object` that has to be there.
  Result<std::string_view> text_in(const JsonValue& object) const;
  Result<const JsonValue*> list_in(const JsonValue& object) const;

 private:
  Status refuse(std::string_view why) const;
  Result<const JsonValue*> member_of(const JsonValue& object) const;
};

inline std::string_view text_of(const JsonValue& string) {
  return {string.GetString(), string.GetStringLength()};
}

}  // namespace ridgeline::wire::http
