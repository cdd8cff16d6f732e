#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Title and the numbers on top.
inline constexpr Phrase kTitle{"{}: which engine, precision, size and batch run it fastest here",
                               "{}: какой движок, точность, размер и батч быстрее всего на этой машине"};
inline constexpr Phrase kBestThroughput{"highest throughput: {}, size {}, batch {}",
                                        "наибольшая производительность: {}, размер {}, батч {}"};
inline constexpr Phrase kImagesPerSecond{"{} images/s", "{} изображений/с"};
inline constexpr Phrase kBestLatency{"lowest p99: {}, size {}, batch {}",
                                     "наименьшая p99: {}, размер {}, батч {}"};
inline constexpr Phrase kMilliseconds{"{} ms", "{} мс"};
inline constexpr Phrase kBestSpeedup{"its speed-up against {} at the same size and batch",
                                     "её ускорение относительно {} при тех же размере и батче"};
inline constexpr Phrase kBestUse{"of the peak, in the model's FLOPs: {}, size {}, batch {}",
                                 "от пика, по FLOP модели: {}, размер {}, батч {}"};

// Introduction.
inline constexpr Phrase kIntroduction{"Introduction", "Введение"};
inline constexpr Phrase kTask{
    "This report compares ways to run the inference of `{}` on one machine. Every engine gets the same "
    "weights, the same input bytes and the same "
    "threads; a row is timed only after its outputs agreed with the reference.",
    "В отчёте сравниваются способы выполнения инференса `{}` на одной машине. Каждый движок получает те же "
    "веса, те же входные данные и столько же "
    "потоков; время измеряется только после того, как выходы совпали с эталоном."};
inline constexpr Phrase kApproaches{"Approaches compared: {}.", "Сравниваемые подходы: {}."};
inline constexpr Phrase kExpected{
    "Expected result: the best engine, precision, image size and batch for this machine, the batch at which "
    "throughput saturates, and how far the best row stays from the hardware's limit.",
    "Ожидаемый результат: лучший движок, точность, размер изображения и батч для этой машины, точка "
    "насыщения по батчу и расстояние до предела оборудования."};

// Methodology.
inline constexpr Phrase kMethodology{"Methodology", "Методология"};
inline constexpr Phrase kSetup{"Hardware and software", "Оборудование и программное обеспечение"};
inline constexpr Phrase kProperty{"Property", "Параметр"};
inline constexpr Phrase kValue{"Value", "Значение"};
inline constexpr Phrase kCpu{"CPU", "Процессор"};
inline constexpr Phrase kCores{"Cores", "Ядра"};
inline constexpr Phrase kCoresUsed{"{}, of which this race may use {}", "{}, из них доступно {}"};
inline constexpr Phrase kInstructionSets{"Instruction sets", "Наборы команд"};
inline constexpr Phrase kGpu{"GPU", "Видеокарта"};
inline constexpr Phrase kNoGpu{"none in this race", "не участвует"};
inline constexpr Phrase kMemoryInstalled{"Memory", "Память"};
inline constexpr Phrase kGigabytes{"{:.1f} GB", "{:.1f} ГБ"};
inline constexpr Phrase kSystem{"System", "Система"};
inline constexpr Phrase kSystemText{"{}, kernel {}", "{}, ядро {}"};
inline constexpr Phrase kMeasuredAt{"Measured", "Время замера"};
inline constexpr Phrase kMeasuredAtText{"{} by Ridgeline {}", "{}, Ridgeline {}"};
inline constexpr Phrase kQuiet{"How quiet it was", "Посторонняя нагрузка"};
inline constexpr Phrase kQuietText{
    "load average {:.2f} at the start; a fixed piece of arithmetic took {:.2f} times its median at p99; "
    "{:.1f} "
    "% of CPU time was stolen",
    "средняя загрузка в начале {:.2f}; p99 эталонного счёта в {:.2f} раза больше медианы; украдено {:.1f} % "
    "времени процессора"};
