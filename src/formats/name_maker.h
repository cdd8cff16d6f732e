#pragma once

#include <string>
#include <unordered_set>

namespace ridgeline::formats {

/// Keeps names unique over a model, its subgraphs and functions.
class NameMaker {
 public:
  /// The file uses this name somewhere: fresh() stays off it.
  void reserve(const std::string& name) { reserved_.insert(name); }

  /// `wanted`, or with a number behind it, so that no earlier or reserved name is met.
  std::string fresh(const std::string& wanted) {
    std::string name = wanted;
    for (size_t number = 1; !reserved_.insert(name).second; ++number)
      name = wanted + "_" + std::to_string(number);
    return name;
  }

  /// `name` itself the first time, then fresh ones.
  std::string claim(const std::string& name) { return claimed_.insert(name).second ? name : fresh(name); }

 private:
  std::unordered_set<std::string> reserved_;
  std::unordered_set<std::string> claimed_;
};

}  // namespace ridgeline::formats
