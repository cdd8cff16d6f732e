#include <algorithm>
#include <csignal>
#include <fmt/core.h>
#include <string>
#include <system_error>

#include "cli/verbs.h"

namespace ridgeline::cli {
namespace {

// A signal handler has no other way to reach the token; set once, before the handler is installed.
const CancelToken* signal_target = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void request_stop(int signal) {
  signal_target->cancel();
  // A second Ctrl-C ends the program at once. SIGTERM may come twice on its own: timeout(1) sends it to its
  // child and then to the group.
  if (signal == SIGINT) std::signal(signal, SIG_DFL);
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
