#pragma once

#include <set>
#include <string>

namespace ridgeline::serve {

/// Names of the folders within one, through symbolic links, without hidden ones; empty where there is none.
std::set<std::string> folders_in(const std::string& path);

/// Names of everything within a folder but hidden entries.
std::set<std::string> entries_in(const std::string& path);

}  // namespace ridgeline::serve
