#include "report/document.h"

#include <fmt/format.h>

namespace ridgeline::report {

void number_headings(Document& document) {
  int chapter = 0, section = 0;
  for (Block& block : document) {
    auto* heading = std::get_if<Heading>(&block);
    if (heading == nullptr || heading->level < 2) continue;
    if (heading->level == 2) {
      section = 0;
      heading->text = fmt::format("{}. {}", ++chapter, heading->text);
    } else {
      heading->text = fmt::format("{}.{} {}", chapter, ++section, heading->text);
    }
  }
}

}  // namespace ridgeline::report
