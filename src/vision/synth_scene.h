#pragma once

#include <array>
#include <string_view>

#include "base/rng.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// The classes of the synthetic flowers; Latin and Cyrillic, in the order of their bytes.
inline constexpr std::array<std::string_view, 5> kSpeciesNames = {"daisy", "iris", "tulip", "Василёк",
                                                                  "Ромашка"};

/// A flower of one species, or a hybrid: half-way between its parents in every trait, whichever is named
/// first, so that no picture of it tells one parent from the other.
struct Parents {
  size_t first = 0;   ///< index into kSpeciesNames
  size_t second = 0;  ///< the same for a pure flower
};

/// Two to four flowers before a meadow with other flowers out of focus, at a random pose, light and white
/// balance. The detail scales with the picture, as in a photograph of more pixels.
Image paint_flowers(const Parents& parents, int width, int height, Rng& random);

}  // namespace ridgeline::vision
