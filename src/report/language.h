#pragma once

#include <fmt/format.h>
#include <string>
#include <string_view>

namespace ridgeline::report {

enum class Language { kEnglish, kRussian };

/// What is left of `text` from its first placeholder on; empty when it has none.
constexpr std::string_view from_placeholder(std::string_view text) {
  const size_t open = text.find('{');
  return open == std::string_view::npos ? std::string_view() : text.substr(open);
}

/// Whether both ask for the same values in the same form and order.
constexpr bool same_placeholders(std::string_view a, std::string_view b) {
  for (a = from_placeholder(a), b = from_placeholder(b); !a.empty() && !b.empty();
       a = from_placeholder(a.substr(1)), b = from_placeholder(b.substr(1)))
    if (a.substr(0, a.find('}')) != b.substr(0, b.find('}'))) return false;
  return a.empty() && b.empty();
}

/// The same sentence in each language, with fmt's placeholders; one that lacks a value does not compile.
struct Phrase {
  consteval Phrase(std::string_view english, std::string_view russian) : en(english), ru(russian) {
    if (!same_placeholders(english, russian)) throw "the languages differ in their placeholders";
  }
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
