#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline::serve {

/// A place in a text file, both from 1; line 0 is the file as a whole.
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

/// Where each field of a configuration stands, by its path: "input[0].dims", "parameters[threads]",
/// "dynamic_batching.preserve_ordering".
class Positions {
 public:
  void set(std::string path, Position position) { positions_.insert_or_assign(std::move(path), position); }
  /// That of the field, else of the nearest field around it that is in the file, else line 0.
  Position of(std::string_view path) const;

 private:
  std::map<std::string, Position, std::less<>> positions_;
};

/// An error keeps a model (or a repository) from being served; a warning does not.
enum class Severity { kError, kWarning };
std::string_view name_of(Severity severity);  // "error" "warning"

/// Something to tell the owner of a configuration: where, what, and the remedy.
struct Finding {
  Severity severity = Severity::kError;
  std::string file;
  Position at;
  std::string message;     ///< one line
  std::string configured;  ///< what the configuration says, where it is held against a model; else empty
  std::string modelled;    ///< what the model says in its place, likewise
};

/// "config.pbtxt:3:5: error: …", and where configuration and model disagree a line "- …" and a line "+ …".
std::string to_string(const Finding& finding);
Json to_json(const Finding& finding);

bool has_error(std::span<const Finding> findings);
/// A message without the file's name before it, which the finding says itself.
std::string without_file(std::string message, std::string_view file);
/// The first error as kInvalidArgument, in one line; ok where there is none.
Status first_error(std::span<const Finding> findings);

/// Collects what is found in one file.
class Findings {
 public:
  Findings(std::string file, const Positions& positions) : file_(std::move(file)), positions_(&positions) {}

  void error(std::string_view path, std::string message);
  void warning(std::string_view path, std::string message);
  /// Configuration against model: one side may be empty, where the other has nothing.
  void mismatch(std::string_view path, std::string message, std::string configured, std::string modelled);
  std::vector<Finding> take() && { return std::move(found_); }
  bool has_error() const { return serve::has_error(found_); }

 private:
  std::string file_;
  const Positions* positions_;  ///< outlives this
  std::vector<Finding> found_;
};

}  // namespace ridgeline::serve
