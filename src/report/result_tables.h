#pragma once

#include "report/sections.h"

namespace ridgeline::report {

/// The tables of the results; each without rows when the race has nothing for it.
Table trained_table(const Story& story);      ///< accuracy by size, beside what that size costs
Table main_table(const Story& story);         ///< times, FPS, speed-up, memory of every timed row
Table comparative_table(const Story& story);  ///< ranges by approach
Table use_table(const Story& story);          ///< work, TFLOPS, shares of the peaks
Table layer_table(const Story& story);        ///< the dearest lines of the profiled row
Table loading_table(const Story& story);      ///< reading files against the fastest inference
Table accuracy_table(const Story& story);     ///< the worst by approach
Table start_up_table(const Story& story);     ///< ranges by approach
Table not_timed_table(const Story& story);    ///< rows of one approach and reason share a line

}  // namespace ridgeline::report
