#include <algorithm>

#include "report/phrases_discussion.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

void answer_best(const Story& story, Document& document) {
  const Findings& found = story.findings;
  const Cell& best = *found.winner;
  document.push_back(Heading{3, story.say(phrase::kAskBest)});
  std::string answer = story.say(phrase::kAnswerBest, approach_of(best).label(), number_text(best.fps),
                                 size_text(best), best.batch, number_text(best.ms_per_image));
  if (found.runner_up != nullptr)
    answer += ' ' + story.say(found.clear ? phrase::kAnswerClear : phrase::kAnswerTie,
                              approach_of(*found.runner_up).label());
  document.push_back(Paragraph{answer});
}

void answer_speedup(const Story& story, Document& document) {
  Bullets answers;
  for (const ApproachSummary& summary : story.findings.approaches)
    if (summary.speedup && summary.approach.label() != story.baseline)
      answers.items.push_back(
          story.say(phrase::kAnswerSpeedup, summary.approach.label(), range_text(*summary.speedup)));
  if (answers.items.empty()) return;
  document.push_back(Heading{3, story.say(phrase::kAskSpeedup, story.baseline)});
  document.push_back(answers);
}

double megapixels_per_second(const Cell& cell) {
  return *cell.fps * static_cast<double>(cell.height) * static_cast<double>(cell.width) * 1e-6;
}

/// The rows of the winner's approach at its batch, smallest image first.
std::vector<const Cell*> sizes_of_winner(const Findings& found) {
  std::vector<const Cell*> cells;
  for (const Cell* cell : found.ok)
    if (approach_of(*cell) == approach_of(*found.winner) && cell->batch == found.winner->batch)
      cells.push_back(cell);
  std::sort(cells.begin(), cells.end(),
            [](auto* a, auto* b) { return a->height * a->width < b->height * b->width; });
  return cells;
}

void answer_size(const Story& story, Document& document) {
  const auto& say = story.say;
  const auto cells = sizes_of_winner(story.findings);
  const Cell& small = *cells.front();
  const Cell& large = *cells.back();
  document.push_back(Heading{3, say(phrase::kAskSize)});
  if (small.height == large.height && small.width == large.width) {
    document.push_back(Paragraph{say(phrase::kAnswerOneSize, size_text(small))});
    return;
  }
  document.push_back(
      Paragraph{say(phrase::kAnswerSize, approach_of(small).label(), number_text(small.fps), size_text(small),
                    number_text(large.fps), size_text(large), number_text(megapixels_per_second(small)),
                    number_text(megapixels_per_second(large))) +
                ' ' + say(phrase::kBestSize, size_text(*story.findings.winner))});
}

/// Whether small batches leave the hardware idle, by the winner's time per image.
std::string best_batch(const Story& story) {
  constexpr double kSlack = 1.05;
  const Cell& best = *story.findings.winner;
  const Cell* smallest = &best;
  for (const Cell* cell : story.findings.ok)
    if (approach_of(*cell) == approach_of(best) && cell->height == best.height && cell->width == best.width &&
        cell->threads == best.threads && cell->data == best.data && cell->batch < smallest->batch)
      smallest = cell;
  if (*best.fps < kSlack * *smallest->fps)
    return story.say(phrase::kBatchOneIsEnough, approach_of(best).label(), size_text(best), smallest->batch,
                     number_text(1e3 / *smallest->fps));
  return story.say(phrase::kSmallBatchesIdle, approach_of(best).label(), size_text(best),
                   number_text(1e3 / *smallest->fps), smallest->batch, number_text(1e3 / *best.fps),
                   best.batch);
}

