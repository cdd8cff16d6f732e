#pragma once

#include <string>

namespace ridgeline {

/// Bytes that the linker wrote into this program: others for other code. Empty where it wrote none.
std::string build_id();

}  // namespace ridgeline
