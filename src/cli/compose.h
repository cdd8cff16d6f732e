#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline::cli {

/// What to compose a configuration of, after Hydra's fashion.
struct ComposeRequest {
  std::string primary;  ///< "train": `<folder>/train.yaml` with its list of defaults
  std::vector<std::string>
      folders;  ///< searched in order for the primary and for groups; the first hit counts
  std::vector<std::string> overrides;
};

/// One configuration; a request whose values are lists with commas makes several, the product of all lists.
struct ComposedRun {
  Json config;
  std::string name;  ///< "image_size=224,optimizer.lr=0.1", the values that were swept; "" for a single run
};

/// The primary file's values over those of its defaults, then the overrides in their order:
///   +group=name adds `<folder>/group/name.yaml` under the key `group`; group=name replaces a default;
///   key.sub=value sets a value that is there, of the same type; +key=value adds one; ~key and ~group remove.
/// A list of defaults may hold `_self_` to say where the file's own values come; the later one wins. Every
/// error is kInvalidArgument or kNotFound and names the override or file, and the nearest names.
Result<std::vector<ComposedRun>> compose(const ComposeRequest& request);

/// Where configurations are looked for: `own` (--config-dir, "" for none), the folders of RIDGELINE_CONFIGS
/// (colons between), those installed with the program, those of its source tree. kNotFound when `own` is not
/// a folder.
Result<std::vector<std::string>> config_folders(const std::string& own);

}  // namespace ridgeline::cli
