#pragma once

#include <filesystem>
#include <string>

namespace ridgeline::serve {

/// Writes a fresh P-256 key and a certificate of it for `common_name`, both PEM.
void write_self_signed(const std::string& common_name, const std::filesystem::path& certificate,
                       const std::filesystem::path& key);

}  // namespace ridgeline::serve
