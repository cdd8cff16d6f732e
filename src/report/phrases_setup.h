#pragma once

#include "report/language.h"

namespace ridgeline::report::phrase {

// Title and the numbers on top.
inline constexpr Phrase kTitle{"{}: which engine, precision, size and batch run it fastest here",
                               "{}: какой движок, точность, размер и батч быстрее всего на этой машине"};
inline constexpr Phrase kBestThroughput{"highest throughput: {}", "наибольшая производительность: {}"};
inline constexpr Phrase kImagesPerSecond{"{:.1f} images/s", "{:.1f} изображений/с"};
inline constexpr Phrase kBestLatency{"lowest p99 at batch {}: {}", "наименьшая p99 при батче {}: {}"};
inline constexpr Phrase kMilliseconds{"{:.2f} ms", "{:.2f} мс"};
inline constexpr Phrase kBestSpeedup{"against {} at the same size and batch",
                                     "относительно {} при том же размере и батче"};
inline constexpr Phrase kBestUse{"of the measured peak: {}", "от измеренного пика: {}"};

// Introduction.
inline constexpr Phrase kIntroduction{"1. Introduction", "1. Введение"};
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
inline constexpr Phrase kMethodology{"2. Methodology", "2. Методология"};
inline constexpr Phrase kSetup{"2.1 Hardware and software", "2.1 Оборудование и программное обеспечение"};
inline constexpr Phrase kProperty{"Property", "Параметр"};
inline constexpr Phrase kValue{"Value", "Значение"};
inline constexpr Phrase kParameters{"2.2 Parameters", "2.2 Параметры тестирования"};
inline constexpr Phrase kSizes{"Image sizes: {}", "Размеры изображений: {}"};
inline constexpr Phrase kBatches{"Batches: {}", "Размеры батча: {}"};
inline constexpr Phrase kPrecisions{"Precisions: {}", "Точность: {}"};
inline constexpr Phrase kThreads{"Threads: {}", "Потоки: {}"};
inline constexpr Phrase kData{"Data: {}", "Данные: {}"};
inline constexpr Phrase kMeasuring{"2.3 How it is measured", "2.3 Методы измерения"};
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
    "chose to do; the peak is measured on this machine.",
    "1 MAC = 2 FLOPs. TFLOPS и доля пика считаются по арифметике модели, а не по действиям движка; пик "
    "измерен на этой же машине."};
inline constexpr Phrase kHowMemory{
    "Memory: peak resident size of the row's own process over its base line.",
    "Память: пиковый резидентный размер собственного процесса строки сверх базовой линии."};
inline constexpr Phrase kHowNoise{
    "NOISY marks a row whose rounds disagree so much that its interval, not its mean, is the result.",
    "NOISY отмечает строку, раунды которой расходятся настолько, что результатом служит интервал, а не "
    "среднее."};

}  // namespace ridgeline::report::phrase
