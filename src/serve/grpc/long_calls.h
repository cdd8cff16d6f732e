#pragma once

#include <map>
#include <memory>
#include <mutex>

namespace ridgeline::serve::grpc {

/// A call that lasts until its client ends it.
class LongCall {
 public:
  virtual ~LongCall() = default;
  /// Ends it as soon as nothing is owed to the client.
  virtual void end_soon() = 0;
};

/// The long calls of a server that is to stop one day. Thread-safe.
class LongCalls {
 public:
  /// One that comes when the others have been ended is ended too.
  void add(const std::shared_ptr<LongCall>& call);
  void remove(const LongCall* call);
  /// Those that there are; others may come.
  void end_present();
  void end_all();

 private:
  std::mutex mutex_;
  bool ending_ = false;  ///< all
  std::map<const LongCall*, std::weak_ptr<LongCall>> calls_;
};

}  // namespace ridgeline::serve::grpc
