#pragma once

#include <string>
#include <variant>
#include <vector>

namespace ridgeline::report {

/// Text of every block may hold **strong** and `code`; nothing else is markup, all of it is escaped by the
/// writers.
struct Heading {
  int level = 1;  ///< 1 is the title
  std::string text;
};
struct Paragraph {
  std::string text;
};
struct Bullets {
  std::vector<std::string> items;
};
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};
/// A plot written as plots/<stem>.svg and .png.
struct Figure {
  std::string stem;
  std::string caption;
  std::string svg;  ///< the drawing itself, for pages that carry everything in one file
};
/// The few numbers a reader came for.
struct Highlights {
  struct Item {
    std::string value;
    std::string label;
  };
  std::vector<Item> items;
};

using Block = std::variant<Heading, Paragraph, Bullets, Table, Figure, Highlights>;
using Document = std::vector<Block>;

/// Puts "2. " before headings of level 2 and "2.1 " before those of level 3.
void number_headings(Document& document);

/// Figures are linked as plots/<stem>.svg.
std::string to_markdown(const Document& document);

/// One self-contained page: styles and figures inside, no script, nothing fetched. `language` is "en" or
/// "ru".
std::string to_html(const Document& document, const std::string& language);

}  // namespace ridgeline::report
