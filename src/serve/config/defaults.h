#pragma once

#include <set>
#include <string>

#include "serve/config/model_config.h"

namespace ridgeline::serve {

/// Fills in what a configuration leaves out and the files tell: the name by the model's folder; backend,
/// platform and default_model_filename by each other, else by the names of the files in a version's folder.
/// Nothing is known of an ensemble, and nothing is filled in where the files fit no backend.
void complete_names(ModelConfig& config, const std::string& folder_name,
                    const std::set<std::string>& version_files);

/// Fills in what does not depend on files, as Triton does: the latest version, preferred batch sizes of
/// max_batch_size, a second of idleness for sequences, instance groups with name, kind and count. Idempotent.
void apply_defaults(ModelConfig& config);

}  // namespace ridgeline::serve
