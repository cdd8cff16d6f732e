#include "base/file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ridgeline {
namespace fs = std::filesystem;

namespace {

/// Reads until the end, which lies past `content` where the size is not known before (/proc, pipes).
bool read_to_end(int descriptor, std::string& content) {
  constexpr size_t kStep = 4096;
  for (size_t filled = 0;;) {
    if (filled == content.size()) content.resize(filled + kStep);
    const ssize_t count = read(descriptor, content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      content.resize(filled);
      return count == 0;
    }
    filled += static_cast<size_t>(count);
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::string content;
  RETURN_IF_ERROR(read_file(path, content));
  return content;
}

Status read_file(const std::string& path, std::string& content) {
  const auto unreadable = [&] {
    return invalid_argument("{}: cannot be read ({})", path, std::strerror(errno));
  };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return not_found("{}: no such file", path);
  if (descriptor < 0) return unreadable();
  struct stat about{};
  Status status;
  if (fstat(descriptor, &about) != 0) {
    status = unreadable();
  } else if (S_ISDIR(about.st_mode)) {
    status = invalid_argument("{}: is a directory, not a file", path);
  } else {
    // One byte more shows the end of a file that is as long as it says without growing the buffer.
    content.resize(static_cast<size_t>(about.st_size) + 1);
    if (!read_to_end(descriptor, content)) status = unreadable();
  }
  close(descriptor);
  return status;
}

std::string first_line_of(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
}

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  std::string beside = path + ".XXXXXX";
  const int descriptor = mkstemp(beside.data());
  if (descriptor < 0) return invalid_argument("{}: cannot be written ({})", path, std::strerror(errno));
  const auto fail = [&](const char* step) {
    const int reason = errno;
    close(descriptor);
    unlink(beside.c_str());
    return unavailable("{}: {} failed ({})", path, step, std::strerror(reason));
  };
  for (size_t written = 0; written < content.size();) {
    const ssize_t count = write(descriptor, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail("writing");
    written += static_cast<size_t>(count);
  }
  if (fchmod(descriptor, 0644) != 0) return fail("setting permissions");
  if (fsync(descriptor) != 0) return fail("syncing");
  if (rename(beside.c_str(), path.c_str()) != 0) return fail("renaming");
  close(descriptor);
  return {};
}

Status make_directories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return invalid_argument("{}: cannot be created ({})", path, error.message());
  return {};
}

Result<std::string> cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/ridgeline";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/ridgeline";
  return not_found("neither XDG_CACHE_HOME nor HOME is set: no place for a cache");
}

}  // namespace ridgeline
