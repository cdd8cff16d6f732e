#include "serve/config/json.h"

#include <cmath>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <map>

#include "serve/config/messages.h"

namespace ridgeline::serve {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Json json_of(const Message& message);

/// The double that is written as the float is: 0.1, not 0.10000000149. JSON has no infinities: null.
Json as_written(float value) {
  if (!std::isfinite(value)) return nullptr;
  return Json::parse(fmt::format("{}", value)).get<double>();
}

/// Calls `get` with the reader of the field's C++ type: `index` is an element's of a repeated field, or -1.
Json value_of(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
#define RIDGELINE_VALUE(Type) \
  (index < 0 ? reflection.Get##Type(message, &field) : reflection.GetRepeated##Type(message, &field, index))
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return RIDGELINE_VALUE(Int32);
    case FieldDescriptor::CPPTYPE_INT64:
      return RIDGELINE_VALUE(Int64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return RIDGELINE_VALUE(UInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return RIDGELINE_VALUE(UInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return RIDGELINE_VALUE(Double);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return as_written(RIDGELINE_VALUE(Float));
    case FieldDescriptor::CPPTYPE_BOOL:
      return RIDGELINE_VALUE(Bool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return RIDGELINE_VALUE(Enum)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return RIDGELINE_VALUE(String);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json_of(RIDGELINE_VALUE(Message));
  }
#undef RIDGELINE_VALUE
  return nullptr;
}

std::string key_of(const Message& entry) {
  const Json key = value_of(entry, *entry.GetDescriptor()->map_key(), -1);
  return key.is_string() ? key.get<std::string>() : key.dump();
}

Json list_of(const Message& message, const FieldDescriptor& field) {
  Json list = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i)
    list.push_back(value_of(message, field, i));
  return list;
}

/// In the order of the keys: protobuf's maps have none that stays.
Json map_of(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::map<std::string, Json> entries;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    entries.emplace(key_of(entry), value_of(entry, *entry.GetDescriptor()->map_value(), -1));
  }
  Json object = Json::object();
  for (auto& [key, value] : entries) object[key] = std::move(value);
  return object;
}

/// A scalar without a presence of its own is always there; a message or a member of a oneof only where set.
Json json_of(const Message& message) {
  Json object = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map())
      object[field.name()] = map_of(message, field);
    else if (field.is_repeated())
      object[field.name()] = list_of(message, field);
    else if (!field.has_presence() || message.GetReflection()->HasField(message, &field))
      object[field.name()] = value_of(message, field, -1);
  }
  return object;
}

}  // namespace

Json config_json(const ModelConfig& config) { return json_of(to_message(config)); }

}  // namespace ridgeline::serve
