#include "wire/http/json.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "wire/datatype.h"

namespace ridgeline::wire::http {
namespace {

// Numbers come as text, because RapidJSON 1.1 reads out of bounds for some exponents (CVE-2024-38517) and
// rounds wrongly; std::from_chars does neither.
constexpr unsigned kParseFlags = rapidjson::kParseNanAndInfFlag | rapidjson::kParseNumbersAsStringsFlag;

struct Number {
  enum class Kind { kNatural, kNegative, kReal } kind = Kind::kReal;
  uint64_t natural = 0;
  int64_t negative = 0;
  double real = 0;
};

void give(const Number& number, TensorDataReader& reader) {
  if (number.kind == Number::Kind::kNatural) return reader.natural(number.natural);
  if (number.kind == Number::Kind::kNegative) return reader.negative(number.negative);
  reader.real(number.real);
}

/// `text` is a number of JSON's grammar, or NaN or infinity. nullopt past the largest double or below the
/// smallest.
std::optional<Number> number_of(std::string_view text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  Number number;
  if (const auto natural = std::from_chars(begin, end, number.natural);
      natural.ec == std::errc() && natural.ptr == end) {
    number.kind = Number::Kind::kNatural;
    return number;
  }
  if (const auto negative = std::from_chars(begin, end, number.negative);
      negative.ec == std::errc() && negative.ptr == end) {
    number.kind = number.negative == 0 ? Number::Kind::kNatural : Number::Kind::kNegative;
    return number;
  }
  if (std::from_chars(begin, end, number.real).ec != std::errc()) return std::nullopt;
  return number;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RapidJSON's input stream over bytes that end without a NUL.
class Source {
 public:
  using Ch = char;

  explicit Source(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  // NOLINTBEGIN(readability-identifier-naming): the names that RapidJSON calls
  Ch Peek() const { return at_ == end_ ? '\0' : *at_; }
  Ch Take() { return at_ == end_ ? '\0' : *at_++; }
  size_t Tell() const { return static_cast<size_t>(at_ - begin_); }

  // Parsing in place is never asked for.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  size_t PutEnd(Ch*) { return 0; }
  // NOLINTEND(readability-identifier-naming)

  /// Takes the next numbers of a list, several times faster than RapidJSON: each that is followed by another.
  /// The last, and whatever is not plain JSON, is left to RapidJSON, which says what is wrong with it.
  void take_numbers(TensorDataReader& reader) {
    for (const char* begin = after_space(at_); begin != end_;) {
      const char* end = after_number(begin);
      if (end == nullptr) return;
      const char* comma = after_space(end);
      if (comma == end_ || *comma != ',') return;
      const char* next = after_space(comma + 1);
      if (next == end_ || (!is_digit(*next) && *next != '-')) return;
      const std::optional<Number> number = number_of({begin, end});
      if (!number) return;
      give(*number, reader);
      at_ = begin = next;
    }
  }

 private:
  const char* after_space(const char* at) const {
    while (at != end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
  }
  const char* after_digits(const char* at) const {
    while (at != end_ && is_digit(*at)) ++at;
    return at;
  }
  /// nullptr: no number of JSON's grammar starts there.
  const char* after_number(const char* at) const {
    if (at != end_ && *at == '-') ++at;
    const char* whole = at;
    at = after_digits(at);
    if (at == whole || (*whole == '0' && at - whole > 1)) return nullptr;
    if (at != end_ && *at == '.') {
      const char* fraction = ++at;
      at = after_digits(at);
      if (at == fraction) return nullptr;
    }
    if (at != end_ && (*at == 'e' || *at == 'E')) {
      ++at;
      if (at != end_ && (*at == '+' || *at == '-')) ++at;
      const char* exponent = at;
      at = after_digits(at);
      if (at == exponent) return nullptr;
    }
    return at;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace

/// Builds the document from RapidJSON's events, and tensors from those inside a tensor list.
class JsonHandler {
 public:
  JsonHandler(JsonDocument& document, Source& source, TensorLists lists)
      : document_(document), source_(source), lists_(lists) {}
  /// Only the elements of one list, which is the whole text.
  JsonHandler(JsonDocument& document, Source& source, TensorDataReader& reader)
      : document_(document), source_(source), lists_(TensorLists::kNone), list_depth_(1), reader_(&reader) {}

  const Status& refusal() const { return refusal_; }

  // NOLINTBEGIN(readability-identifier-naming): the names that RapidJSON calls
  bool Null() {
    if (!in_list()) return add(JsonValue::Kind::kNull, 0);
    return element([](TensorDataReader& reader) { reader.other(); });
  }
  bool Bool(bool value) {
    if (!in_list()) return add(JsonValue::Kind::kBoolean, value);
    return element([value](TensorDataReader& reader) { reader.boolean(value); });
  }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    std::optional<Number> number = number_of({text, length});
    // Only strtod says whether what is no double is too large or too small.
    if (!number) number = Number{.real = std::strtod(text, nullptr)};
    if (in_list()) return element([&number](TensorDataReader& reader) { give(*number, reader); });
    if (number->kind == Number::Kind::kNatural) return add(JsonValue::Kind::kNatural, number->natural);
    if (number->kind == Number::Kind::kNegative)
      return add(JsonValue::Kind::kNegative, static_cast<uint64_t>(number->negative));
    return add(JsonValue::Kind::kReal, std::bit_cast<uint64_t>(number->real));
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (in_list()) return element([&](TensorDataReader& reader) { reader.text({text, length}); });
    if (depth_ == kInputDepth && key_is_datatype_ && !datatype_)
      datatype_ = datatype_from_name({text, length});
    return add_text({text, length});
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (in_list()) return true;
    const std::string_view key(text, length);
    key_is_data_ = key == "data";
    key_is_datatype_ = key == "datatype";
    return add_text(key);
  }
  bool StartObject() {
    if (in_list()) {
      if (!enter()) return false;
      return ++objects_in_list_ > 1 || element_here([](TensorDataReader& reader) { reader.other(); });
    }
    if (!enter() || !counted()) return false;
    if (depth_ == kInputDepth) datatype_.reset();
    document_.open(JsonValue::Kind::kObject);
    return true;
  }
  bool EndObject(rapidjson::SizeType members) {
    --depth_;
    if (in_list())
      --objects_in_list_;
    else
      document_.close(members);
    return true;
  }
  bool StartArray() {
    const bool starts_list = !in_list() && is_tensor_list();
    if (!enter()) return false;
    if (!in_list()) {
      if (!counted()) return false;
      document_.open(JsonValue::Kind::kList);
    }
    if (starts_list) start_list();
    if (reader_ != nullptr && objects_in_list_ == 0) source_.take_numbers(*reader_);
    return true;
  }
  bool EndArray(rapidjson::SizeType elements) {
    const bool ends_list = in_list() && depth_ == list_depth_;
    --depth_;
    if (ends_list)
      end_list();
    else if (!in_list())
      document_.close(elements);
    return true;
  }

  // Numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  // NOLINTEND(readability-identifier-naming)

 private:
  static constexpr size_t kInputDepth = 3;  // {"inputs": [{

  bool in_list() const { return list_depth_ > 0; }
  bool is_tensor_list() const {
    if (lists_ == TensorLists::kOfInputs) return depth_ == kInputDepth && key_is_data_;
    return lists_ == TensorLists::kOfMembers && (depth_ == 1 || depth_ == 2);
  }

  bool enter() {
    if (++depth_ <= kMostNesting) return true;
    refusal_ = invalid_argument("JSON nesting depth exceeds maximum allowed limit ({})", kMostNesting);
    return false;
  }
  bool counted() {
    if (++values_ <= kMostValues) return true;
    refusal_ = invalid_argument("request JSON holds more than {} values outside tensor data", kMostValues);
    return false;
  }

  bool add(JsonValue::Kind kind, uint64_t bits) {
    if (!counted()) return false;
    document_.add(kind, bits);
    return true;
  }
  bool add_text(std::string_view text) {
    if (!counted()) return false;
    document_.add_text(text);
    return true;
  }

  template <typename Give>
  bool element(Give give_value) {
    return objects_in_list_ > 0 || element_here(give_value);
  }
  template <typename Give>
  bool element_here(Give give_value) {
    if (reader_ != nullptr) give_value(*reader_);
    return true;
  }
  void start_list() {
    list_depth_ = depth_;
    JsonDocument::List& list = document_.lists_.emplace_back();
    list.begin = source_.Tell() - 1;
    if (lists_ == TensorLists::kOfInputs && datatype_) reader_ = &list.reader.emplace(*datatype_);
  }
  void end_list() {
    list_depth_ = 0;
    reader_ = nullptr;
    if (lists_ == TensorLists::kNone) return;
    document_.lists_.back().end = source_.Tell();
    document_.add(JsonValue::Kind::kNatural, document_.lists_.size() - 1);
    document_.close(1);
  }

  JsonDocument& document_;
  Source& source_;
  TensorLists lists_;
  Status refusal_;
  size_t depth_ = 0;
  size_t values_ = 0;
  size_t list_depth_ = 0;  ///< of the tensor list that is being read; 0: none is
  size_t objects_in_list_ = 0;
  bool key_is_data_ = false;
  bool key_is_datatype_ = false;
  std::optional<DType> datatype_;  ///< of the input that is being read
  TensorDataReader* reader_ = nullptr;
};

void JsonDocument::add(JsonValue::Kind kind, uint64_t bits) {
  JsonValue& value = values_.emplace_back();
  value.kind_ = kind;
  value.bits_ = bits;
}

void JsonDocument::add_text(std::string_view text) {
  add(JsonValue::Kind::kText, text.size());
  auto* copy = static_cast<char*>(texts_.allocate(text.size(), 1));
  std::copy(text.begin(), text.end(), copy);
  values_.back().text_ = copy;
}

void JsonDocument::open(JsonValue::Kind kind) {
  open_.push_back(static_cast<uint32_t>(values_.size()));
  add(kind, 0);
}

void JsonDocument::close(size_t size) {
  JsonValue& value = values_[open_.back()];
  value.row_ = static_cast<uint32_t>(values_.size() - open_.back());
  value.bits_ = size;
  open_.pop_back();
}

Status JsonDocument::parse(std::string_view text, TensorLists lists) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  constexpr size_t kUsualValues = 32;
  values_.reserve(kUsualValues);
  text_ = text;
  Source source(text);
  for (size_t i = 0; text.starts_with(kByteOrderMark) && i < kByteOrderMark.size(); ++i) source.Take();
  JsonHandler handler(*this, source, lists);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kParseFlags>(source, handler);
  if (!result.IsError()) return {};
  if (!handler.refusal().ok()) return handler.refusal();
  return internal_error("failed to parse the request JSON buffer: {} at {}",
                        rapidjson::GetParseError_En(result.Code()), result.Offset());
}

TensorDataReader JsonDocument::tensor(const JsonValue& list, DType dtype) {
  List& found = lists_[(*list.elements().begin()).natural()];
  if (found.reader && found.reader->dtype() == dtype) return std::move(*found.reader);
  TensorDataReader values(dtype);
  Source source(text_.substr(found.begin, found.end - found.begin));
  JsonHandler handler(*this, source, values);
  rapidjson::Reader().Parse<kParseFlags>(source, handler);
  return values;
}

}  // namespace ridgeline::wire::http
