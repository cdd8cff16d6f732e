#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/status.h"

/// The Python side of this backend, carried within the binary.
namespace ridgeline::serve {

struct StubModule {
  std::string_view name;
  std::string_view source;
};
/// Generated from stub/ by the build.
std::span<const StubModule> stub_modules();
/// What `python3 -c` is given: it reads the modules from descriptor kFileDescriptor and starts serve.py.
std::string_view stub_boot();

/// A file in memory with all modules, to be read from its beginning.
Result<Descriptor> stub_file();

}  // namespace ridgeline::serve
