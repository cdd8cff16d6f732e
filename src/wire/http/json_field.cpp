#include "wire/http/json_field.h"

namespace ridgeline::wire::http {

const JsonValue* member(const JsonValue& value, std::string_view name) {
  if (!value.is(JsonValue::Kind::kObject)) return nullptr;
  for (const auto& [key, found] : value.members())
    if (key == name) return &found;
  return nullptr;
}

Status JsonField::refuse(std::string_view why) const {
  return name.empty() ? internal_error("{}", why) : internal_error("Unable to {} '{}': {}", doing, name, why);
}

Result<std::string_view> JsonField::text(const JsonValue& value) const {
  if (!value.is(JsonValue::Kind::kText)) return refuse("attempt to access JSON non-string as string");
  return value.text();
}

Result<uint64_t> JsonField::natural(const JsonValue& value) const {
  if (!value.is(JsonValue::Kind::kNatural))
    return refuse("attempt to access JSON non-unsigned-integer as unsigned-integer");
  return value.natural();
}

Result<bool> JsonField::boolean(const JsonValue& value) const {
  if (!value.is(JsonValue::Kind::kBoolean)) return refuse("attempt to access JSON non-boolean as boolean");
  return value.boolean();
}

Result<const JsonValue*> JsonField::member_of(const JsonValue& object) const {
  if (const JsonValue* found = member(object, name)) return found;
  return refuse(fmt::format("attempt to access non-existing object member '{}'", name));
}

Result<std::string_view> JsonField::text_in(const JsonValue& object) const {
  ASSIGN_OR_RETURN(const JsonValue* found, member_of(object));
  return text(*found);
}

Result<const JsonValue*> JsonField::list_in(const JsonValue& object) const {
  ASSIGN_OR_RETURN(const JsonValue* found, member_of(object));
  if (!found->is(JsonValue::Kind::kList)) return refuse("attempt to access JSON non-array as array");
  return found;
}

}  // namespace ridgeline::wire::http
