#include "serve/python/stub.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"

namespace ridgeline::serve {

Result<Descriptor> stub_file() {
  Json modules = Json::object();
  for (const StubModule& module : stub_modules()) modules[std::string(module.name)] = module.source;
  const std::string text = modules.dump();
  Descriptor file(memfd_create("ridgeline-stub", MFD_CLOEXEC));
  for (size_t written = 0; file.get() >= 0 && written < text.size();) {
    const ssize_t count = write(file.get(), text.data() + written, text.size() - written);
    if (count < 0) file.reset();
    written += static_cast<size_t>(std::max<ssize_t>(0, count));
  }
  if (file.get() < 0 || lseek(file.get(), 0, SEEK_SET) != 0)
    return out_of_memory("cannot hand the stub to a Python process: {}", std::strerror(errno));
  return file;
}

}  // namespace ridgeline::serve
