#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/infer.h"

/// The JSON of answers, in Triton's spelling: only the room's sources include this.
namespace ridgeline::wire::http {

/// Numbers are printed as Triton prints them, NaN and Infinity too; text that is not UTF-8 is passed on as it
/// is.
class JsonWriter : public rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                            rapidjson::CrtAllocator, rapidjson::kWriteNanAndInfFlag> {
 public:
  JsonWriter() : Writer(buffer_) {}

  void text(std::string_view value) { String(value.data(), static_cast<rapidjson::SizeType>(value.size())); }
  void key(std::string_view name) { Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void shape(const Shape& dims) {
    StartArray();
    for (const int64_t dim : dims) Int64(dim);
    EndArray();
  }
  void parameter(const Parameter& value);
  /// Elements of a tensor, without the brackets. kInternal, in Triton's words, when its bytes are not those
  /// of its shape.
  Status elements(const OutputTensor& tensor);

  std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
};

}  // namespace ridgeline::wire::http
