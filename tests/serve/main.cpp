// The tests, and in a process that one of them has started the instance that it asked for.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <string_view>

#include "serve/backends/backends.h"
#include "serve/isolation/instance_process.h"
#include "serve/odd_backend.h"

namespace {

int run_instance(const ridgeline::serve::Backends& backends) {
  const ridgeline::Status ended = ridgeline::serve::run_instance_process(backends);
  if (!ended.ok()) fmt::print(stderr, "{}\n", ended.message());
  return ended.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "instance") return run_instance(ridgeline::serve::threaded_backends());
  if (first == "odd_instance") {
    ridgeline::serve::Backends odd;
    odd.emplace("identity", ridgeline::serve::odd_backend());
    return run_instance(odd);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
