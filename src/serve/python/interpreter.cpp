#include "serve/python/interpreter.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace ridgeline::serve {
namespace {

constexpr std::string_view kEnvironmentParameter = "EXECUTION_ENV_PATH";
constexpr std::string_view kModelFolder = "$$TRITON_MODEL_DIRECTORY";
constexpr std::chrono::seconds kProbeTime{60};
constexpr const char* kRemedy =
    "install numpy for it (Debian: python3-numpy), or name the folder of an environment that has it in the "
    "model's parameter EXECUTION_ENV_PATH";

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<std::string> environment_interpreter(const ModelSource& source, std::string environment) {
  if (const size_t at = environment.find(kModelFolder); at != std::string::npos)
    environment.replace(at, kModelFolder.size(), source.model_path);
  if (is_file(environment))
    return unsupported("{}: {} is an archive: unpack it and name the folder", kEnvironmentParameter,
                       environment);
  const std::string interpreter = environment + "/bin/python3";
  if (!exists(interpreter)) return not_found("{}: there is no {}", kEnvironmentParameter, interpreter);
  return interpreter;
}

}  // namespace

Result<std::string> Interpreters::of(const ModelSource& source) {
  const std::lock_guard lock(mutex_);
  const auto environment = source.config.parameters.find(std::string(kEnvironmentParameter));
  if (environment != source.config.parameters.end()) {
    ASSIGN_OR_RETURN(const std::string interpreter, environment_interpreter(source, environment->second));
    return with_numpy(interpreter);
  }
  return preferred_.empty() ? first_on_path() : with_numpy(preferred_);
}

Result<std::string> Interpreters::with_numpy(const std::string& interpreter) {
  if (const auto found = found_.find(interpreter); found != found_.end()) return found->second;
  ASSIGN_OR_RETURN(
      Subprocess probe,
      Subprocess::start({{interpreter, "-c", "import sys, numpy; print(sys.executable)"}, {}, {}}));
  const Result<std::string> answer = probe.read_line(kProbeTime);
  const ExitState exit = probe.finish(kProbeTime);
  if (!answer.ok() || answer->empty()) {
    const std::string said = probe.error_tail(1);
    return unavailable("{}: {}; {}", interpreter, said.empty() ? describe(exit) : said, kRemedy);
  }
  return found_[interpreter] = *answer;
}

Result<std::string> Interpreters::first_on_path() {
  if (const auto found = found_.find(""); found != found_.end()) return found->second;
  const char* path = std::getenv("PATH");
  std::string tried;
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::string interpreter = std::string(folder) + "/python3";
    if (folder.empty() || !exists(interpreter)) continue;
    const Result<std::string> found = with_numpy(interpreter);
    if (found.ok()) return found_[""] = *found;
    tried += (tried.empty() ? "" : "; ") + found.status().message();
  }
  if (tried.empty())
    return unavailable("no python3 is on PATH; install it (Debian: python3 and python3-numpy)");
  return unavailable("{}", tried);
}

}  // namespace ridgeline::serve
