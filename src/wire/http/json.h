#pragma once

#include <bit>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "wire/http/tensor_data.h"

/// The JSON of requests: only the room's sources include this.
namespace ridgeline::wire::http {

/// Lists and objects may be nested this deep, as in Triton.
inline constexpr size_t kMostNesting = 100;
/// Values that a document may hold outside tensor data: no request needs more, and each costs 32 bytes.
inline constexpr size_t kMostValues = 1 << 16;

/// A value of a JsonDocument, which keeps all of them in a row: a list's or object's are those behind it.
class JsonValue {
 public:
  enum class Kind : uint8_t { kNull, kBoolean, kNatural, kNegative, kReal, kText, kList, kObject };

  bool is(Kind kind) const { return kind_ == kind; }
  bool is_integer() const { return is(Kind::kNegative) || (is(Kind::kNatural) && bits_ >> 63 == 0); }

  // Each only of a value of that kind.
  bool boolean() const { return bits_ != 0; }
  uint64_t natural() const { return bits_; }
  int64_t integer() const { return static_cast<int64_t>(bits_); }
  double real() const { return std::bit_cast<double>(bits_); }
  std::string_view text() const { return {text_, bits_}; }

  class Elements;
  class Members;
  size_t size() const { return bits_; }  ///< of a list or object
  Elements elements() const;
  Members members() const;

 private:
  friend class JsonDocument;
  const JsonValue* behind() const { return this + row_; }

  Kind kind_ = Kind::kNull;
  uint32_t row_ = 1;  ///< values from this one to the next that is not inside it
  uint64_t bits_ = 0;
  const char* text_ = nullptr;
};

class JsonValue::Elements {
 public:
  struct Iterator {
    const JsonValue* at;
    const JsonValue& operator*() const { return *at; }
    Iterator& operator++() { return at = at->behind(), *this; }
    bool operator==(const Iterator&) const = default;
  };
  explicit Elements(const JsonValue& list) : list_(list) {}
  Iterator begin() const { return {&list_ + 1}; }
  Iterator end() const { return {list_.behind()}; }

 private:
  const JsonValue& list_;
};

/// Pairs of name and value.
class JsonValue::Members {
 public:
  struct Iterator {
    const JsonValue* name;
    std::pair<std::string_view, const JsonValue&> operator*() const { return {name->text(), name[1]}; }
    Iterator& operator++() { return name = name[1].behind(), *this; }
    bool operator==(const Iterator&) const = default;
  };
  explicit Members(const JsonValue& object) : object_(object) {}
  Iterator begin() const { return {&object_ + 1}; }
  Iterator end() const { return {object_.behind()}; }

 private:
  const JsonValue& object_;
};

inline JsonValue::Elements JsonValue::elements() const { return Elements(*this); }
inline JsonValue::Members JsonValue::members() const { return Members(*this); }

/// Where in a document the lists lie that hold the elements of tensors. They go straight into tensors' bytes,
/// and stand as an opaque list in the document.
enum class TensorLists {
  kNone,
  kOfInputs,   ///< {"inputs": [{"data": HERE}]}
  kOfMembers,  ///< {"NAME": HERE, "NAME": {"NAME": HERE}}
};

/// A parsed document. Strings are copied; the text is needed only for tensor() and until then must stay.
class JsonDocument {
 public:
  JsonDocument() = default;
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  /// NaN, Infinity and -Infinity are numbers. kInternal, as in Triton, with the parser's reason and the byte
  /// for text that is no JSON; kInvalidArgument for a document too deep or too large.
  Status parse(std::string_view text, TensorLists lists);

  /// Null where nothing was parsed.
  const JsonValue& root() const { return values_.empty() ? null_ : values_.front(); }
  /// The elements of a tensor list, as values of `dtype`. Once for each list.
  TensorDataReader tensor(const JsonValue& list, DType dtype);

 private:
  friend class JsonHandler;
  struct List {
    size_t begin = 0;  ///< in the text
    size_t end = 0;
    std::optional<TensorDataReader> reader;  ///< none where the datatype came after the data, or not at all
  };

  void add(JsonValue::Kind kind, uint64_t bits);
  void add_text(std::string_view text);
  /// A list or object is open until close() says how many elements or members it has.
  void open(JsonValue::Kind kind);
  void close(size_t size);

  JsonValue null_;
  std::vector<JsonValue> values_;
  std::vector<uint32_t> open_;
  alignas(16) std::byte text_memory_[2048];
  std::pmr::monotonic_buffer_resource texts_{text_memory_, sizeof(text_memory_)};
  std::string_view text_;
  std::vector<List> lists_;
};

}  // namespace ridgeline::wire::http
