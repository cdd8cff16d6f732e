#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/graph.h"
#include "vision/contract.h"
#include "vision/encode.h"

namespace ridgeline::predict {

/// The mean of each colour is its class's score, so that what it says of a plain image is known.
inline Graph colour_model(const Shape& image = {-1, 3, 8, 8}) {
  Graph graph{.name = "colours"};
  graph.inputs = {{.name = "image", .type = {DType::kF32, image}, .dim_names = {}}};
  graph.outputs = {{.name = "scores", .type = {DType::kF32, Shape{image[0], 3}}, .dim_names = {}}};
  graph.nodes = {{.name = "mean", .op = "GlobalAveragePool", .inputs = {"image"}, .outputs = {"means"}},
                 {.name = "flat", .op = "Flatten", .inputs = {"means"}, .outputs = {"scores"}}};
  return graph;
}

/// Values from 0 to 1, no normalisation.
inline vision::Contract colour_contract(std::vector<std::string> classes = {"red", "green", "blue"}) {
  vision::Contract contract;
  contract.preprocessing.resize_shorter = contract.preprocessing.crop = 8;
  contract.preprocessing.mean = {0, 0, 0};
  contract.preprocessing.stddev = {1, 1, 1};
  contract.classes = std::move(classes);
  return contract;
}

inline Graph contracted(Graph graph, const vision::Contract& contract) {
  graph.metadata = vision::to_metadata(contract);
  return graph;
}

inline void write_plain_image(const std::string& path, std::array<uint8_t, 3> colour) {
  vision::Image image(20, 12);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = colour[i % 3];
  const std::string bytes = vision::encode_png(image, vision::PngColor::kRgb).value();
  if (!write_file_atomically(path, bytes).ok()) std::abort();
}

}  // namespace ridgeline::predict
