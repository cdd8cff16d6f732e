#pragma once

#include <string_view>

#include "base/status.h"
#include "wire/http/json.h"

namespace ridgeline::wire::http {

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

}  // namespace ridgeline::wire::http
