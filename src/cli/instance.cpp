#include "cli/verbs.h"
#include "serve/backends/backends.h"
#include "serve/isolation/instance_process.h"

namespace ridgeline::cli {

Action configure_instance(CLI::App& app, const Environment& /*environment*/) {
  app.add_option("name", "of the instance, for lists of processes");
  return []() -> Result<int> {
    RETURN_IF_ERROR(serve::run_instance_process(serve::threaded_backends()));
    return 0;
  };
}

}  // namespace ridgeline::cli
