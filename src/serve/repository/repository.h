#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/repository/model_folder.h"

namespace ridgeline::serve {

/// All models of one or several repository folders, as they were when they were read. Plain data.
struct Repository {
  std::vector<std::string> roots;
  std::vector<ModelFolder> models;  ///< by name, those that cannot be served too

  /// Null where there is none.
  const ModelFolder* model(std::string_view name) const;
};

/// Reads every folder of every root as a model. A name that is in two roots is an error of each; ensembles
/// are held against their models. kNotFound or kInvalidArgument for a root that is no folder.
Result<Repository> read_repository(std::span<const std::string> roots);

/// Joins models that were read one by one: sorts them, finds doubles, completes and checks ensembles.
void join_models(std::vector<ModelFolder>& models);

/// Every finding, by model.
std::vector<Finding> findings_of(const Repository& repository);

}  // namespace ridgeline::serve
