// Where a batch's bytes lie: copied at most once on the way in, and not again on the way out.

#include <gmock/gmock.h>

#include "config_text.h"
#include "recorded_job.h"
#include "serve/backends/batch_input.h"
#include "serve/backends/buffer_pool.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;

const ModelConfig& config() {
  static const ModelConfig kConfig =
      config_of("max_batch_size: 8 input { name: \"x\" data_type: TYPE_FP32 dims: [ 2 ] }");
  return kConfig;
}

Tensor counting(int64_t rows, float from) {
  Tensor tensor = Tensor::zeros(DType::kF32, {rows, 2}).value();
  for (float& value : tensor.as<float>()) value = from++;
  return tensor;
}

/// Requests of these rows, one after the other in a batch, and the memory of a session.
class Gather : public testing::Test {
 protected:
  void add(int64_t rows) {
    const float from = static_cast<float>(10 * (jobs_.size() + 1));
    jobs_.push_back(
        std::make_unique<RecordedJob>(std::vector<RecordedJob::Input>{{"x", counting(rows, from)}}, rows));
    Member member = member_of(*jobs_.back(), config()).value();
    member.first_row = members_.empty() ? 0 : members_.back().end_row();
    members_.push_back(std::move(member));
  }

  std::vector<float> gathered(RowRange range, int64_t session_rows) {
    arena_ = Tensor::zeros(DType::kF32, {session_rows, 2}).value();
    const TensorView view = gather(members_, 0, range, arena_.view());
    in_place_ = view.data != arena_.data();
    return {view.as<float>().begin(), view.as<float>().end()};
  }

  std::vector<std::unique_ptr<RecordedJob>> jobs_;
  std::vector<Member> members_;
  Tensor arena_;
  bool in_place_ = false;
};

TEST_F(Gather, LaysRequestsOneBehindTheOtherAndLeavesThePaddingAlone) {
  add(1);
  add(2);
  EXPECT_THAT(gathered({0, 3}, 4), ElementsAre(10, 11, 20, 21, 22, 23, 0, 0));
  EXPECT_FALSE(in_place_);
}

TEST_F(Gather, TakesThePartsOfRequestsThatLieInItsRows) {
  add(2);
  add(3);
  EXPECT_THAT(gathered({1, 2}, 2), ElementsAre(12, 13, 20, 21));
  EXPECT_THAT(gathered({3, 2}, 2), ElementsAre(22, 23, 24, 25));
}

TEST_F(Gather, LeavesOneAlignedRequestThatIsAllWhereItLies) {
  add(4);
  EXPECT_THAT(gathered({0, 4}, 4), ElementsAre(10, 11, 12, 13, 14, 15, 16, 17));
  EXPECT_TRUE(in_place_);
  EXPECT_THAT(gathered({1, 1}, 1), ElementsAre(12, 13));  // eight bytes behind the alignment
  EXPECT_FALSE(in_place_);
  gathered({0, 4}, 8);
  EXPECT_FALSE(in_place_);
}

TEST_F(Gather, LeavesRequestsThatLieOneBehindTheOtherWhereTheyLie) {
  const Tensor all = counting(3, 10);
  const auto rows = [&](size_t first, size_t count) {
    return std::span<const std::byte>(all.data() + first * 8, count * 8);
  };
  add(1);
  add(2);
  jobs_[0]->changeable().inputs[0].data = rows(0, 1);
  jobs_[1]->changeable().inputs[0].data = rows(1, 2);
  EXPECT_THAT(gathered({0, 3}, 3), ElementsAre(10, 11, 12, 13, 14, 15));
  EXPECT_TRUE(in_place_);
  jobs_[0]->changeable().inputs[0].data = rows(2, 1);
  jobs_[1]->changeable().inputs[0].data = rows(0, 2);
  EXPECT_THAT(gathered({0, 3}, 3), ElementsAre(14, 15, 10, 11, 12, 13));
  EXPECT_FALSE(in_place_);
}

TEST(GatherIndices, AreCopiedEvenWhereTheyAreAligned) {
  const ModelConfig indices =
      config_of("max_batch_size: 8 input { name: \"i\" data_type: TYPE_INT64 dims: [ 2 ] }");
  const std::vector<int64_t> values = {3, 1, 4, 1};
  RecordedJob job({{"i", Tensor::from_values<int64_t>({2, 2}, values).value()}}, 2);
  const std::vector<Member> members = {member_of(job, indices).value()};
  Tensor arena = Tensor::zeros(DType::kI64, {2, 2}).value();
  EXPECT_EQ(gather(members, 0, {0, 2}, arena.view()).data, arena.data());
  EXPECT_THAT(arena.as<int64_t>(), ElementsAre(3, 1, 4, 1));
}

TEST(MemberOf, IsRefusedWhereItsInputIsNotWhatItSays) {
  const auto refused = [](int64_t rows, const auto& change) {
    RecordedJob job({{"x", counting(2, 0)}}, rows);
    change(job.changeable().inputs[0]);
    return member_of(job, config()).status().code() == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused(2, [](wire::InputTensor& x) { x.data = x.data.first(12); }));
  EXPECT_TRUE(refused(2, [](wire::InputTensor& x) { x.datatype = DType::kI32; }));
  EXPECT_TRUE(refused(2, [](wire::InputTensor& x) { x.name = "y"; }));
  EXPECT_TRUE(refused(1, [](wire::InputTensor&) {}));
}

TEST(BufferPool, GivesABufferAgainOnceTheLastOwnerLetsGo) {
  BufferPool pool;
  BufferPool::Buffer first = pool.take(1000).value();
  const std::byte* const data = first.bytes.data();
  EXPECT_EQ(first.bytes.size(), 1000U);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % kTensorAlignment, 0U);
  std::shared_ptr<const void> other_owner = first.owner;
  first.owner.reset();
  const BufferPool::Buffer second = pool.take(1000).value();
  EXPECT_NE(second.bytes.data(), data);
  other_owner.reset();
  EXPECT_EQ(pool.take(900)->bytes.data(), data);
}

TEST(BufferPool, LeavesLargeBuffersToLargeAnswersAndMayGoBeforeItsBuffers) {
  auto pool = std::make_unique<BufferPool>();
  const std::byte* large = nullptr;
  {
    const BufferPool::Buffer buffer = pool->take(1 << 20).value();
    large = buffer.bytes.data();
  }
  const BufferPool::Buffer small = pool->take(100).value();
  EXPECT_NE(small.bytes.data(), large);
  pool.reset();
  small.bytes[99] = std::byte{1};
}

}  // namespace
}  // namespace ridgeline::serve
