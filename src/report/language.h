#pragma once

#include <fmt/format.h>
#include <string>
#include <string_view>

namespace ridgeline::report {

enum class Language { kEnglish, kRussian };

/// The same sentence in each language; placeholders are fmt's and come in the same order.
struct Phrase {
  std::string_view en, ru;
};

/// Fills phrases in the language of the report.
class Speaker {
 public:
  explicit Speaker(Language language) : language_(language) {}
  template <typename... Args>
  std::string operator()(const Phrase& phrase, const Args&... args) const {
    return fmt::format(fmt::runtime(language_ == Language::kRussian ? phrase.ru : phrase.en), args...);
  }

 private:
  Language language_;
};

}  // namespace ridgeline::report
