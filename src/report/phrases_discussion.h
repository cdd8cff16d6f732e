#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Discussion.
inline constexpr Phrase kDiscussion{"Discussion", "Обсуждение"};
inline constexpr Phrase kAskBest{"Which approach performs best?",
                                 "Какой подход показывает лучшую производительность?"};
inline constexpr Phrase kAnswerBest{
    "**{}** reaches the highest throughput: {} FPS at size {}, batch {} ({} ms per image).",
    "**{}** достигает наибольшей производительности: {} FPS при размере {} и батче {} ({} мс на "
    "изображение)."};
inline constexpr Phrase kAnswerClear{
    "Its lead over {} at the same size and batch is significant: the intervals do not overlap.",
    "Отрыв от {} при том же размере и батче значим: интервалы не пересекаются."};
inline constexpr Phrase kAnswerTie{
    "At the same size and batch it cannot be told apart from {}: their intervals overlap.",
    "При том же размере и батче он неотличим от {}: интервалы пересекаются."};
inline constexpr Phrase kAskSpeedup{"What is the speed-up against {}?", "Каково ускорение относительно {}?"};
inline constexpr Phrase kAnswerSpeedup{"{}: {} ×", "{}: {} ×"};
inline constexpr Phrase kAskSize{"How does the image size matter?",
                                 "Как размер изображения влияет на производительность?"};
inline constexpr Phrase kAnswerSize{
    "{}: from {} FPS at {} to {} FPS at {}; in pixels per second that is {} against {} "
    "Mpixel/s.",
    "{}: от {} FPS при {} до {} FPS при {}; в пикселях это {} против {} Мпикс/с."};
inline constexpr Phrase kAnswerOneSize{"Only the size {} was measured.", "Измерен только размер {}."};
inline constexpr Phrase kBestSize{
    "For throughput the best size measured is {}; a larger one is worth its price only where accuracy asks "
    "for it.",
    "По производительности лучший из измеренных размеров — {}; больший оправдан, только если его требует "
    "точность модели."};
inline constexpr Phrase kAskBatch{"How does the batch matter, and where does it saturate?",
                                  "Как размер батча влияет на производительность и где точка насыщения?"};
inline constexpr Phrase kAnswerSaturated{
    "{} at size {}: saturated from batch {} (within 5 % of the best FPS measured).",
    "{} при размере {}: насыщение с батча {} (в пределах 5 % от лучшего измеренного FPS)."};
inline constexpr Phrase kAnswerUnsaturated{
    "{} at size {}: still growing at batch {}, the largest measured.",
    "{} при размере {}: рост продолжается и при батче {}, наибольшем из измеренных."};
inline constexpr Phrase kAnswerOneBatch{"Only one batch was measured, so saturation cannot be told.",
                                        "Измерен только один батч, точку насыщения определить нельзя."};
inline constexpr Phrase kOthersSaturate{
    "The other approaches' saturation stands in the comparative analysis.",
    "Насыщение остальных подходов — в сравнительном анализе."};
inline constexpr Phrase kSmallBatchesIdle{
    "{} at size {} takes {} ms per image at batch {} and {} at batch {}: small batches leave the hardware "
    "idle, "
    "and the latter is the best batch measured.",
    "{} при размере {}: {} мс на изображение при батче {} и {} при батче {} — малые батчи недогружают "
    "оборудование, лучший из измеренных батчей — последний."};
inline constexpr Phrase kBatchOneIsEnough{
    "{} at size {} is as fast per image at batch {} ({} ms) as at any larger one: larger batches only add "
    "latency.",
    "{} при размере {} уже при батче {} тратит на изображение столько же ({} мс), сколько при больших: они "
    "лишь "
    "увеличивают задержку."};
inline constexpr Phrase kAskUse{"How well is the hardware used? (goal: 95 % and more)",
                                "Насколько загружено оборудование? (цель: 95 % и выше)"};
inline constexpr Phrase kAnswerUse{
    "The best row, {} at size {}, batch {}, reaches {:.1f} % of the peak for its precision ({:.3f} "
    "TFLOPS): {}.",
    "Лучшая строка — {} при размере {}, батче {} — достигает {:.1f} % пика для её точности "
    "({:.3f} TFLOPS): {}."};
inline constexpr Phrase kUseReached{"the goal is reached", "цель достигнута"};
inline constexpr Phrase kUseMissed{
    "{:.1f} points short of the goal; the model as a whole is {}-bound on this machine",
    "до цели не хватает {:.1f} п. п.; модель в целом на этой машине ограничена: {}"};
inline constexpr Phrase kCompute{"compute", "вычислениями"};
inline constexpr Phrase kMemory{"memory", "памятью"};
inline constexpr Phrase kAnswerNoUse{"No row carries a share of the peak, so utilisation is not known.",
                                     "Ни для одной строки доля пика не известна, загрузку оценить нельзя."};
inline constexpr Phrase kAskProduction{"What should run in production?", "Что рекомендуется для production?"};
inline constexpr Phrase kForThroughput{
    "For throughput: **{}**, size {}, batch {}: {} FPS, p99 {} ms per batch.",
    "Для пропускной способности: **{}**, размер {}, батч {}: {} FPS, p99 {} мс на батч."};
inline constexpr Phrase kForLatency{"For latency: **{}**, size {}, batch {}: p99 {} ms.",
                                    "Для задержки: **{}**, размер {}, батч {}: p99 {} мс."};
inline constexpr Phrase kFeedIt{
    "Loading its files takes {} ms a batch on one thread: give it {} loading threads, or inference waits.",
    "Загрузка его файлов занимает {} мс на батч в одном потоке: нужно потоков загрузки — {}, иначе инференс "
    "будет простаивать."};
inline constexpr Phrase kLossy{
    "{} changes the outputs (largest difference {:.2g}, top-1 agreement {:.1f} %): check accuracy on "
    "labelled data before shipping.",
    "{} меняет выходы (наибольшая разность {:.2g}, совпадение top-1 {:.1f} %): перед внедрением проверьте "
    "точность на размеченных данных."};

// Conclusion.
inline constexpr Phrase kConclusion{"Conclusion", "Заключение"};
inline constexpr Phrase kFoundCells{"{} of {} rows were timed; the others carry their reasons above.",
                                    "Время измерено для {} строк из {}; у остальных выше указаны причины."};
inline constexpr Phrase kFoundNoisy{
    "{} rows are NOISY: repeat them on a quieter machine before relying on their means.",
    "Строк с пометкой NOISY: {}. Повторите их на более спокойной машине, прежде чем полагаться на средние."};
inline constexpr Phrase kNothingTimed{"No row was timed; the table of reasons says why.",
                                      "Ни одна строка не измерена; причины указаны в таблице."};
inline constexpr Phrase kNext{
    "Next: the sizes and batches around the winner, its load under real traffic, and the layers farthest "
    "from the roof.",
    "Дальше: размеры и батчи вокруг победителя, поведение под реальной нагрузкой и слои, наиболее далёкие от "
    "предела."};

}  // namespace ridgeline::report::phrase
