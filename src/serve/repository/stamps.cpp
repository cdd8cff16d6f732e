#include "serve/repository/stamps.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "serve/repository/folder.h"

namespace ridgeline::serve {
namespace fs = std::filesystem;

namespace {

constexpr int64_t kSmallBytes = int64_t{1} << 20;
constexpr int kDeepest = 16;  // folders in folders; symbolic links may make a ring

uint64_t stamp_of_file(const std::string& path, uint64_t seed) {
  struct stat about{};
  if (stat(path.c_str(), &about) != 0) return hash_bytes("gone", seed);
  if (S_ISREG(about.st_mode) && about.st_size <= kSmallBytes)
    if (const auto content = read_file(path); content.ok()) return hash_bytes(*content, seed);
  return hash_bytes(fmt::format("{} {} {} {} {}", about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec,
                                about.st_ino, about.st_dev),
                    seed);
}

uint64_t stamp_of_folder(const std::string& path, uint64_t seed, int depth) {
  uint64_t stamp = hash_bytes("folder", seed);
  for (const std::string& name : entries_in(path)) {
    const std::string entry = path + "/" + name;
    stamp = hash_bytes(name, stamp);
    stamp = is_folder(entry) && depth < kDeepest ? stamp_of_folder(entry, stamp, depth + 1)
                                                 : stamp_of_file(entry, stamp);
  }
  return hash_bytes("end", stamp);
}

}  // namespace

uint64_t stamp_of(const std::string& model_path) { return stamp_of_folder(model_path, 0, 0); }

Stamps stamps_of(std::span<const std::string> roots) {
  Stamps stamps;
  for (const std::string& root : roots)
    for (const std::string& name : folders_in(root)) {
      const std::string path = fmt::format("{}/{}", root, name);
      stamps.emplace(path, stamp_of(path));
    }
  return stamps;
}

Changes changes_between(const Stamps& before, const Stamps& after) {
  Changes changes;
  for (const auto& [path, stamp] : after) {
    const auto earlier = before.find(path);
    if (earlier == before.end())
      changes.added.push_back(path);
    else if (earlier->second != stamp)
      changes.changed.push_back(path);
  }
  for (const auto& [path, stamp] : before)
    if (!after.contains(path)) changes.removed.push_back(path);
  return changes;
}

}  // namespace ridgeline::serve
