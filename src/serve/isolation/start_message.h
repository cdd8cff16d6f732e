#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// What an instance's process is told to load.
struct InstanceStart {
  ModelSource source;
  Place place;
  bool complete = false;  ///< only to say the completed configuration
  bool again = false;     ///< after another process that ended: nobody warms the instance up
};

Json to_json(const InstanceStart& start);
Result<InstanceStart> instance_start_from_json(std::string_view text);

/// A configuration on its way between processes.
std::string config_text(const ModelConfig& config);
Result<ModelConfig> config_from_text(const std::string& text);

}  // namespace ridgeline::serve
