#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Results.
inline constexpr Phrase kResults{"Results", "Результаты"};
inline constexpr Phrase kMainTable{"Benchmark table", "Таблица результатов"};
inline constexpr Phrase kMainNote{
    "Times are per batch. The fastest row of each comparison group is bold. All columns, min among them, are "
    "in "
    "`benchmark_results.csv`.",
    "Время указано на батч. Самая быстрая строка каждой группы выделена. Все столбцы, в том числе минимум, — "
    "в "
    "`benchmark_results.csv`."};
inline constexpr Phrase kApproach{"Approach", "Подход"};
inline constexpr Phrase kSize{"Size", "Размер"};
inline constexpr Phrase kBatch{"Batch", "Батч"};
inline constexpr Phrase kThreadCount{"Threads", "Потоки"};
inline constexpr Phrase kDataKind{"Data", "Данные"};
inline constexpr Phrase kMeanMs{"Mean, ms", "Среднее, мс"};
inline constexpr Phrase kStdMs{"Std, ms", "Откл., мс"};
inline constexpr Phrase kP50Ms{"p50, ms", "p50, мс"};
inline constexpr Phrase kP90Ms{"p90, ms", "p90, мс"};
inline constexpr Phrase kP99Ms{"p99, ms", "p99, мс"};
inline constexpr Phrase kMsPerImage{"ms/image", "мс/изобр."};
inline constexpr Phrase kSpeedup{"Speed-up", "Ускорение"};
inline constexpr Phrase kInterval{"95 % interval", "95 % интервал"};
inline constexpr Phrase kCpuMemoryMb{"CPU, MB", "ОЗУ, МБ"};
inline constexpr Phrase kGpuMemoryMb{"GPU, MB", "GPU, МБ"};
inline constexpr Phrase kNote{"Note", "Примечание"};

inline constexpr Phrase kPlots{"Plots", "Графики производительности"};
inline constexpr Phrase kFpsVsSize{"FPS by image size, batch {}", "FPS по размеру изображения, батч {}"};
inline constexpr Phrase kFpsVsBatch{"FPS by batch, image size {}",
                                    "FPS по размеру батча, размер изображения {}"};
inline constexpr Phrase kFpsCaption{"Images per second, higher is better; at the winner's {}.",
                                    "Изображений в секунду, больше — лучше; {} победителя."};
inline constexpr Phrase kAtBatch{"batch", "батч"};
inline constexpr Phrase kAtSize{"image size", "размер изображения"};
inline constexpr Phrase kSpeedupVsSize{"Speed-up against {} by image size, batch {}",
                                       "Ускорение относительно {} по размеру изображения, батч {}"};
inline constexpr Phrase kSpeedupVsBatch{"Speed-up against {} by batch, image size {}",
                                        "Ускорение относительно {} по размеру батча, размер изображения {}"};
inline constexpr Phrase kSpeedupCaption{
    "Bars are 95 % intervals of paired rounds: rows whose bars overlap cannot be told apart.",
    "Отрезки — 95 % интервалы по парным раундам: строки с пересекающимися отрезками неразличимы."};
inline constexpr Phrase kRoofline{"Roofline: the hardware's limits, every row and the layers of one",
                                  "Roofline: пределы оборудования, все строки и слои одной из них"};
inline constexpr Phrase kRooflineCaption{
    "Dots are rows (whole model); circles are the layers of {}, each over the traffic that is left when what "
    "the engine ran as one keeps to itself. Left of a roof's corner memory limits, right of it arithmetic.",
    "Точки — строки (модель целиком), кружки — слои: {}; для слоёв учтён обмен с памятью, остающийся после "
    "слияния операций движком. Слева от излома предел ставит память, справа — вычисления."};
inline constexpr Phrase kRooflineCaptionRows{
    "Dots are rows (whole model). Left of a roof's corner memory limits, right of it arithmetic.",
    "Точки — строки (модель целиком). Слева от излома предел ставит память, справа — вычисления."};
inline constexpr Phrase kLayersOf{"layers: {}", "слои: {}"};
inline constexpr Phrase kRoofOf{"{} roof", "предел {}"};
inline constexpr Phrase kImageSize{"image size, pixels", "размер изображения, пикс."};
inline constexpr Phrase kBatchAxis{"batch", "размер батча"};
inline constexpr Phrase kIntensityAxis{"arithmetic intensity, FLOP/byte",
                                       "арифметическая интенсивность, FLOP/байт"};
inline constexpr Phrase kGflopsAxis{"GFLOP/s", "GFLOP/с"};
inline constexpr Phrase kSpeedupAxis{"speed-up, ×", "ускорение, ×"};

inline constexpr Phrase kComparative{"Comparative analysis", "Сравнительный анализ"};
inline constexpr Phrase kFpsRange{"FPS", "FPS"};
inline constexpr Phrase kSpeedupRange{"Speed-up", "Ускорение"};
inline constexpr Phrase kBestPeakShare{"Best % of peak", "Лучшая доля пика, %"};
inline constexpr Phrase kSaturation{"Saturating batch by size", "Насыщение по размерам"};
inline constexpr Phrase kBeyond{"{} or more", "{} или больше"};

inline constexpr Phrase kUse{"Use of the hardware", "Загрузка оборудования"};
inline constexpr Phrase kUseNote{
    "Work is of one batch, and the model's own: 1 MAC = 2 FLOPs, every tensor moved once. The last column "
    "says "
    "how many times faster a row would be at 95 % of its peak.",
    "Работа указана на батч и считается по модели: 1 MAC = 2 FLOPs, каждый тензор читается или пишется один "
    "раз. Последний столбец — во сколько раз строка была бы быстрее при 95 % своего пика."};
