//===- ContractionKernels.cpp - Inner loops of contractions ---------------===//
//
// The bodies are compiled twice on x86-64: for CPUs with AVX2 and FMA, and for
// the baseline, where a fused multiply-add is a call to fmaf. Both give the
// same bits.
//
//===----------------------------------------------------------------------===//
#include "ContractionKernels.h"
#include <cmath>
#include <cstring>
#include <type_traits>

using namespace narrow::reference;

#define NARROW_INLINE inline __attribute__((always_inline))

namespace {

template <typename T>
struct Vector {
  static constexpr int64_t lanes = 8;
  typedef T Type __attribute__((ext_vector_type(lanes)));
};

template <typename T>
NARROW_INLINE void multiplyAdd(T x, const typename Vector<T>::Type &w, typename Vector<T>::Type &acc) {
  typename Vector<T>::Type splat = x;
  if constexpr (std::is_same_v<T, float>)
    acc = __builtin_elementwise_fma(splat, w, acc);
  else
    acc += splat * w;
}

template <typename T>
NARROW_INLINE void tile(const T *const *rows, int64_t taps, int64_t depth, const T *weights, const T *bias,
                        T *out) {
  using V = typename Vector<T>::Type;
  constexpr int64_t vectors = tileOutputs / Vector<T>::lanes;
  V acc[tilePixels][vectors];
#pragma clang loop unroll(full)
  for (int64_t p = 0; p < tilePixels; ++p)
    std::memcpy(acc[p], bias, sizeof(acc[p]));
  for (int64_t tap = 0; tap < taps; ++tap, rows += tilePixels) {
    for (int64_t c = 0; c < depth; ++c, weights += tileOutputs) {
      V w[vectors];
      std::memcpy(w, weights, sizeof(w));
#pragma clang loop unroll(full)
      for (int64_t p = 0; p < tilePixels; ++p)
#pragma clang loop unroll(full)
        for (int64_t v = 0; v < vectors; ++v)
          multiplyAdd<T>(rows[p][c], w[v], acc[p][v]);
    }
  }
  std::memcpy(out, acc, sizeof(acc));
}

template <typename T>
NARROW_INLINE void accumulate(const T *x, const T *weights, int64_t channels, T *acc) {
  for (int64_t c = 0; c < channels; ++c) {
    if constexpr (std::is_same_v<T, float>)
      acc[c] = std::fma(x[c], weights[c], acc[c]);
    else
      acc[c] += x[c] * weights[c];
  }
}

template <typename T>
void tilePortable(const T *const *rows, int64_t taps, int64_t depth, const T *weights, const T *bias,
                  T *out) {
  tile<T>(rows, taps, depth, weights, bias, out);
}
template <typename T>
void accumulatePortable(const T *x, const T *weights, int64_t channels, T *acc) {
  accumulate<T>(x, weights, channels, acc);
}

#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx2,fma"))) void tileAVX2(const T *const *rows, int64_t taps, int64_t depth,
                                                  const T *weights, const T *bias, T *out) {
  tile<T>(rows, taps, depth, weights, bias, out);
}
template <typename T>
__attribute__((target("avx2,fma"))) void accumulateAVX2(const T *x, const T *weights, int64_t channels,
                                                        T *acc) {
  accumulate<T>(x, weights, channels, acc);
}
#endif

} // namespace

template <typename T>
const ContractionKernels<T> &ContractionKernels<T>::portable() {
  static constexpr ContractionKernels<T> kernels{tilePortable<T>, accumulatePortable<T>};
  return kernels;
}

template <typename T>
const ContractionKernels<T> &ContractionKernels<T>::native() {
#if defined(__x86_64__)
  static constexpr ContractionKernels<T> kernels{tileAVX2<T>, accumulateAVX2<T>};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return kernels;
#endif
  return portable();
}

using namespace mlir;

namespace narrow::reference {
template struct ContractionKernels<float>;
template struct ContractionKernels<uint32_t>;
template struct ContractionKernels<uint64_t>;
} // namespace narrow::reference
