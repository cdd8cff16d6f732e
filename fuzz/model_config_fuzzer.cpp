#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "serve/config/defaults.h"
#include "serve/config/json.h"
#include "serve/config/parse.h"
#include "serve/config/validate.h"

/// Any text is a configuration or a finding that names the file; what is read can be completed, checked and
/// written as JSON.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ridgeline::serve;
  ParsedConfig parsed = parse_config({reinterpret_cast<const char*>(data), size}, "fuzz.pbtxt");
  for (const Finding& finding : parsed.findings)
    if (finding.message.empty() || to_string(finding).find('\n') != std::string::npos) std::abort();
  if (!parsed.config) {
    if (!has_error(parsed.findings)) std::abort();
    return 0;
  }
  complete_names(*parsed.config, "fuzz", {"model.onnx"});
  apply_defaults(*parsed.config);
  Findings findings("fuzz.pbtxt", parsed.positions);
  validate(*parsed.config, findings);
  if (config_json(*parsed.config).dump().empty()) std::abort();
  return 0;
}
