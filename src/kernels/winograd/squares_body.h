// Included by files of each instruction set.

#pragma once

/// A transform applied to the columns and then to the rows of a square of vectors.
namespace ridgeline::kernels::winograd {
namespace {

/// So that the compiler keeps what it has in a register instead of reading it again for each use.
template <typename Value>
inline Value read_once(Value value) {
  asm("" : "+v"(value));
  return value;
}

/// M s Mᵀ of a square s of n×n vectors, where `transform` applies M to a column and gives m. Squares that do
/// not fit the registers go a column and a row at a time: unrolled, they take three times as long, most of it
/// registers' way to memory and back.
template <int n, int m, auto transform, typename Read, typename Write>
[[gnu::always_inline]] inline void transform_square(Read read, Write write) {
  using Value = decltype(read(0, 0));
  Value half[m][n];
  const auto transform_column = [&](int j) __attribute__((always_inline)) {
    Value column[n], result[m];
#pragma GCC unroll 6
    for (int i = 0; i < n; ++i) column[i] = read_once(read(i, j));
    transform(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < m; ++i) half[i][j] = result[i];
  };
  const auto transform_row = [&](int i) __attribute__((always_inline)) {
    Value row[n], result[m];
#pragma GCC unroll 6
    for (int j = 0; j < n; ++j) row[j] = read_once(half[i][j]);
    transform(row, result);
#pragma GCC unroll 6
    for (int j = 0; j < m; ++j) write(i, j, result[j]);
  };
  if constexpr (n * m <= 16) {
#pragma GCC unroll 4
    for (int j = 0; j < n; ++j) transform_column(j);
#pragma GCC unroll 4
    for (int i = 0; i < m; ++i) transform_row(i);
  } else {
#pragma GCC unroll 1
    for (int j = 0; j < n; ++j) transform_column(j);
#pragma GCC unroll 1
    for (int i = 0; i < m; ++i) transform_row(i);
  }
}

}  // namespace
}  // namespace ridgeline::kernels::winograd
