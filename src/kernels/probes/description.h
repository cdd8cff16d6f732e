#pragma once

#include <string>

namespace ridgeline::kernels {

/// Model, family, stepping and caches of CPU 0 in one line, for people and for telling machines apart.
std::string describe_cpu();

}  // namespace ridgeline::kernels
