#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fmt/core.h>
#include <string>
#include <system_error>

#include "cli/verbs.h"

namespace ridgeline::cli {
namespace {

// A signal handler has no other way to reach the token; set once, before the handler is installed.
const CancelToken* signal_target = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// When the first signal came, on the steady clock; written by the handler alone.
std::atomic<int64_t> asked_at_ms{0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// A second signal ends the program at once. Two that come together count as one: timeout(1) sends its child
/// one, and then the child's group.
void request_stop(int signal) {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  constexpr int64_t kTogetherMs = 100;
  const int64_t now_ms =
      duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (!signal_target->requested()) {
    asked_at_ms = now_ms;
    signal_target->cancel();
  } else if (now_ms - asked_at_ms > kTogetherMs) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

void cancel_on_signals(const CancelToken& token) {
  signal_target = &token;
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  std::signal(SIGPIPE, SIG_IGN);
}

int report_usage_error(CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const auto chosen = app.get_subcommands();
  const std::string prefix = chosen.empty() ? "ridgeline" : "ridgeline " + chosen.front()->get_name();
  fmt::print(stderr, "{}: {} (see {} --help)\n", prefix, error.what(), prefix);
  return exit_code_of(ErrorCode::kInvalidArgument);
}

/// fmt throws when standard output cannot be written: a full disk, or a reader such as `head` that has
/// enough.
Result<int> act(const Action& action) {
  try {
    return action();
  } catch (const std::system_error& error) {
    return unavailable("standard output: {}", error.code().message());
  }
}

int run(int argc, char** argv) {
  const Environment environment;
  cancel_on_signals(environment.cancel);
  CLI::App app("How fast can a vision model run on this machine: measure it, make it so, serve it.",
               "ridgeline");
  app.require_subcommand(1);
  std::string name;
  Action action;
  for (const Verb& verb : verbs()) {
    CLI::App* command = app.add_subcommand(std::string(verb.name), std::string(verb.help));
    if (verb.hidden) command->group("");
    command->callback([&name, &action, &verb, chosen = verb.configure(*command, environment)] {
      name = verb.name;
      action = chosen;
    });
  }
  const auto is_named = [&](const Verb& verb) { return verb.name == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && std::ranges::none_of(verbs(), is_named)) {
    fmt::print(stderr, "ridgeline: unknown command '{}' (see ridgeline --help)\n", argv[1]);
    return exit_code_of(ErrorCode::kInvalidArgument);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_usage_error(app, error);
  }
  const Result<int> outcome = act(action);
  if (outcome.ok()) return *outcome;
  fmt::print(stderr, "ridgeline {}: {}\n", name, outcome.status().message());
  return exit_code_of(outcome.status().code());
}

}  // namespace
}  // namespace ridgeline::cli

int main(int argc, char** argv) { return ridgeline::cli::run(argc, argv); }
