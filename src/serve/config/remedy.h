#pragma once

#include <string>
#include <string_view>

namespace ridgeline::serve {

/// One of protobuf's messages about a faulty config.pbtxt in our words, with the remedy: the name that was
/// probably meant, the message that a field belongs into, the values that an enumeration has.
std::string remedied(const std::string& message);

/// The word of the file that the message is about where protobuf points behind it; empty where it points at
/// what is wrong.
std::string_view culprit_of(std::string_view message);

}  // namespace ridgeline::serve
