#pragma once

#include <string>

#include "base/json.h"
#include "quantize/forecast.h"
#include "quantize/quantizer.h"

namespace ridgeline::quantize {

/// The "forecast" object of `quantize --json`.
Json to_json(const Forecast& forecast);
/// The same for people: the verdict, and with `with_layers` a line for each layer.
std::string to_text(const Forecast& forecast, bool with_layers);

/// The "accuracy" object: {images, before:{top1, low, high}, after:{…}, …}; shares, not percent.
Json accuracy_json(const Outcome& outcome, double max_drop_points);
/// The "layers" list: [{name, op, sqnr_db, decision}]; an infinite ratio is null.
Json layers_json(const Outcome& outcome);
std::string to_text(const Outcome& outcome, double max_drop_points);

}  // namespace ridgeline::quantize
