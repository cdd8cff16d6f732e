#include "serve/grpc/front.h"

#include <algorithm>
#include <cctype>

namespace ridgeline::serve::grpc {
namespace {

/// As headers travel in HTTP/2.
std::string header_name(std::string_view key) {
  std::string name = "triton-grpc-protocol-";
  std::ranges::transform(key, std::back_inserter(name),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return name;
}

}  // namespace

Status permit(const Front& front, const ::grpc::ServerContextBase& context, std::string_view access_class) {
  const auto missing = front.options.access.missing_header(
      access_class, [&context](std::string_view key) { return header_of(context, header_name(key)); });
  if (!missing) return {};
  return unavailable("This protocol is restricted, expecting header '{}'", header_name(*missing));
}

std::string_view header_of(const ::grpc::ServerContextBase& context, const std::string& name) {
  const auto& headers = context.client_metadata();
  const auto found = headers.find(name);
  if (found == headers.end()) return {};
  return {found->second.data(), found->second.size()};
}

std::optional<TraceContext> trace_of(const ::grpc::ServerContextBase& context) {
  const auto [first, end] = context.client_metadata().equal_range(TraceContext::kHeader);
  if (first == end || std::next(first) != end) return {};  // several are as good as none
  return parse_traceparent({first->second.data(), first->second.size()});
}

Status check_version(const std::string& version) {
  constexpr std::string_view kFailed = "failed to get model version from specified version string";
  const auto is_digit = [](unsigned char letter) { return std::isdigit(letter) != 0; };
  constexpr size_t kMostDigits = 18;  // of any int64
  if (!std::ranges::all_of(version, is_digit) || version.size() > kMostDigits)
    return invalid_argument("{} '{}' (details: stol), version should be an integral value > 0", kFailed,
                            version);
  if (!version.empty() && version.find_first_not_of('0') == std::string::npos)
    return invalid_argument("{} '{}', version should be an integral value > 0", kFailed, version);
  return {};
}

}  // namespace ridgeline::serve::grpc
