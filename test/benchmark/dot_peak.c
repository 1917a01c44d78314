// GMAC/s of vpdpbusd on 512-bit registers alone: what no int8 kernel of this CPU exceeds. 0 without AVX512-VNNI.
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(void) {
  if (!__builtin_cpu_supports("avx512vnni"))
    return puts("0"), 0;
  enum { chains = 16, steps = 200000 }; // enough chains to hide the latency of one
  double best = 1e9;
  for (int round = 0; round < 50; ++round) {
    __m512i acc[chains], x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(3);
    for (int i = 0; i < chains; ++i)
      acc[i] = _mm512_setzero_si512();
    double start = now();
    for (int k = 0; k < steps; ++k)
#pragma clang loop unroll(full)
      for (int i = 0; i < chains; ++i)
        __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(acc[i]) : "v"(x), "v"(y));
    double time = now() - start;
    best = time < best ? time : best;
  }
  printf("%.1f\n", 1e-9 * steps * chains * 64 / best);
}
