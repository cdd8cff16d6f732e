#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Discussion.
inline constexpr Phrase kDiscussion{"4. Discussion", "4. Обсуждение"};
inline constexpr Phrase kAskBest{"4.1 Which approach performs best?",
                                 "4.1 Какой подход показывает лучшую производительность?"};
inline constexpr Phrase kAnswerBest{
    "**{}** reaches the highest throughput: {:.1f} FPS at size {}, batch {} ({:.2f} ms per image).",
    "**{}** достигает наибольшей производительности: {:.1f} FPS при размере {} и батче {} ({:.2f} мс на "
    "изображение)."};
inline constexpr Phrase kAnswerClear{
    "Its lead over {} at the same size and batch is significant: the intervals do not overlap.",
    "Отрыв от {} при том же размере и батче значим: интервалы не пересекаются."};
inline constexpr Phrase kAnswerTie{
    "At the same size and batch it cannot be told apart from {}: their intervals overlap.",
    "При том же размере и батче он неотличим от {}: интервалы пересекаются."};
inline constexpr Phrase kAskSpeedup{"4.2 What is the speed-up against {}?",
                                    "4.2 Каково ускорение относительно {}?"};
inline constexpr Phrase kAnswerSpeedup{"{}: {} ×", "{}: {} ×"};
inline constexpr Phrase kAskSize{"4.3 How does the image size matter?",
                                 "4.3 Как размер изображения влияет на производительность?"};
inline constexpr Phrase kAnswerSize{
    "{}: from {:.1f} FPS at {} to {:.1f} FPS at {}; in pixels per second that is {:.1f} against {:.1f} "
    "Mpixel/s.",
    "{}: от {:.1f} FPS при {} до {:.1f} FPS при {}; в пикселях это {:.1f} против {:.1f} Мпикс/с."};
inline constexpr Phrase kAnswerOneSize{"Only the size {} was measured.", "Измерен только размер {}."};
inline constexpr Phrase kBestSize{
    "For throughput the best size measured is {}; a larger one is worth its price only where accuracy asks "
    "for it.",
    "По производительности лучший из измеренных размеров — {}; больший оправдан, только если его требует "
    "точность модели."};
inline constexpr Phrase kAskBatch{"4.4 How does the batch matter, and where does it saturate?",
                                  "4.4 Как размер батча влияет на производительность и где точка насыщения?"};
inline constexpr Phrase kAnswerSaturated{
    "{} at size {}: saturated from batch {} (within 5 % of the best FPS measured).",
    "{} при размере {}: насыщение с батча {} (в пределах 5 % от лучшего измеренного FPS)."};
inline constexpr Phrase kAnswerUnsaturated{
    "{} at size {}: still growing at batch {}, the largest measured.",
    "{} при размере {}: рост продолжается и при батче {}, наибольшем из измеренных."};
inline constexpr Phrase kAnswerOneBatch{"Only one batch was measured, so saturation cannot be told.",
                                        "Измерен только один батч, точку насыщения определить нельзя."};
inline constexpr Phrase kAskUse{"4.5 How well is the hardware used? (goal: 95 % and more)",
                                "4.5 Насколько загружено оборудование? (цель: 95 % и выше)"};
inline constexpr Phrase kAnswerUse{
    "The best row, {} at size {}, batch {}, reaches {:.1f} % of the peak measured for its precision ({:.3f} "
    "TFLOPS): {}.",
    "Лучшая строка — {} при размере {}, батче {} — достигает {:.1f} % пика, измеренного для её точности "
    "({:.3f} TFLOPS): {}."};
inline constexpr Phrase kUseReached{"the goal is reached", "цель достигнута"};
inline constexpr Phrase kUseMissed{
    "{:.1f} points short of the goal; the model as a whole is {}-bound on this machine",
    "до цели не хватает {:.1f} п. п.; модель в целом на этой машине ограничена: {}"};
inline constexpr Phrase kCompute{"compute", "вычислениями"};
inline constexpr Phrase kMemory{"memory", "памятью"};
inline constexpr Phrase kAnswerNoUse{"No row carries a share of the peak, so utilisation is not known.",
                                     "Ни для одной строки доля пика не известна, загрузку оценить нельзя."};
inline constexpr Phrase kAskProduction{"4.6 What should run in production?",
                                       "4.6 Что рекомендуется для production?"};
inline constexpr Phrase kForThroughput{
    "For throughput: **{}**, size {}, batch {}: {:.1f} FPS, p99 {:.2f} ms per batch.",
    "Для пропускной способности: **{}**, размер {}, батч {}: {:.1f} FPS, p99 {:.2f} мс на батч."};
inline constexpr Phrase kForLatency{"For latency: **{}**, size {}, batch {}: p99 {:.2f} ms.",
                                    "Для задержки: **{}**, размер {}, батч {}: p99 {:.2f} мс."};
inline constexpr Phrase kLossy{
    "{} changes the outputs (largest difference {:.2g}, top-1 agreement {:.1f} %): check accuracy on "
    "labelled data before shipping.",
    "{} меняет выходы (наибольшая разность {:.2g}, совпадение top-1 {:.1f} %): перед внедрением проверьте "
    "точность на размеченных данных."};

// Conclusion.
inline constexpr Phrase kConclusion{"5. Conclusion", "5. Заключение"};
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
