#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/repository/model_folder.h"
#include "wire/http/control.h"

namespace ridgeline::serve {

/// A model as its files are now, about to be loaded.
struct FreshModel {
  ModelFolder folder;
  uint64_t stamp = 0;
  bool overridden = false;            ///< a client sent its configuration
  std::shared_ptr<const void> files;  ///< keeps the folder, where a client sent its files
};

/// Every folder of that name in the roots; empty where there is none, or where it is no model's name.
std::vector<FreshModel> read_fresh(std::span<const std::string> roots, const std::string& name);

/// The same with what a client sends in place of configuration and files. kInternal, in Triton's words, where
/// there is no such model and no files were sent; kInvalidArgument for a file outside of the model's folder.
Result<std::vector<FreshModel>> read_overridden(std::span<const std::string> roots, const std::string& name,
                                                const wire::http::LoadRequest& request);

/// Every model's name in the roots.
std::set<std::string> names_in(std::span<const std::string> roots);

/// Triton's answer for a model that the repositories do not have or cannot tell.
Status failed_to_poll(const std::string& name);

}  // namespace ridgeline::serve
