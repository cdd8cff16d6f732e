#include "quantize/search.h"

#include <algorithm>

namespace ridgeline::quantize {

Result<SearchResult> search_float_layers(size_t layers, const std::function<Result<bool>(size_t)>& holds) {
  SearchResult found{.float_layers = layers};
  size_t fails_at = 0;  // the largest count that is known to be too small, plus one
  for (size_t count = 0; fails_at < layers; count = std::min(std::max<size_t>(2 * count, 1), layers - 1)) {
    ++found.trials;
    ASSIGN_OR_RETURN(found.reached, holds(count));
    if (found.reached) {
      found.float_layers = count;
      break;
    }
    fails_at = count + 1;
  }
  while (found.reached && fails_at < found.float_layers) {
    const size_t middle = fails_at + (found.float_layers - fails_at) / 2;
    ++found.trials;
    ASSIGN_OR_RETURN(const bool is_enough, holds(middle));
    if (is_enough)
      found.float_layers = middle;
    else
      fails_at = middle + 1;
  }
  return found;
}

}  // namespace ridgeline::quantize
