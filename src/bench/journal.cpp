#include "bench/journal.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include "base/file.h"

namespace ridgeline::bench {

namespace fs = std::filesystem;

Result<Journal> Journal::open(const std::string& directory, const Json& fingerprint, bool resume) {
  RETURN_IF_ERROR(make_directories(directory));
  Journal journal;
  journal.path_ = directory + "/journal.jsonl";
  std::error_code error;
  const bool exists = fs::exists(journal.path_, error);
  if (exists && resume) RETURN_IF_ERROR(journal.replay(journal.path_, fingerprint));
  if (exists && !resume) fs::rename(journal.path_, directory + "/journal.previous.jsonl", error);
  if (error) return unavailable("{}: {}", journal.path_, error.message());
  journal.descriptor_ = ::open(journal.path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal.descriptor_ < 0) return unavailable("{}: {}", journal.path_, std::strerror(errno));
  if (!exists || !resume) RETURN_IF_ERROR(journal.append({{"kind", "race"}, {"config", fingerprint}}));
  return journal;
}

Journal::Journal(Journal&& other) noexcept { *this = std::move(other); }

Journal& Journal::operator=(Journal&& other) noexcept {
  if (this == &other) return *this;
  if (descriptor_ >= 0) close(descriptor_);
  path_ = std::move(other.path_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  finished_ = std::move(other.finished_);
  return *this;
}

Journal::~Journal() {
  if (descriptor_ >= 0) close(descriptor_);
}

Status Journal::replay(const std::string& path, const Json& fingerprint) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  size_t start = 0;
  for (size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    ASSIGN_OR_RETURN(const Json record, parse_json(text.substr(start, end - start), path));
    RETURN_IF_ERROR(replay_record(record, path, fingerprint));
  }
  // A kill may have left half a line: what follows must not be glued to it.
  if (start < text.size() && truncate(path.c_str(), static_cast<off_t>(start)) != 0)
    return unavailable("{}: {}", path, std::strerror(errno));
  return {};
}

Status Journal::replay_record(const Json& record, const std::string& path, const Json& fingerprint) {
  const std::string kind = record.value("kind", "");
  if (kind == "race" && record.value("config", Json()) != fingerprint)
    return invalid_argument(
        "{}: was begun with other settings; give the same ones, or another --out, or leave out --resume",
        path);
  if (kind == "group") {
    ASSIGN_OR_RETURN(Results rows, results_from_json(record.value("results", Json()), path));
    finished_[record.value("group", "")] = std::move(rows.cells);
  }
  return {};
}

Status Journal::append(const Json& record) {
  const std::string line = record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (size_t written = 0; written < line.size();) {
    const ssize_t count = write(descriptor_, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unavailable("{}: {}", path_, std::strerror(errno));
    written += static_cast<size_t>(count);
  }
  if (fsync(descriptor_) != 0) return unavailable("{}: {}", path_, std::strerror(errno));
  return {};
}

Status Journal::append_round(const std::string& group, int round, const Json& times_us) {
  return append({{"kind", "round"}, {"group", group}, {"round", round}, {"times_us", times_us}});
}

Status Journal::append_group(const std::string& group, const std::vector<Cell>& cells) {
  return append({{"kind", "group"}, {"group", group}, {"results", to_json(Results{Json::object(), cells})}});
}

}  // namespace ridgeline::bench
