#pragma once

#include <fmt/format.h>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace ridgeline::serve {

using MetricLabels = std::map<std::string, std::string>;

/// Prometheus' text format, written one family after the other.
class MetricsPage {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(end_, "# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
  }

  /// A sample of the family, or of `suffix` behind its name.
  template <typename Number>
  void sample(const MetricLabels& labels, Number value, std::string_view suffix = "") {
    fmt::format_to(end_, "{}{}", name_, suffix);
    char separator = '{';
    for (const auto& [label, text] : labels) {
      fmt::format_to(end_, "{}{}=\"{}\"", separator, label, escaped(text, true));
      separator = ',';
    }
    fmt::format_to(end_, "{} {}\n", labels.empty() ? "" : "}", value);
  }

  std::string take() { return std::move(text_); }

 private:
  static std::string escaped(std::string_view text, bool quoted) {
    std::string out;
    for (const char c : text) {
      if (c == '\\' || (quoted && c == '"')) out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    return out;
  }

  std::string text_;
  std::back_insert_iterator<std::string> end_{text_};
  std::string name_;
};

}  // namespace ridgeline::serve
