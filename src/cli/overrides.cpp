#include "cli/overrides.h"

#include <algorithm>

#include "base/spelling.h"

namespace ridgeline::cli {
namespace {

/// The parts of `text` between commas that are outside brackets and quotes.
Result<std::vector<std::string>> split_values(const std::string& text) {
  std::vector<std::string> values(1);
  int depth = 0;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    else if (c == '[' || c == '{')
      ++depth;
    else if (c == ']' || c == '}')
      --depth;
    if (c == ',' && depth == 0 && quote == 0)
      values.emplace_back();
    else
      values.back() += c;
  }
  if (quote != 0 || depth != 0) return invalid_argument("a bracket or quote is not closed");
  const bool gap = values.size() > 1 && std::ranges::find(values, "") != values.end();
  if (gap) return invalid_argument("a value is missing beside a comma");
  return values;
}

/// The override with each of its values.
Result<std::vector<Override>> parse_word(const std::string& word) {
  const bool removes = word.starts_with('~');
  const bool adds = word.starts_with('+');
  const size_t start = removes || adds ? 1 : 0;
  const size_t equals = word.find('=');
  const std::string key = word.substr(start, equals == std::string::npos ? equals : equals - start);
  if (key.empty() || key.find_first_of(" ~+,/") != std::string::npos ||
      removes != (equals == std::string::npos))
    return invalid_argument("is not KEY=VALUE, +KEY=VALUE or ~KEY");
  if (removes) return std::vector<Override>{{OverrideKind::kRemove, key, "", false}};
  ASSIGN_OR_RETURN(const std::vector<std::string> values, split_values(word.substr(equals + 1)));
  std::vector<Override> overrides;
  for (const std::string& value : values)
    overrides.push_back({adds ? OverrideKind::kAdd : OverrideKind::kSet, key, value, values.size() > 1});
  return overrides;
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

Result<std::vector<std::vector<Override>>> expand_overrides(std::span<const std::string> words) {
  constexpr size_t kMostRuns = 10'000;
  std::vector<std::vector<Override>> runs(1);
  for (const std::string& word : words) {
    Result<std::vector<Override>> choices = parse_word(word);
    if (!choices.ok()) return std::move(choices).status().with_context(fmt::format("'{}'", word));
    if (runs.size() * choices->size() > kMostRuns)
      return invalid_argument("'{}': these lists make more than {} runs", word, kMostRuns);
    std::vector<std::vector<Override>> longer;
    for (const std::vector<Override>& run : runs)
      for (const Override& choice : *choices) {
        longer.push_back(run);
        longer.back().push_back(choice);
      }
    runs = std::move(longer);
  }
  return runs;
}

std::string name_of_run(std::span<const Override> overrides) {
  std::string name;
  for (const Override& change : overrides)
    if (change.swept) name += fmt::format("{}{}={}", name.empty() ? "" : ",", change.key, change.value);
  return name;
}

std::string suggestion(std::string_view word, std::span<const std::string> names) {
  std::vector<std::pair<size_t, std::string>> near;
  const size_t tolerance = std::max<size_t>(2, word.size() / 4);
  for (const std::string& name : names) {
    const size_t distance = edit_distance(word, name);
    if (last_part(name) == last_part(word))
      near.emplace_back(0, name);
    else if (distance <= tolerance && distance < word.size())
      near.emplace_back(distance, name);
  }
  std::ranges::stable_sort(near, {}, &std::pair<size_t, std::string>::first);
  std::string list;
  for (size_t i = 0; i < std::min<size_t>(near.size(), 3); ++i) list += (i == 0 ? "" : ", ") + near[i].second;
  return list.empty() ? "" : fmt::format("; did you mean {}?", list);
}

}  // namespace ridgeline::cli
