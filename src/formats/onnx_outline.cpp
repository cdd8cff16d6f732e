#include "formats/onnx_outline.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx-ml.pb.h>

namespace ridgeline::formats {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

/// Shapes, scales and whatever else decides about a graph are smaller.
constexpr int kLargestKept = 1 << 16;

constexpr uint32_t tag_of(int field) {
  return GOOGLE_PROTOBUF_WIRE_FORMAT_MAKE_TAG(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

class FileBytes : public google::protobuf::io::CopyingInputStream {
 public:
  explicit FileBytes(const std::string& path) : file_(path, std::ios::binary) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    left_ = error ? 0 : size;
  }

  int Read(void* buffer, int size) override {
    file_.read(static_cast<char*>(buffer), size);
    const auto count = static_cast<int>(file_.gcount());
    left_ -= std::min(left_, static_cast<uintmax_t>(count));
    return count;
  }

  int Skip(int count) override {
    const auto skipped = std::min(left_, static_cast<uintmax_t>(count));
    file_.seekg(static_cast<std::streamoff>(skipped), std::ios::cur);
    left_ -= skipped;
    return static_cast<int>(skipped);
  }

 private:
  std::ifstream file_;
  uintmax_t left_ = 0;
};

using CopyField = bool (*)(CodedInputStream&, CodedOutputStream&);

/// A message as it is, but for a field.
bool copy_message(CodedInputStream& in, CodedOutputStream& out, uint32_t special, CopyField copy_special) {
  while (const uint32_t tag = in.ReadTag())
    if (!(tag == special ? copy_special(in, out) : WireFormatLite::SkipField(&in, tag, &out))) return false;
  return in.ConsumedEntireMessage();
}

/// A field that is a message, but for one of its own fields.
template <uint32_t Tag, uint32_t Special, CopyField CopySpecial>
bool copy_nested(CodedInputStream& in, CodedOutputStream& out) {
  const CodedInputStream::Limit limit = in.ReadLengthAndPushLimit();
  std::string nested;
  {
    StringOutputStream stream(&nested);
    CodedOutputStream coded(&stream);
    if (!copy_message(in, coded, Special, CopySpecial) || in.BytesUntilLimit() != 0) return false;
  }
  in.PopLimit(limit);
  out.WriteTag(Tag);
  out.WriteVarint32(static_cast<uint32_t>(nested.size()));
  out.WriteString(nested);
  return true;
}

constexpr uint32_t kRawData = tag_of(onnx::TensorProto::kRawDataFieldNumber);

bool copy_raw_data(CodedInputStream& in, CodedOutputStream& out) {
  int length = 0;
  if (!in.ReadVarintSizeAsInt(&length)) return false;
  onnx::TensorProto rest;
  if (length <= kLargestKept) {
    if (!in.ReadString(rest.mutable_raw_data(), length)) return false;
  } else {
    if (!in.Skip(length)) return false;
    rest.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto say = [&rest](const char* key, const std::string& value) {
      onnx::StringStringEntryProto& entry = *rest.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    say("location", kLeftOut);
    say("length", std::to_string(length));
  }
  return rest.SerializeToCodedStream(&out);
}

constexpr uint32_t kInitializer = tag_of(onnx::GraphProto::kInitializerFieldNumber);
constexpr uint32_t kGraph = tag_of(onnx::ModelProto::kGraphFieldNumber);
constexpr CopyField kCopyInitializer = copy_nested<kInitializer, kRawData, copy_raw_data>;

}  // namespace

Result<std::string> read_outline(const std::string& path) {
  FileBytes file(path);
  google::protobuf::io::CopyingInputStreamAdaptor stream(&file);
  CodedInputStream in(&stream);
  std::string outline;
  bool is_model = false;
  {
    StringOutputStream written(&outline);
    CodedOutputStream out(&written);
    is_model = copy_message(in, out, kGraph, copy_nested<kGraph, kInitializer, kCopyInitializer>);
  }
  if (!is_model) return invalid_argument("{}: is not an ONNX file", path);
  return outline;
}

}  // namespace ridgeline::formats
