#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string_view>

#include "base/cancel.h"
#include "base/status.h"

namespace ridgeline::cli {

/// Does a verb's work after its flags were parsed. Returns the exit code (0, or 1 for a verdict such as a
/// regression), or an error whose one line main prints and maps to an exit code.
using Action = std::function<Result<int>()>;

/// What every verb is given: a token that Ctrl-C and SIGTERM set.
struct Environment {
  CancelToken cancel;
};

/// One subcommand. `configure` declares its flags on `app` and returns the action bound to them.
struct Verb {
  std::string_view name;
  std::string_view help;
  Action (*configure)(CLI::App& app, const Environment& environment);
  bool hidden = false;
};

/// Declares --json on a verb; count() tells whether it was given.
const CLI::Option* add_json_flag(CLI::App& app);

/// All verbs, in the order in which --help lists them.
std::span<const Verb> verbs();

}  // namespace ridgeline::cli
