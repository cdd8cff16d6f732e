#include "serve/process/calls.h"

#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ridgeline::serve {
namespace {

class CallingModel : public Client {
 public:
  CallingModel(uint64_t call, std::shared_ptr<CallAnswers> answers)
      : call_(call), answers_(std::move(answers)) {}

  void answer(Result<Answer> answer) override { answers_->push({call_, std::move(answer), false, {}}); }
  void end() override { answers_->push({call_, std::nullopt, true, {}}); }
  bool has_gone() const override { return answers_->closed(); }

 private:
  const uint64_t call_;
  const std::shared_ptr<CallAnswers> answers_;
};

}  // namespace

Result<std::shared_ptr<CallAnswers>> CallAnswers::create() {
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake.get() < 0) return unavailable("cannot wait for a model's calls: {}", std::strerror(errno));
  return std::shared_ptr<CallAnswers>(new CallAnswers(std::move(wake)));
}

void CallAnswers::push(Entry entry) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  entries_.push_back(std::move(entry));
  eventfd_write(wake_.get(), 1);
}

std::vector<CallAnswers::Entry> CallAnswers::take() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  eventfd_read(wake_.get(), &count);
  return std::exchange(entries_, {});
}

void CallAnswers::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  entries_.clear();
}

bool CallAnswers::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::shared_ptr<Client> calling_model(uint64_t call, std::shared_ptr<CallAnswers> answers) {
  return std::make_shared<CallingModel>(call, std::move(answers));
}

}  // namespace ridgeline::serve