inline constexpr Phrase kIntensity{"FLOP/byte", "FLOP/байт"};
inline constexpr Phrase kBound{"Bound", "Предел"};
inline constexpr Phrase kBoundCompute{"compute", "вычисления"};
inline constexpr Phrase kBoundMemory{"memory", "память"};
inline constexpr Phrase kMeasuredShare{"% of measured peak", "% измеренного пика"};
inline constexpr Phrase kPublishedShare{"% of published peak", "% паспортного пика"};
inline constexpr Phrase kHeadroom{"To 95 %", "До 95 %"};

inline constexpr Phrase kLayers{"Where the time goes, layer by layer", "Куда уходит время: по слоям"};
inline constexpr Phrase kLayersNote{
    "{}, size {}, batch {}: the engine's own profile, {} ms in {} lines; layers that it ran as one share a "
    "line. Most expensive first. FLOPs that Winograd's algorithm saves count: it may pass 100 %.",
    "{}, размер {}, батч {}: собственный профиль движка, {} мс в {} строках; слои, выполненные вместе, "
    "занимают одну строку. Сначала дорогие. FLOP — по определению слоя: Виноград может превысить 100 %."};
inline constexpr Phrase kLayer{"Layer", "Слой"};
inline constexpr Phrase kOperator{"Operator", "Операция"};
inline constexpr Phrase kKernel{"Kernel", "Ядро"};
inline constexpr Phrase kTimeMs{"ms", "мс"};
inline constexpr Phrase kTimeShare{"% of time", "% времени"};
inline constexpr Phrase kAttainableShare{"% of attainable", "% достижимого"};
inline constexpr Phrase kOtherLines{"{} other lines", "ещё строк: {}"};
inline constexpr Phrase kFusedMore{"{} (+{})", "{} (+{})"};

inline constexpr Phrase kLoading{"Data loading", "Загрузка данных"};
inline constexpr Phrase kLoadingNote{
    "Reading, decoding, resizing and normalising one batch of files on one thread, apart from inference.",
    "Чтение, декодирование, изменение размера и нормализация одного батча файлов в одном потоке, отдельно от "
    "инференса."};
inline constexpr Phrase kDataMs{"Data, ms/batch", "Данные, мс/батч"};
inline constexpr Phrase kDataMsPerImage{"ms/image", "мс/изобр."};
inline constexpr Phrase kDataFps{"Images/s", "Изобр./с"};
inline constexpr Phrase kFastestFps{"Fastest inference, images/s", "Быстрейший инференс, изобр./с"};
inline constexpr Phrase kLoadersNeeded{"Loading threads to keep up", "Потоков загрузки, чтобы успевать"};

inline constexpr Phrase kTrained{"Accuracy by image size", "Точность по размеру изображения"};
inline constexpr Phrase kTrainedModel{"Model", "Модель"};
inline constexpr Phrase kTestTop1{"Top-1, %", "Top-1, %"};
inline constexpr Phrase kTestTop5{"Top-5, %", "Top-5, %"};
inline constexpr Phrase kBestEpoch{"Best epoch", "Лучшая эпоха"};
inline constexpr Phrase kLowestLatency{"Shortest call, ms", "Кратчайший вызов, мс"};
inline constexpr Phrase kHighestFps{"Highest FPS", "Наибольший FPS"};
inline constexpr Phrase kTrainedNote{
    "Accuracy is that of the best epoch on the test side of the data. Beside it stands what a picture of "
    "that size costs in "
    "this race: the shortest mean time of a call, and the most images per second, each with its approach and "
    "batch.",
    "Точность: лучшая эпоха на тестовой части данных. Рядом то, чего стоит изображение такого размера в этой "
    "гонке: кратчайшее среднее время вызова и наибольшее число изображений в секунду, с подходом и батчем."};
inline constexpr Phrase kAccuracy{"Agreement with the reference", "Совпадение с эталоном"};
inline constexpr Phrase kRows{"Rows", "Строк"};
inline constexpr Phrase kMaxAbsDiff{"Largest abs diff", "Наибольшая разность"};
inline constexpr Phrase kCosine{"Lowest cosine", "Наименьший косинус"};
inline constexpr Phrase kTop1{"Lowest top-1 agreement", "Наименьшее совпадение top-1"};
inline constexpr Phrase kAccuracyNote{
    "Of the outputs with those of {}, over all rows of an approach. A row beyond its precision's bound is a "
    "MISMATCH below and was not timed.",
    "Выходы сравнены с выходами {} по всем строкам подхода. Строка, вышедшая за допуск своей точности, "
    "помечена ниже как MISMATCH и не измерялась."};
inline constexpr Phrase kStartUp{"Start-up", "Запуск"};
inline constexpr Phrase kLoadMs{"Load, ms", "Загрузка, мс"};
inline constexpr Phrase kCompileMs{"Compile, ms", "Компиляция, мс"};
inline constexpr Phrase kFirstMs{"First inference, ms", "Первый инференс, мс"};
inline constexpr Phrase kNotTimed{"Rows without a time", "Строки без времени"};
inline constexpr Phrase kCases{"Size: batches", "Размер: батчи"};
inline constexpr Phrase kStatus{"Status", "Статус"};
inline constexpr Phrase kReason{"Reason", "Причина"};

}  // namespace ridgeline::report::phrase
