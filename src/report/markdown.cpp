#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/document.h"

namespace ridgeline::report {
namespace {

std::string cell_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string row_text(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += fmt::format(" {} |", cell_text(cell));
  return line + '\n';
}

struct MarkdownWriter {
  std::string operator()(const Heading& block) const {
    return fmt::format("{} {}\n", std::string(static_cast<size_t>(block.level), '#'), block.text);
  }
  std::string operator()(const Paragraph& block) const { return block.text + '\n'; }
  std::string operator()(const Bullets& block) const {
    std::string text;
    for (const std::string& item : block.items) text += fmt::format("- {}\n", item);
    return text;
  }
  std::string operator()(const Table& block) const {
    std::string text = row_text(block.header);
    text += row_text(std::vector<std::string>(block.header.size(), "---"));
    for (const auto& row : block.rows) text += row_text(row);
    return text;
  }
  std::string operator()(const Figure& block) const {
    return fmt::format("![{}](plots/{}.svg)\n", block.caption, block.stem);
  }
  std::string operator()(const Highlights& block) const {
    std::string text;
    for (const auto& item : block.items) text += fmt::format("- {}: **{}**\n", item.label, item.value);
    return text;
  }
};

}  // namespace

std::string to_markdown(const Document& document) {
  std::string text;
  for (const Block& block : document) {
    if (!text.empty()) text += '\n';
    text += std::visit(MarkdownWriter{}, block);
  }
  return text;
}

}  // namespace ridgeline::report
