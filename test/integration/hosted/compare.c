/* Runs a compiled model on pictures and compares every output with the bytes of the
 * reference evaluator: compare [THREADS], in a folder with pictures.f32 and expected.f32. */
#include "m.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(M_ARENA_ALIGNMENT) char arena[M_ARENA_SIZE];
static float in[M_INPUT_0_SIZE], out[M_OUTPUT_0_SIZE], expected[M_OUTPUT_0_SIZE];

#ifdef THREADS
#include "team.h"
#endif

static int run(int threads) {
  const float *inputs[] = {in};
  float *outputs[] = {out};
#ifdef THREADS
  struct narrow_threads team = {threads, parallel, yield, NULL};
  return m_run_threads(inputs, outputs, arena, sizeof arena, &team);
#else
  (void)threads;
  return m_run(inputs, outputs, arena, sizeof arena);
#endif
}

int main(int argc, char **argv) {
  FILE *pictures = fopen("pictures.f32", "rb"), *results = fopen("expected.f32", "rb");
  if (!pictures || !results)
    return 2;
  int count = 0, differing = 0;
  while (fread(in, sizeof in, 1, pictures) == 1 && fread(expected, sizeof expected, 1, results) == 1) {
    memset(out, 'x', sizeof out);
    memset(arena, 'x', sizeof arena);
    int status = run(argc > 1 ? atoi(argv[1]) : 1);
    if (status != NARROW_OK) {
      int written = 0;
      for (size_t i = 0; i < sizeof out; ++i)
        written |= ((char *)out)[i] != 'x';
      for (size_t i = 0; i < sizeof arena; ++i)
        written |= arena[i] != 'x';
      printf("status %d, %s written\n", status, written ? "something" : "nothing");
      return 1;
    }
    ++count;
    differing += memcmp(out, expected, sizeof out) != 0;
  }
  printf("isas %s pictures %d differing %d\n", m_info()->isa, count, differing);
  return differing != 0;
}
