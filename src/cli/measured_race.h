#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/profile.h"
#include "bench/results.h"
#include "cli/model_source.h"

namespace ridgeline::cli {

/// Which rows of a race may be set against an analysis: like with like.
struct RowFilter {
  std::string engine;              ///< "" for any
  std::string precision;           ///< the analysis's
  std::optional<std::string> gpu;  ///< as the table of devices names it; this machine's CPU when absent
  int threads = 1;                 ///< of CPU rows

  /// `context` is of the race that `cell` is from.
  bool accepts(const bench::Cell& cell, const Json& context) const;
  std::string describe() const;
};

/// A timed row of a race with its engine's profile.
struct ProfiledRow {
  bench::Cell cell;
  bench::Profile profile;
};

/// The rows of a race's folder that a filter accepts and whose engines told where the time went.
class MeasuredRace {
 public:
  /// kNotFound, saying what there is, when no row is left; kInvalidArgument when CPU rows are wanted and the
  /// race ran on another CPU than this one, whose limits say nothing of it.
  static Result<MeasuredRace> load(const std::string& directory, const RowFilter& filter);

  /// What was measured, in the race's order.
  std::vector<ImageCase> cases() const;
  /// The fastest row of a case; kNotFound lists the cases there are.
  Result<const ProfiledRow*> fastest(const ImageCase& image) const;

 private:
  std::string directory_;
  std::vector<ProfiledRow> rows_;
};

}  // namespace ridgeline::cli
