#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline {

/// The whole file. kNotFound or kInvalidArgument (a directory, unreadable) naming the path.
Result<std::string> read_file(const std::string& path);
/// The same into `content`, with the memory it has where that is enough.
Status read_file(const std::string& path, std::string& content);

/// The first line without its end; empty where the file cannot be read. For what the kernel tells under /proc
/// and /sys.
std::string first_line_of(const std::string& path);

/// A regular file or a folder that can be looked at, through symbolic links.
bool is_file(const std::string& path);
bool is_folder(const std::string& path);

/// Writes beside `path`, then renames: readers see the old content or the whole new one, never a half.
Status write_file_atomically(const std::string& path, std::string_view content);

/// The directory and its parents exist afterwards.
Status make_directories(const std::string& path);

/// Where the program keeps what it can make again: ${XDG_CACHE_HOME:-~/.cache}/ridgeline, which need not
/// exist. kNotFound where neither variable is set.
Result<std::string> cache_folder();

}  // namespace ridgeline
