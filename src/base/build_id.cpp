#include "base/build_id.h"

#include <cstring>
#include <elf.h>
#include <link.h>
#include <span>
#include <string_view>

namespace ridgeline {
namespace {

size_t padded(size_t bytes) { return (bytes + 3) / 4 * 4; }

/// A segment of ELF notes: each a header, a name and a description, padded to 4 bytes.
std::string find_build_id(std::string_view notes) {
  ElfW(Nhdr) note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    const size_t name = sizeof note, content = name + padded(note.n_namesz);
    const size_t end = content + padded(note.n_descsz);
    if (end > notes.size()) break;
    const bool is_gnu = notes.substr(name, note.n_namesz) == std::string_view("GNU\0", 4);
    if (is_gnu && note.n_type == NT_GNU_BUILD_ID) return std::string(notes.substr(content, note.n_descsz));
    notes.remove_prefix(end);
  }
  return {};
}

struct Search {
  ElfW(Addr) code;
  std::string found{};
};

/// Of the program or library whose segments hold the code looked for.
int visit(dl_phdr_info* object, size_t, void* context) {
  auto& search = *static_cast<Search*>(context);
  bool is_ours = false;
  for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    const ElfW(Addr) begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && search.code >= begin && search.code - begin < segment.p_memsz)
      is_ours = true;
    if (segment.p_type == PT_NOTE && search.found.empty())
      search.found = find_build_id({reinterpret_cast<const char*>(begin), segment.p_memsz});
  }
  if (!is_ours) search.found.clear();
  return is_ours ? 1 : 0;
}

}  // namespace

std::string build_id() {
  Search search{reinterpret_cast<ElfW(Addr)>(&build_id)};
  dl_iterate_phdr(visit, &search);
  return search.found;
}

}  // namespace ridgeline