inline constexpr Phrase kEngines{"Engines", "Движки"};
inline constexpr Phrase kEngine{"Engine", "Движок"};
inline constexpr Phrase kVersion{"Version, or why it is not here", "Версия или причина отсутствия"};
inline constexpr Phrase kAbsent{"not here: {}", "нет: {}"};
inline constexpr Phrase kLimits{"The hardware's limits", "Пределы оборудования"};
inline constexpr Phrase kDevice{"Device", "Устройство"};
inline constexpr Phrase kPrecision{"Precision", "Точность"};
inline constexpr Phrase kPeak{"Peak, GFLOP/s", "Пик, GFLOP/с"};
inline constexpr Phrase kBandwidth{"Memory, GB/s", "Память, ГБ/с"};
inline constexpr Phrase kRidge{"Ridge, FLOP/byte", "Порог, FLOP/байт"};
inline constexpr Phrase kLimitsFrom{
    "{}: {}. Work of fewer FLOPs per byte than the ridge is bound by memory, of more by compute.",
    "{}: {}. Если FLOP на байт меньше порога, работу ограничивает память, если больше — вычисления."};
inline constexpr Phrase kParameters{"Parameters", "Параметры тестирования"};
inline constexpr Phrase kSizes{"Image sizes: {}", "Размеры изображений: {}"};
inline constexpr Phrase kBatches{"Batches: {}", "Размеры батча: {}"};
inline constexpr Phrase kPrecisions{"Precisions: {}", "Точность: {}"};
inline constexpr Phrase kThreads{"Threads: {}", "Потоки: {}"};
inline constexpr Phrase kData{"Data: {}", "Данные: {}"};
inline constexpr Phrase kRuns{"Per row {} timed calls in {} alternating rounds, after {} untimed ones",
                              "На строку {} замеров в {} чередующихся раундах после {} пробных"};
inline constexpr Phrase kBaseline{"Baseline of speed-ups: {}; reference of the outputs: {}",
                                  "База для ускорения: {}; эталон выходов: {}"};
inline constexpr Phrase kHarness{"The harness itself costs {} µs a call (null engine)",
                                 "Сам стенд добавляет {} мкс на вызов (пустой движок)"};
inline constexpr Phrase kCommand{"Command: `{}`", "Команда: `{}`"};
inline constexpr Phrase kMeasuring{"How it is measured", "Методы измерения"};
inline constexpr Phrase kHowMean{
    "Mean time per batch after the fastest and the slowest 10 % of the runs are dropped; the standard "
    "deviation is of the same runs.",
    "Среднее время на батч после отбрасывания 10 % самых быстрых и самых медленных прогонов; стандартное "
    "отклонение — по тем же прогонам."};
inline constexpr Phrase kHowFps{
    "FPS = batch / mean time; time per image = mean time / batch.",
    "FPS = размер батча / среднее время; время на изображение = среднее время / размер батча."};
inline constexpr Phrase kHowSpeedup{
    "Speed-up: rows of one model, size, batch, device and thread count run in alternating rounds; the ratio "
    "of paired rounds to {} is given with a bootstrap 95 % interval. Unlike rows are never compared.",
    "Ускорение: строки с одинаковыми моделью, размером, батчем, устройством и числом потоков выполняются "
    "чередующимися раундами; отношение парных раундов к {} дано с 95 % бутстрэп-интервалом. Разнородные "
    "строки не сравниваются."};
inline constexpr Phrase kHowFlops{
    "1 MAC = 2 FLOPs. TFLOPS and the share of the peak count the model's arithmetic, not what an engine "
    "chose to do; a CPU's peak is measured on this machine, a GPU's is the published one.",
    "1 MAC = 2 FLOPs. TFLOPS и доля пика считаются по арифметике модели, а не по действиям движка; пик "
    "процессора измерен на этой же машине, пик GPU — паспортный."};
inline constexpr Phrase kHowMemory{
    "Memory: peak resident size of the row's own process over its base line; a GPU's is what loading the row "
    "added to the memory in use (NVML).",
    "Память: пиковый резидентный размер собственного процесса строки сверх базовой линии; для GPU — "
    "насколько загрузка строки увеличила занятую память (NVML)."};
inline constexpr Phrase kHowNoise{
    "NOISY marks a row whose rounds disagree so much that its interval, not its mean, is the result.",
    "NOISY отмечает строку, раунды которой расходятся настолько, что результатом служит интервал, а не "
    "среднее."};

}  // namespace ridgeline::report::phrase
