#include "serve/core/answer_cache.h"

namespace ridgeline::serve {
namespace {

using Clock = std::chrono::steady_clock;

void add_parameter(ContentHash& hash, const wire::Parameter& value) {
  hash.add(static_cast<int64_t>(value.index()));
  std::visit([&](const auto& held) { hash.add(fmt::format("{}", held)); }, value);
}

ContentKey key_of(const Request& request) {
  const wire::InferRequest& asked = request.request();
  ContentHash hash;
  hash.add(request.model().name).add(request.model().version);
  hash.add(std::ssize(asked.inputs));
  for (const wire::InputTensor& input : asked.inputs) {
    hash.add(input.name).add(static_cast<int64_t>(input.datatype));
    hash.add(static_cast<int64_t>(input.shape.rank()));
    for (const int64_t dim : input.shape) hash.add(dim);
    hash.add(input.data);
  }
  hash.add(std::ssize(asked.outputs));
  for (const wire::RequestedOutput& output : asked.outputs) hash.add(output.name);
  for (const auto& [name, value] : asked.parameters) {
    hash.add(name);
    add_parameter(hash, value);
  }
  return hash.key();
}

}  // namespace

bool AnswerCache::answers(Request& request) {
  const TimePoint begin = Clock::now();
  const ContentKey key = key_of(request);
  const std::shared_ptr<const Answer> found = kept_.find(key);
  const Nanos lookup = Clock::now() - begin;
  if (!found) {
    // The model's statistics live as long as the request that calls this.
    request.inspect([cache = shared_from_this(), key, lookup, &facts = request.model()](Answer& answer) {
      const TimePoint before = Clock::now();
      cache->insert(key, answer);
      facts.refusals->cache_miss(lookup + (Clock::now() - before));
    });
    return false;
  }
  Answer answer = *found;
  answer.keep_alive.push_back(found);
  request.answer(std::move(answer));
  request.set_times({}, request.rows(), 0);
  if (request.failed())
    request.model().refusals->failure(FailureReason::kOther, request.age());
  else
    request.model().refusals->cache_hit(request.age(), Nanos{0}, lookup);
  request.deliver();
  return true;
}

void AnswerCache::insert(const ContentKey& key, const Answer& answer) {
  auto copy = std::make_shared<Answer>();
  copy->response = answer.response;
  uint64_t bytes = 0;
  for (wire::OutputTensor& output : copy->response.outputs) {
    auto held = std::make_shared<const std::vector<std::byte>>(output.data.begin(), output.data.end());
    output.data = *held;
    bytes += held->size();
    copy->keep_alive.push_back(std::move(held));
  }
  kept_.insert(key, std::move(copy), bytes);
}

}  // namespace ridgeline::serve
