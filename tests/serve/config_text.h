#pragma once

#include <gtest/gtest.h>
#include <string>

#include "serve/config/parse.h"

namespace ridgeline::serve {

/// A configuration that must be readable; an empty one where it is not.
inline ModelConfig config_of(const std::string& text) {
  const ParsedConfig parsed = parse_config(text, "config.pbtxt");
  EXPECT_TRUE(parsed.config) << (parsed.findings.empty() ? "" : to_string(parsed.findings.front()));
  return parsed.config.value_or(ModelConfig{});
}

/// One line per finding, the lines of a diff among them.
inline std::string text_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += to_string(finding) + "\n";
  return text;
}

}  // namespace ridgeline::serve
