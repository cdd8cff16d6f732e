#include "serve/config/remedy.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/spelling.h"
#include "base/text.h"
#include "serve/config/messages.h"

namespace ridgeline::serve {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

/// The configuration's message and all within it; none holds itself.
void collect(const Descriptor& descriptor, std::set<const Descriptor*>& found) {
  found.insert(&descriptor);
  for (int i = 0; i < descriptor.field_count(); ++i)
    if (const Descriptor* nested = descriptor.field(i)->message_type()) collect(*nested, found);
}

std::set<const Descriptor*> all_messages() {
  std::set<const Descriptor*> messages;
  collect(*inference::ModelConfig::descriptor(), messages);
  return messages;
}

const Descriptor* message_named(std::string_view full_name) {
  for (const Descriptor* message : all_messages())
    if (message->full_name() == full_name) return message;
  return nullptr;
}

/// The text between the n-th pair of double quotes.
std::optional<std::string_view> quoted(std::string_view text, size_t n) {
  const std::vector<std::string_view> parts = split(text, '"');
  const size_t index = 2 * n + 1;
  return index + 1 < parts.size() ? std::optional(parts[index]) : std::nullopt;
}

std::vector<std::string_view> field_names(const Descriptor& message) {
  std::vector<std::string_view> names;
  for (int i = 0; i < message.field_count(); ++i) names.push_back(message.field(i)->name());
  return names;
}

/// A field of the whole configuration whose message has a field of that name.
std::string_view home_of(const std::string& name) {
  const Descriptor& config = *inference::ModelConfig::descriptor();
  for (int i = 0; i < config.field_count(); ++i) {
    const Descriptor* nested = config.field(i)->message_type();
    if (nested != nullptr && nested->FindFieldByName(name) != nullptr) return config.field(i)->name();
  }
  return config.FindFieldByName(name) != nullptr ? "the top level" : std::string_view();
}

std::string unknown_field(const Descriptor& message, const std::string& name) {
  const std::string_view near = nearest_name(name, field_names(message));
  if (!near.empty()) return fmt::format("unknown field '{}': did you mean '{}'?", name, near);
  if (const std::string_view home = home_of(name); !home.empty())
    return fmt::format("field '{}' is not known here: it belongs into {}", name, home);
  return fmt::format("unknown field '{}': the fields here are {}", name,
                     fmt::join(field_names(message), ", "));
}

/// Fields of several messages may have the name.
std::string unknown_value(std::string_view value, const std::string& field_name) {
  std::vector<std::string_view> values;
  for (const Descriptor* message : all_messages()) {
    const FieldDescriptor* field = message->FindFieldByName(field_name);
    const EnumDescriptor* type = field == nullptr ? nullptr : field->enum_type();
    for (int i = 0; type != nullptr && i < type->value_count(); ++i)
      if (std::ranges::find(values, type->value(i)->name()) == values.end())
        values.push_back(type->value(i)->name());
  }
  const std::string_view near = nearest_name(value, values);
  if (!near.empty())
    return fmt::format("'{}' is no value of '{}': did you mean {}?", value, field_name, near);
  std::ranges::sort(values);
  return fmt::format("'{}' is no value of '{}': it has {}", value, field_name, fmt::join(values, ", "));
}

/// Protobuf's sentence without its capital and its point.
std::string as_clause(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::string remedied(const std::string& message) {
  const auto first = quoted(message, 0);
  const auto second = quoted(message, 1);
  if (first && second && message.find("has no field named") != std::string::npos)
    if (const Descriptor* owner = message_named(*first)) return unknown_field(*owner, std::string(*second));
  if (first && second && message.starts_with("Unknown enumeration value"))
    return unknown_value(*first, std::string(*second));
  return as_clause(message);
}

std::string_view culprit_of(std::string_view message) {
  if (message.find("has no field named") != std::string_view::npos) return quoted(message, 1).value_or("");
  for (const std::string_view start : {"Unknown enumeration value", "Non-repeated field", "Field "})
    if (message.starts_with(start)) return quoted(message, 0).value_or("");
  return "";
}

}  // namespace ridgeline::serve
