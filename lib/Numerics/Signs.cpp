//===- Signs.cpp - Products of signs --------------------------------------===//
#include "narrow/Numerics/Signs.h"
#include <bit>
#include <cmath>

namespace narrow::numerics {

std::vector<uint32_t> packSigns(std::span<const float> values) {
  std::vector<uint32_t> words((values.size() + signsPerWord - 1) / signsPerWord);
  for (size_t i = 0; i < values.size(); ++i)
    words[i / signsPerWord] |= uint32_t(values[i] < 0) << i % signsPerWord;
  return words;
}

int64_t dotSigns(std::span<const uint32_t> a, std::span<const uint32_t> b, int64_t count) {
  int64_t different = 0;
  for (size_t i = 0; i < a.size(); ++i)
    different += std::popcount(a[i] ^ b[i]);
  return count - 2 * different;
}

double meanMagnitude(const Histogram &histogram) {
  if (histogram.empty())
    return 0;
  double sum = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i)
    sum += std::fabs(histogram.center(i)) * static_cast<double>(histogram.counts[i]);
  return sum / static_cast<double>(histogram.total());
}

} // namespace narrow::numerics
