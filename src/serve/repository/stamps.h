#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ridgeline::serve {

/// What a model's files were at a moment, by path; a model's stamp differs when one of them was added,
/// removed or changed. Small files (configurations, labels, Python) count by their content, so that copying
/// the same over them changes nothing; large ones by size, time of change and inode.
using Stamps = std::map<std::string, uint64_t>;

/// Of every model's folder under the roots. Models that cannot be read are stamped too.
Stamps stamps_of(std::span<const std::string> roots);
/// Of one model's folder.
uint64_t stamp_of(const std::string& model_path);

/// What a look at the repositories found since the last one, as paths of models' folders, in order.
struct Changes {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  bool empty() const { return added.empty() && changed.empty() && removed.empty(); }
};
Changes changes_between(const Stamps& before, const Stamps& after);

}  // namespace ridgeline::serve