void answer_batch(const Story& story, Document& document) {
  const auto& say = story.say;
  Bullets answers;
  const Approach winner = approach_of(*story.findings.winner);
  for (const ApproachSummary& summary : story.findings.approaches)
    for (const Saturation& at : summary.saturation)
      if (at.batch && summary.approach == winner)
        answers.items.push_back(say(at.at_largest ? phrase::kAnswerUnsaturated : phrase::kAnswerSaturated,
                                    summary.approach.label(), at.size, *at.batch));
  document.push_back(Heading{3, say(phrase::kAskBatch)});
  if (answers.items.empty()) {
    document.push_back(Paragraph{say(phrase::kAnswerOneBatch)});
    return;
  }
  document.push_back(Paragraph{best_batch(story)});
  document.push_back(answers);
  if (story.findings.approaches.size() > 1) document.push_back(Paragraph{say(phrase::kOthersSaturate)});
}

void answer_use(const Story& story, Document& document) {
  constexpr double kGoalPercent = 95;
  const auto& say = story.say;
  document.push_back(Heading{3, say(phrase::kAskUse)});
  const Cell* best = story.findings.best_used;
  if (best == nullptr) {
    document.push_back(Paragraph{say(phrase::kAnswerNoUse)});
    return;
  }
  const double share = *peak_share(*best);
  const std::string bound = say(best->bound == "memory" ? phrase::kMemory : phrase::kCompute);
  const std::string verdict =
      share >= kGoalPercent ? say(phrase::kUseReached) : say(phrase::kUseMissed, kGoalPercent - share, bound);
  document.push_back(Paragraph{say(phrase::kAnswerUse, approach_of(*best).label(), size_text(*best),
                                   best->batch, share, best->tflops.value_or(0), verdict)});
}

void recommend(const Story& story, Document& document) {
  const auto& say = story.say;
  const Cell& fast = *story.findings.winner;
  const Cell& quick = *story.findings.lowest_latency;
  Bullets advice;
  advice.items.push_back(say(phrase::kForThroughput, approach_of(fast).label(), size_text(fast), fast.batch,
                             number_text(fast.fps), number_text(fast.p99_ms)));
  advice.items.push_back(say(phrase::kForLatency, approach_of(quick).label(), size_text(quick), quick.batch,
                             number_text(quick.p99_ms)));
  if (const auto loaders = loaders_needed(fast); loaders && *loaders > 1)
    advice.items.push_back(say(phrase::kFeedIt, number_text(fast.data_ms), *loaders));
  if (fast.precision != "fp32" && fast.max_abs_diff)
    advice.items.push_back(say(phrase::kLossy, approach_of(fast).label(), *fast.max_abs_diff,
                               100 * fast.top1_agreement.value_or(1)));
  document.push_back(Heading{3, say(phrase::kAskProduction)});
  document.push_back(advice);
}

void conclude(const Story& story, Document& document) {
  const auto& say = story.say;
  const Findings& found = story.findings;
  document.push_back(Heading{2, say(phrase::kConclusion)});
  if (found.winner == nullptr) {
    document.push_back(Paragraph{say(phrase::kNothingTimed)});
    return;
  }
  const auto noisy =
      std::count_if(found.ok.begin(), found.ok.end(), [](const Cell* cell) { return cell->noisy; });
  Bullets summary{
      {say(phrase::kAnswerBest, approach_of(*found.winner).label(), number_text(found.winner->fps),
           size_text(*found.winner), found.winner->batch, number_text(found.winner->ms_per_image)),
       say(phrase::kFoundCells, found.ok.size(), story.results.cells.size())}};
  if (noisy > 0) summary.items.push_back(say(phrase::kFoundNoisy, noisy));
  summary.items.push_back(say(phrase::kNext));
  document.push_back(summary);
}

}  // namespace

void write_discussion(const Story& story, Document& document) {
  if (story.findings.winner != nullptr) {
    document.push_back(Heading{2, story.say(phrase::kDiscussion)});
    answer_best(story, document);
    answer_speedup(story, document);
    answer_size(story, document);
    answer_batch(story, document);
    answer_use(story, document);
    recommend(story, document);
  }
  conclude(story, document);
}

}  // namespace ridgeline::report
