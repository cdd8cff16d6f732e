// Included by files of each instruction set.

#pragma once

#include "kernels/winograd/vectors_body.h"

/// A transform applied to the columns and then to the rows of a square of vectors.
namespace ridgeline::kernels::winograd {
namespace {

/// M s Mᵀ of a square s of n×n vectors, where `transform` applies M to a column and gives m. For squares
/// that fit the registers.
template <int n, int m, auto transform, typename Read, typename Write>
[[gnu::always_inline]] inline void transform_small_square(Read read, Write write) {
  Vector half[m][n];
#pragma GCC unroll 4
  for (int j = 0; j < n; ++j) {
    Vector column[n], result[m];
#pragma GCC unroll 4
    for (int i = 0; i < n; ++i) column[i] = read(i, j);
    transform(column, result);
#pragma GCC unroll 4
    for (int i = 0; i < m; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < m; ++i) {
    Vector result[m];
    transform(half[i], result);
#pragma GCC unroll 4
    for (int j = 0; j < m; ++j) write(i, j, result[j]);
  }
}

/// So that the compiler keeps what it has in a register instead of reading it again for each use.
inline Vector read_once(Vector value) {
  asm("" : "+v"(value));
  return value;
}

/// The same a column and a row at a time: unrolled, larger squares take three times as long, most of it
/// registers' way to memory and back.
template <int n, int m, auto transform, typename Read, typename Write>
[[gnu::always_inline]] inline void transform_large_square(Read read, Write write) {
  Vector half[m][n];
#pragma GCC unroll 1
  for (int j = 0; j < n; ++j) {
    Vector column[n], result[m];
#pragma GCC unroll 6
    for (int i = 0; i < n; ++i) column[i] = read_once(read(i, j));
    transform(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < m; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 1
  for (int i = 0; i < m; ++i) {
    Vector row[n], result[m];
#pragma GCC unroll 6
    for (int j = 0; j < n; ++j) row[j] = read_once(half[i][j]);
    transform(row, result);
#pragma GCC unroll 6
    for (int j = 0; j < m; ++j) write(i, j, result[j]);
  }
}

template <int n, int m, auto transform, typename Read, typename Write>
[[gnu::always_inline]] inline void transform_square(Read read, Write write) {
  if constexpr (n * m <= 16)
    transform_small_square<n, m, transform>(read, write);
  else
    transform_large_square<n, m, transform>(read, write);
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
