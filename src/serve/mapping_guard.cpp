#include "serve/mapping_guard.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace ridgeline::serve {

/// A mapping that is guarded, or room for one. It is never freed: the handler may look at it at any time.
struct MappingGuard::Slot {
  std::atomic<bool> taken{true};
  std::atomic<uintptr_t> begin{0};  ///< 0: none. Written after `end`
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> cut{false};
  Slot* next = nullptr;
};

/// What a signal's handler can reach: a process has one for each signal.
struct BusErrors {
  using Slot = MappingGuard::Slot;

  // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): a handler is handed nothing else
  static inline std::atomic<Slot*> slots{nullptr};
  static inline struct sigaction before{};
  static inline uintptr_t page_bytes = 0;
  // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

  static void install() {
    static std::once_flag once;
    std::call_once(once, [] {
      page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
      struct sigaction action{};
      action.sa_sigaction = handle;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      sigaction(SIGBUS, &action, &before);
    });
  }

  static Slot& take_slot() {
    for (Slot* slot = slots.load(); slot != nullptr; slot = slot->next)
      if (!slot->taken.exchange(true)) return *slot;
    auto* const made = new Slot;  // NOLINT(cppcoreguidelines-owning-memory): stays, as the list does
    made->next = slots.load();
    while (!slots.compare_exchange_weak(made->next, made)) continue;
    return *made;
  }

  /// Calls only what may be called in a handler.
  static void handle(int, siginfo_t* fault, void*) {
    const auto address = reinterpret_cast<uintptr_t>(fault->si_addr);
    const int kept_errno = errno;
    for (Slot* slot = slots.load(); slot != nullptr; slot = slot->next) {
      const uintptr_t begin = slot->begin.load();
      const uintptr_t end = slot->end.load();
      if (begin == 0 || address < begin || address >= end) continue;
      slot->cut.store(true);
      const uintptr_t page = address / page_bytes * page_bytes;
      void* const zeros =
          mmap(reinterpret_cast<void*>(page),  // NOLINT(performance-no-int-to-ptr): the address of the fault
               end - page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      errno = kept_errno;
      if (zeros != MAP_FAILED) return;
    }
    sigaction(SIGBUS, &before, nullptr);  // on return the fault comes again, to whom it belongs
  }
};

MappingGuard::MappingGuard(std::span<std::byte> mapping) {
  BusErrors::install();
  slot_ = &BusErrors::take_slot();
  const auto begin = reinterpret_cast<uintptr_t>(mapping.data());
  slot_->cut.store(false);
  slot_->end.store(begin + mapping.size());
  slot_->begin.store(begin);
}

MappingGuard::~MappingGuard() {
  slot_->begin.store(0);
  slot_->taken.store(false);
}

bool MappingGuard::was_cut() const { return slot_->cut.load(); }

}  // namespace ridgeline::serve
