#include "serve/core/submit.h"

#include "serve/core/answer_cache.h"

namespace ridgeline::serve {

void turn_away(Client& client, Status why) {
  client.answer(std::move(why));
  client.end();
}

void submit(const std::shared_ptr<ServedVersion>& version, Call call, const Origin& origin) {
  const std::shared_ptr<Client> client = call.client;
  Result<std::shared_ptr<Request>> made = Request::make(call, {version, &version->facts});
  if (!made.ok()) return turn_away(*client, std::move(made).status());
  std::shared_ptr<Request> request = std::move(made).value();
  if (origin.times) request->tell_times(origin.times);
  if (origin.nested) request->set_nested();
  if (version->facts.cache != nullptr && version->facts.cache->answers(*request)) return;
  version->put(std::move(request));
}

}  // namespace ridgeline::serve
