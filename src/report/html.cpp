#include <cctype>
#include <fmt/format.h>

#include "report/document.h"

namespace ridgeline::report {
namespace {

constexpr std::string_view kStyle = R"css(
:root { --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --tint: #f5f7f9; --accent: #0b62a4; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink); background: #fff;
       font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
p, ul, figcaption { max-width: 48rem; }
h1 { max-width: 48rem; font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.35rem; margin: 2.6rem 0 .8rem; padding-top: .9rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .5rem; }
code { overflow-wrap: anywhere; font: .9em ui-monospace, "DejaVu Sans Mono", monospace; background: var(--tint); padding: .1em .3em; border-radius: 3px; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { text-align: left; white-space: normal; vertical-align: bottom; color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); }
th, td { padding: .32rem .7rem .32rem 0; }
td { border-bottom: 1px solid var(--line); }
tr:not(:first-child):has(> td:first-child > strong) > td { border-top: 2px solid var(--line); }
td.number, th.number { text-align: right; padding-left: .7rem; }
td.long { white-space: normal; min-width: 16rem; }
figure { margin: 1.4rem 0 2rem; max-width: 60rem; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--soft); font-size: .88rem; }
.highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
.highlights div { background: var(--tint); border-left: 3px solid var(--accent); padding: .8rem 1rem; }
.highlights b { display: block; font-size: 1.25rem; line-height: 1.25; }
.highlights span { color: var(--soft); font-size: .85rem; line-height: 1.35; display: block; margin-top: .25rem; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
)css";

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// Turns each pair of `mark` into an element.
std::string paired(const std::string& text, std::string_view mark, std::string_view element) {
  std::string html;
  size_t from = 0;
  for (;;) {
    const size_t open = text.find(mark, from);
    const size_t close = open == std::string::npos ? open : text.find(mark, open + mark.size());
    if (close == std::string::npos) return html + text.substr(from);
    html += text.substr(from, open - from);
    html +=
        fmt::format("<{0}>{1}</{0}>", element, text.substr(open + mark.size(), close - open - mark.size()));
    from = close + mark.size();
  }
}

std::string inline_html(std::string_view text) {
  return paired(paired(escaped(text), "**", "strong"), "`", "code");
}

/// "12.3", "–", "<0.1", "7.5 ×"; not "64: 1, 4".
bool is_numeric(const std::string& text) {
  const bool starts_so = !text.empty() && (std::isdigit(static_cast<unsigned char>(text.front())) != 0 ||
                                           text.starts_with("–") || text.front() == '<');
  return starts_so && text.find(": ") == std::string::npos;
}

/// A column is aligned as numbers when every row of it starts like one.
std::vector<bool> numeric_columns(const Table& table) {
  std::vector<bool> numeric(table.header.size(), !table.rows.empty());
  for (const auto& row : table.rows)
    for (size_t i = 0; i < row.size(); ++i) numeric[i] = numeric[i] && is_numeric(row[i]);
  return numeric;
}

/// An SVG file starts with an XML declaration and a doctype that have no place inside a page.
std::string_view svg_element(std::string_view file) {
  const size_t start = file.find("<svg");
  return start == std::string_view::npos ? std::string_view{} : file.substr(start);
}

struct HtmlWriter {
  std::string operator()(const Heading& block) const {
    return fmt::format("<h{0}>{1}</h{0}>\n", block.level, inline_html(block.text));
  }
  std::string operator()(const Paragraph& block) const {
    return fmt::format("<p>{}</p>\n", inline_html(block.text));
  }
  std::string operator()(const Bullets& block) const {
    std::string html = "<ul>\n";
    for (const std::string& item : block.items) html += fmt::format("<li>{}</li>\n", inline_html(item));
    return html + "</ul>\n";
  }
  std::string operator()(const Table& block) const {
    constexpr size_t kLongText = 40;
    const std::vector<bool> numeric = numeric_columns(block);
    std::string html = "<div class=\"scroll\"><table>\n<thead><tr>";
    for (size_t i = 0; i < block.header.size(); ++i)
      html +=
          fmt::format("<th{}>{}</th>", numeric[i] ? " class=\"number\"" : "", inline_html(block.header[i]));
    html += "</tr></thead>\n<tbody>\n";
    for (const auto& row : block.rows) {
      html += "<tr>";
      for (size_t i = 0; i < row.size(); ++i) {
        const char* style = numeric[i]                  ? " class=\"number\""
                            : row[i].size() > kLongText ? " class=\"long\""
                                                        : "";
        html += fmt::format("<td{}>{}</td>", style, inline_html(row[i]));
      }
      html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
  }
  std::string operator()(const Figure& block) const {
    return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", svg_element(block.svg),
                       inline_html(block.caption));
  }
  std::string operator()(const Highlights& block) const {
    std::string html = "<div class=\"highlights\">\n";
    for (const auto& item : block.items)
      html += fmt::format("<div><b>{}</b><span>{}</span></div>\n", inline_html(item.value),
                          inline_html(item.label));
    return html + "</div>\n";
  }
};

std::string title_of(const Document& document) {
  for (const Block& block : document)
    if (const auto* heading = std::get_if<Heading>(&block)) return heading->text;
  return "Ridgeline";
}

}  // namespace

std::string to_html(const Document& document, const std::string& language) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      language, escaped(title_of(document)), kStyle);
  for (const Block& block : document) html += std::visit(HtmlWriter{}, block);
  return html + "</body>\n</html>\n";
}

}  // namespace ridgeline::report
