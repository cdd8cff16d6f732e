#include "bench/worker.h"

#include "cli/verbs.h"
#include "formats/onnx.h"

namespace ridgeline::cli {

Action configure_worker(CLI::App& /*app*/, const Environment& /*environment*/) {
  return []() -> Result<int> {
    const EngineRegistry registry;
    RETURN_IF_ERROR(bench::run_worker({registry, formats::load_onnx}));
    return 0;
  };
}

}  // namespace ridgeline::cli
