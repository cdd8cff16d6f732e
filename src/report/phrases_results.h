#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Results.
inline constexpr Phrase kResults{"3. Results", "3. Результаты"};
inline constexpr Phrase kMainTable{"3.1 Benchmark table", "3.1 Таблица результатов"};
inline constexpr Phrase kApproach{"Approach", "Подход"};
inline constexpr Phrase kSize{"Size", "Размер"};
inline constexpr Phrase kBatch{"Batch", "Батч"};
inline constexpr Phrase kMeanMs{"Mean, ms", "Среднее, мс"};
inline constexpr Phrase kStdMs{"Std, ms", "Откл., мс"};
inline constexpr Phrase kP99Ms{"p99, ms", "p99, мс"};
inline constexpr Phrase kMsPerImage{"ms/image", "мс/изобр."};
inline constexpr Phrase kSpeedup{"Speed-up", "Ускорение"};
inline constexpr Phrase kInterval{"95 % interval", "95 % интервал"};
inline constexpr Phrase kPeakShare{"% of peak", "% от пика"};
inline constexpr Phrase kMemoryMb{"Memory, MB", "Память, МБ"};
inline constexpr Phrase kPlots{"3.2 Plots", "3.2 Графики производительности"};
inline constexpr Phrase kFpsVsSize{"FPS by image size, batch {}", "FPS по размеру изображения, батч {}"};
inline constexpr Phrase kFpsVsBatch{"FPS by batch, image size {}",
                                    "FPS по размеру батча, размер изображения {}"};
inline constexpr Phrase kSpeedupVsBatch{"Speed-up against {} by batch, image size {}",
                                        "Ускорение относительно {} по размеру батча, размер изображения {}"};
inline constexpr Phrase kRoofline{"Roofline: the machine's measured limits and where each row stands",
                                  "Roofline: измеренные пределы машины и положение каждой строки"};
inline constexpr Phrase kLayersOf{"layers of {}", "слои: {}"};
inline constexpr Phrase kRoofOf{"{} roof", "предел {}"};
inline constexpr Phrase kImageSize{"image size, pixels", "размер изображения, пикс."};
inline constexpr Phrase kBatchAxis{"batch", "размер батча"};
inline constexpr Phrase kIntensityAxis{"arithmetic intensity, FLOP/byte",
                                       "арифметическая интенсивность, FLOP/байт"};
inline constexpr Phrase kGflopsAxis{"GFLOP/s", "GFLOP/с"};
inline constexpr Phrase kSpeedupAxis{"speed-up, ×", "ускорение, ×"};
inline constexpr Phrase kComparative{"3.3 Comparative analysis", "3.3 Сравнительный анализ"};
inline constexpr Phrase kFpsRange{"FPS", "FPS"};
inline constexpr Phrase kSpeedupRange{"Speed-up", "Ускорение"};
inline constexpr Phrase kSaturation{"Saturating batch by size", "Насыщение по размерам"};
inline constexpr Phrase kAccuracy{"3.4 Agreement with the reference", "3.4 Совпадение с эталоном"};
inline constexpr Phrase kMaxAbsDiff{"Max abs diff", "Макс. разность"};
inline constexpr Phrase kCosine{"Cosine", "Косинус"};
inline constexpr Phrase kTop1{"Top-1 agreement", "Совпадение top-1"};
inline constexpr Phrase kStartUp{"3.5 Start-up", "3.5 Запуск"};
inline constexpr Phrase kLoadMs{"Load, ms", "Загрузка, мс"};
inline constexpr Phrase kCompileMs{"Compile, ms", "Компиляция, мс"};
inline constexpr Phrase kFirstMs{"First inference, ms", "Первый инференс, мс"};
inline constexpr Phrase kNotTimed{"3.6 Rows without a time", "3.6 Строки без времени"};
inline constexpr Phrase kStatus{"Status", "Статус"};
inline constexpr Phrase kReason{"Reason", "Причина"};
inline constexpr Phrase kBeyond{"{} or more", "{} или больше"};

}  // namespace ridgeline::report::phrase
