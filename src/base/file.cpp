#include "base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ridgeline {
namespace fs = std::filesystem;

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return not_found("{}: no such file", path);
  if (fs::is_directory(path, error)) return invalid_argument("{}: is a directory, not a file", path);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return invalid_argument("{}: cannot be read ({})", path, std::strerror(errno));
  std::ostringstream content;
  content << stream.rdbuf();
  return std::move(content).str();
}

std::string first_line_of(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return line;
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

}  // namespace ridgeline
