#pragma once

#include <cstdint>

namespace ridgeline {

/// How many descriptors this process may have open, after its soft limit was raised to the hard one: shells
/// and service managers give 1024 for programs that use select(), which we do not.
int64_t raise_descriptor_limit();

/// Whether so few are left that no connection should take one: files must still be read, and children
/// started. The kernel gives the lowest free number, so a new descriptor tells how many there are.
bool is_among_the_last(int descriptor);

}  // namespace ridgeline
