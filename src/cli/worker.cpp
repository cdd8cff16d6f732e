#include "bench/worker.h"

#include "cli/model_source.h"
#include "cli/verbs.h"

namespace ridgeline::cli {

Action configure_worker(CLI::App& /*app*/, const Environment& /*environment*/) {
  return []() -> Result<int> {
    const EngineRegistry registry;
    RETURN_IF_ERROR(bench::run_worker({registry, load_model}));
    return 0;
  };
}

}  // namespace ridgeline::cli
