#include "base/json.h"

#include "base/file.h"

namespace ridgeline {

Result<Json> parse_json(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return invalid_argument("{}: not valid JSON at byte {}", what, error.byte);
  }
}

Result<Json> read_json(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  return parse_json(text, path);
}

std::string text_at(const Json& document, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  return document.contains(place) && document[place].is_string() ? document[place] : "";
}

double number_at(const Json& document, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  return document.contains(place) && document[place].is_number() ? document[place].get<double>() : 0;
}

}  // namespace ridgeline
