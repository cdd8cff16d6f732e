#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/rng.h"
#include "serve/process/arena.h"
#include "serve/process/child_output.h"
#include "serve/process/frames.h"
#include "serve/process/tensors.h"
#include "serve/process/messages.h"
#include "serve/process/protocol.h"

namespace ridgeline::serve {
namespace {

constexpr uint64_t kArenaBytes = 1 << 20;

std::shared_ptr<Arena> arena_of(uint64_t bytes = kArenaBytes) {
  Result<std::shared_ptr<Arena>> arena = Arena::create(bytes);
  EXPECT_TRUE(arena.ok()) << arena.status().message();
  return std::move(arena).value();
}

/// What the other side does with a block that it is done with.
void free_block(const std::shared_ptr<Arena>& arena, uint64_t offset) {
  ASSERT_TRUE(PeerBlock::at(arena, offset, 0).ok());  // freed as the pointer goes
}

TEST(Arena, BlocksThatAreFreedAreUsedAgainLowestFirst) {
  const auto arena = arena_of();
  ArenaOwner owner(arena);
  std::vector<ArenaOwner::Block> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(owner.allocate(1000).value());
  EXPECT_EQ(blocks[0].offset, 0u);
  for (const auto& block : blocks) EXPECT_EQ(block.bytes.size(), 1000u);
  free_block(arena, blocks[1].offset);
  free_block(arena, blocks[2].offset);
  const auto again = owner.allocate(1500).value();
  EXPECT_EQ(again.offset, blocks[1].offset) << "two neighbours make room for one that is larger";
  EXPECT_GT(owner.allocate(1000).value().offset, blocks[3].offset);
  EXPECT_FALSE(owner.was_seen(blocks[0]));
  free_block(arena, blocks[0].offset);
  EXPECT_TRUE(owner.was_seen(blocks[0]));
}

TEST(Arena, MoreThanItHoldsIsAnErrorUntilRoomIsMade) {
  const auto arena = arena_of();
  ArenaOwner owner(arena);
  EXPECT_EQ(owner.allocate(kArenaBytes).status().code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(owner.allocate(UINT64_MAX).status().code(), ErrorCode::kOutOfMemory);
  const auto whole = owner.allocate(kArenaBytes - kBlockHead).value();
  EXPECT_EQ(owner.allocate(1).status().code(), ErrorCode::kOutOfMemory);
  owner.release(whole);
  EXPECT_TRUE(owner.allocate(1).ok());
}

TEST(Arena, RandomBlocksNeverOverlap) {
  const auto arena = arena_of();
  ArenaOwner owner(arena);
  Rng rng(7);
  std::vector<std::pair<ArenaOwner::Block, std::byte>> live;
  for (int i = 0; i < 5000; ++i) {
    const auto mark = static_cast<std::byte>(rng.below(256));
    const Result<ArenaOwner::Block> block = owner.allocate(rng.below(40'000));
    if (block.ok()) {
      std::memset(block->bytes.data(), static_cast<int>(mark), block->bytes.size());
      live.emplace_back(*block, mark);
    }
    if (block.ok() && live.size() < 20) continue;
    const size_t which = rng.below(live.size());
    for (const std::byte byte : live[which].first.bytes) ASSERT_EQ(byte, live[which].second);
    free_block(arena, live[which].first.offset);
    live.erase(live.begin() + static_cast<ptrdiff_t>(which));
  }
}

TEST(Arena, AChildCannotCutItShort) {
  const auto arena = arena_of();
  EXPECT_NE(ftruncate(arena->descriptor(), 0), 0);
  EXPECT_NE(ftruncate(arena->descriptor(), 2 * kArenaBytes), 0);
}

TEST(Arena, ABlockOfTheOtherSideLiesInside) {
  const auto arena = arena_of();
  EXPECT_TRUE(PeerBlock::at(arena, 0, kArenaBytes - kBlockHead).ok());
  for (const auto& [offset, bytes] : std::vector<std::pair<uint64_t, uint64_t>>{{0, kArenaBytes},
                                                                                {kArenaBytes, 0},
                                                                                {1, 8},
                                                                                {UINT64_MAX - 63, 64},
                                                                                {64, UINT64_MAX},
                                                                                {0, UINT64_MAX - 32}})
    EXPECT_EQ(PeerBlock::at(arena, offset, bytes).status().code(), ErrorCode::kInvalidArgument) << offset;
}

TEST(Frames, ArriveWholeHoweverTheyAreCut) {
  auto ends = FrameSocket::pair().value();
  FrameSocket other(std::move(ends.second));
  const std::vector<std::byte> large(300'000, std::byte{9});
  std::thread sender([&] {
    for (uint64_t tag = 0; tag < 20; ++tag)
      EXPECT_TRUE(ends.first.send(5, tag, std::span(large).first(tag * 15'000)).ok());
    ends.first.shut_down();
  });
  for (uint64_t tag = 0; tag < 20; ++tag) {
    const Result<Frame> frame = other.receive();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame->kind, 5u);
    EXPECT_EQ(frame->tag, tag);
    EXPECT_EQ(frame->body.size(), tag * 15'000);
  }
  EXPECT_EQ(other.receive().status().code(), ErrorCode::kUnavailable);
  sender.join();
  EXPECT_EQ(ends.first.send(1, 1, {}).code(), ErrorCode::kUnavailable);
}

TEST(Frames, PollNeverWaitsAndALengthThatIsTooLargeIsRefused) {
  auto ends = FrameSocket::pair().value();
  EXPECT_FALSE(ends.first.poll().value().has_value());
  const std::array<uint32_t, 4> head = {kMostFrameBytes + 1, 1, 0, 0};
  ASSERT_EQ(send(ends.second.get(), head.data(), 8, 0), 8);
  EXPECT_FALSE(ends.first.poll().value().has_value()) << "half a head";
  ASSERT_EQ(send(ends.second.get(), head.data() + 2, 8, 0), 8);
  EXPECT_EQ(ends.first.poll().status().code(), ErrorCode::kInvalidArgument);
}

TEST(ChildOutput, KeepsTheLastLines) {
  ChildOutput output = ChildOutput::create("m", nullptr).value();
  std::string text;
  for (int i = 0; i < 100; ++i) text += "line " + std::to_string(i) + "\n";
  text += "unfinished";
  ASSERT_EQ(write(output.child_descriptor(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_TRUE(output.read());
  EXPECT_FALSE(output.read());
  EXPECT_FALSE(output.at_end());
  output.started();
  EXPECT_FALSE(output.read());
  EXPECT_TRUE(output.at_end());
  EXPECT_THAT(output.tail(), testing::EndsWith("line 98\nline 99\nunfinished"));
  EXPECT_THAT(output.tail(), testing::Not(testing::HasSubstr("line 50\n")));
}

void put_block(Packer& packer, uint64_t offset, uint64_t bytes) {
  packer.put(offset);
  packer.put(bytes);
  packer.put(uint8_t{1});
}

void put_tensor(Packer& packer, std::string_view name, DType datatype, const std::vector<int64_t>& dims,
                uint64_t offset, uint64_t bytes) {
  packer.put_text(name);
  packer.put(static_cast<uint8_t>(datatype));
  packer.put(static_cast<uint8_t>(dims.size()));
  for (const int64_t dim : dims) packer.put(dim);
  packer.put(offset);
  packer.put(bytes);
}

/// Two answers and an error, as a process that behaves sends them.
Packer sound_answers(ArenaOwner& owner) {
  const auto block = owner.allocate(256).value();
  const uint32_t length = 3;
  std::memcpy(block.bytes.data() + 64, &length, sizeof length);
  Packer packer;
  put_block(packer, block.offset, block.bytes.size());
  packer.put(uint32_t{3});
  packer.put(static_cast<uint8_t>(AnswerKind::kTensors));
  packer.put_text("{\"a\": 1}");
  packer.put(uint32_t{2});
  put_tensor(packer, "F", DType::kF32, {2, 3}, 0, 24);
  put_tensor(packer, "S", DType::kString, {1}, 64, 7);
  packer.put(static_cast<uint8_t>(AnswerKind::kError));
  packer.put(uint8_t{5});
  packer.put_text("no");
  packer.put(static_cast<uint8_t>(AnswerKind::kNone));
  return packer;
}

/// Reads all that the answers point to, and counts it.
uint64_t touch(const std::vector<ModelAnswer>& answers) {
  uint64_t sum = 0;
  for (const ModelAnswer& answer : answers) {
    if (!answer || !answer->ok()) continue;
    for (const wire::OutputTensor& output : answer->value().response.outputs)
      for (const std::byte byte : output.data) sum += 1 + static_cast<uint64_t>(byte);
  }
  return sum;
}

TEST(PythonMessages, SoundAnswersAreTakenAndTheirBlockIsFreedWithThem) {
  const auto arena = arena_of();
  ArenaOwner owner(arena);
  const Packer packer = sound_answers(owner);
  {
    Unpacker unpacker(packer.body());
    const auto answers = take_answers(unpacker, {}, arena);
    ASSERT_TRUE(answers.ok()) << answers.status().message();
    ASSERT_EQ(answers->size(), 3u);
    const Answer& first = (*answers)[0]->value();
    EXPECT_EQ(first.response.parameters, (wire::Parameters{{"a", int64_t{1}}}));
    EXPECT_EQ(first.response.outputs.at(0).shape, Shape({2, 3}));
    EXPECT_EQ(first.response.outputs.at(1).data.size(), 7u);
    EXPECT_EQ((*answers)[1]->status().code(), ErrorCode::kUnsupported);
    EXPECT_FALSE((*answers)[2].has_value());
    EXPECT_GT(owner.allocate(1).value().offset, 0u);
  }
  EXPECT_EQ(owner.allocate(1).value().offset, 0u);
}

TEST(PythonMessages, BrokenAnswersAreRefusedAndNeverReachOutOfTheArena) {
  Rng rng(11);
  size_t taken = 0;
  size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto arena = arena_of(4096);
    ArenaOwner owner(arena);
    const Packer packer = sound_answers(owner);
    std::vector<std::byte> body(packer.body().begin(), packer.body().end());
    for (uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
      const size_t at = rng.below(body.size());
      const uint64_t kind = rng.below(4);
      if (kind == 0) body[at] = static_cast<std::byte>(rng.next());
      if (kind == 1) body[at] ^= static_cast<std::byte>(1U << rng.below(8));
      if (kind == 2) std::memset(&body[at], 0xff, std::min<size_t>(8, body.size() - at));
      if (kind == 3 && at > 0) body.resize(at);
    }
    Unpacker unpacker(body);
    const auto answers = take_answers(unpacker, {}, arena);
    if (answers.ok()) {
      ++taken;
      EXPECT_LE(touch(*answers), 256u * 4096);
    } else {
      ++refused;
      EXPECT_EQ(answers.status().code(), ErrorCode::kInvalidArgument);
    }
    (void)take_call(body, arena);
  }
  EXPECT_GT(taken, 100u) << "changes in names and values leave a message sound";
  EXPECT_GT(refused, 10'000u);
}

TEST(PythonMessages, EachLieAboutATensorIsNamed) {
  struct Lie {
    const char* what;
    DType datatype;
    std::vector<int64_t> dims;
    uint64_t offset, bytes;
  };
  const std::vector<Lie> lies = {{"outside", DType::kF32, {1 << 20}, 0, 4 << 20},
                                 {"outside by overflow", DType::kF32, {2}, UINT64_MAX - 3, 8},
                                 {"size too small", DType::kF32, {3}, 0, 8},
                                 {"size too large", DType::kF32, {1}, 0, 8},
                                 {"negative", DType::kF32, {-1, -2}, 0, 8},
                                 {"overflowing", DType::kF32, {int64_t{1} << 62, 4}, 0, 0},
                                 {"unknown type", static_cast<DType>(99), {1}, 0, 4},
                                 {"strings cut short", DType::kString, {1}, 64, 6},
                                 {"strings miscounted", DType::kString, {2}, 64, 7}};
  for (const Lie& lie : lies) {
    const auto arena = arena_of();
    ArenaOwner owner(arena);
    const auto block = owner.allocate(256).value();
    const uint32_t length = 3;
    std::memcpy(block.bytes.data() + 64, &length, sizeof length);
    Packer packer;
    put_block(packer, block.offset, block.bytes.size());
    packer.put(uint32_t{1});
    packer.put(static_cast<uint8_t>(AnswerKind::kTensors));
    packer.put_text("");
    packer.put(uint32_t{1});
    put_tensor(packer, "T", lie.datatype, lie.dims, lie.offset, lie.bytes);
    Unpacker unpacker(packer.body());
    EXPECT_FALSE(take_answers(unpacker, {}, arena).ok()) << lie.what;
  }
}

TEST(PythonMessages, StringsCannotBeChangedAfterTheyWereChecked) {
  const auto arena = arena_of();
  ArenaOwner owner(arena);
  const Packer packer = sound_answers(owner);
  Unpacker unpacker(packer.body());
  const auto answers = take_answers(unpacker, {}, arena);
  ASSERT_TRUE(answers.ok());
  std::memset(arena->at(0, 1024)->data(), 0xff, 1024);
  uint32_t length = 0;
  std::memcpy(&length, (*answers)[0]->value().response.outputs.at(1).data.data(), sizeof length);
  EXPECT_EQ(length, 3u);
}

}  // namespace
}  // namespace ridgeline::serve
