#include "serve/config/parse.h"

#include <algorithm>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include "base/file.h"
#include "base/spelling.h"
#include "base/text.h"
#include "serve/config/field_rules.h"
#include "serve/config/messages.h"
#include "serve/config/remedy.h"

namespace ridgeline::serve {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

/// Protobuf counts from 0, and has -1 for what is nowhere.
Position position_of(int line, int column) { return line < 0 ? Position{} : Position{line + 1, column + 1}; }

/// Keeps the first fault of a text.
class FaultKeeper : public google::protobuf::io::ErrorCollector {
 public:
  explicit FaultKeeper(std::string_view text) : lines_(split(text, '\n')) {}

  void AddError(int line, int column, const std::string& message) override {
    if (fault_) return;
    Position at = position_of(line, column);
    if (const std::string_view culprit = culprit_of(message); !culprit.empty()) at = place_of(culprit, at);
    fault_ = {Severity::kError, "", at, remedied(message), "", ""};
  }
  void AddWarning(int /*line*/, int /*column*/, const std::string& /*message*/) override {}
  std::optional<Finding> take() { return std::move(fault_); }

 private:
  /// Of the last such word that begins before `end`; that itself where there is none.
  Position place_of(std::string_view word, Position end) const {
    for (int line = std::min(end.line, static_cast<int>(lines_.size())); line > 0; --line) {
      size_t before = line == end.line ? static_cast<size_t>(end.column) - 1 : std::string_view::npos;
      before = before > 0 && before != std::string_view::npos ? before - 1 : before;
      const size_t found = lines_[static_cast<size_t>(line) - 1].rfind(word, before);
      if (found != std::string_view::npos) return {line, static_cast<int>(found) + 1};
    }
    return end;
  }

  std::vector<std::string_view> lines_;
  std::optional<Finding> fault_;
};

/// Goes over a parsed message: notes where its fields stand, and finds those that are not acted on and text
/// that is not text.
class Survey {
 public:
  explicit Survey(ParsedConfig& parsed) : parsed_(&parsed) {}

  bool readable() const { return !unreadable_; }

  /// `path` is the message's with indices ("input[0]"), `plain` without.
  void go(const Message& message, const TextFormat::ParseInfoTree& tree, const std::string& path,
          const std::string& plain) {
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message.GetDescriptor()->field(i);
      const bool set = field.is_repeated() ? message.GetReflection()->FieldSize(message, &field) > 0
                                           : message.GetReflection()->HasField(message, &field);
      const std::string field_path = path.empty() ? field.name() : path + "." + field.name();
      const std::string field_plain = plain.empty() ? field.name() : plain + "." + field.name();
      const auto location = tree.GetLocation(&field, field.is_repeated() ? 0 : -1);
      if (location.line >= 0) parsed_->positions.set(field_path, position_of(location.line, location.column));
      if (!set) continue;
      check(message, field, field_path, field_plain);
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        go_into(message, field, tree, field_path, field_plain);
    }
  }

 private:
  void go_into(const Message& message, const FieldDescriptor& field, const TextFormat::ParseInfoTree& tree,
               const std::string& path, const std::string& plain) {
    const Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) {
      if (const auto* nested = tree.GetTreeForNested(&field, -1))
        go(reflection.GetMessage(message, &field), *nested, path, plain);
      return;
    }
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& element = reflection.GetRepeatedMessage(message, &field, i);
      const std::string element_path = fmt::format("{}[{}]", path, index_of(element, field, i));
      if (const auto* nested = tree.GetTreeForNested(&field, i)) {
        set_start(element, *nested, element_path);
        go(element, *nested, element_path, plain);
      }
    }
  }

  /// A map's entries go by key.
  static std::string index_of(const Message& element, const FieldDescriptor& field, int index) {
    if (!field.is_map()) return std::to_string(index);
    const FieldDescriptor& key = *field.message_type()->map_key();
    const Reflection& reflection = *element.GetReflection();
    return key.cpp_type() == FieldDescriptor::CPPTYPE_STRING
               ? reflection.GetString(element, &key)
               : std::to_string(reflection.GetUInt64(element, &key));
  }

  /// In a list "[ {…}, {…} ]" protobuf notes only where the list is: an element begins at its first field.
  void set_start(const Message& element, const TextFormat::ParseInfoTree& tree, const std::string& path) {
    Position start;
    for (int i = 0; i < element.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *element.GetDescriptor()->field(i);
      const auto location = tree.GetLocation(&field, field.is_repeated() ? 0 : -1);
      const Position position = position_of(location.line, location.column);
      const bool earlier =
          position.line < start.line || (position.line == start.line && position.column < start.column);
      if (position.line > 0 && (start.line == 0 || earlier)) start = position;
    }
    if (start.line > 0) parsed_->positions.set(path, start);
  }

  void check(const Message& message, const FieldDescriptor& field, const std::string& path,
             const std::string& plain) {
    if (const FieldRule* rule = rule_of(plain))
      add(rule->severity, path, fmt::format("'{}' {}", path, rule->reason));
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return;
    const Reflection& reflection = *message.GetReflection();
    const int size = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
    for (int i = 0; i < size; ++i)
      if (!is_utf8(field.is_repeated() ? reflection.GetRepeatedString(message, &field, i)
                                       : reflection.GetString(message, &field))) {
        unreadable_ = true;
        add(Severity::kError, path, fmt::format("'{}' is not UTF-8 text", field.name()));
      }
  }

  void add(Severity severity, const std::string& path, std::string message) {
    parsed_->findings.push_back(
        {severity, parsed_->file, parsed_->positions.of(path), std::move(message), "", ""});
  }

  ParsedConfig* parsed_;
  bool unreadable_ = false;
};

}  // namespace

ParsedConfig parse_config(std::string_view text, const std::string& file) {
  ParsedConfig parsed{.file = file};
  FaultKeeper faults(text);
  TextFormat::ParseInfoTree tree;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  parser.WriteLocationsTo(&tree);
  inference::ModelConfig message;
  const bool read = parser.ParseFromString(std::string(text), &message);
  if (std::optional<Finding> fault = faults.take(); fault || !read) {
    if (!fault) fault = Finding{Severity::kError, "", {}, "not protobuf's text format", "", ""};
    fault->file = file;
    parsed.findings.push_back(*std::move(fault));
    return parsed;
  }
  Survey survey(parsed);
  survey.go(message, tree, "", "");
  if (survey.readable()) parsed.config = from_message(message);
  return parsed;
}

ParsedConfig parse_config_json(std::string_view json, const std::string& file) {
  inference::ModelConfig message;
  const auto read = google::protobuf::util::JsonStringToMessage(std::string(json), &message);
  std::string text;
  if (!read.ok() || !TextFormat::PrintToString(message, &text)) {
    ParsedConfig unread{.file = file};
    unread.findings.push_back(
        {Severity::kError, file, {}, "is not JSON of a model configuration: " + read.ToString(), "", ""});
    return unread;
  }
  ParsedConfig parsed = parse_config(text, file);
  parsed.positions = {};
  for (Finding& finding : parsed.findings) finding.at = {};
  return parsed;
}

ParsedConfig load_config(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (text.ok()) return parse_config(*text, path);
  ParsedConfig unread{.file = path};
  unread.findings.push_back(
      {Severity::kError, path, {}, without_file(text.status().message(), path), "", ""});
  return unread;
}

}  // namespace ridgeline::serve
