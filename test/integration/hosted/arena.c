/* Runs a compiled model in arenas that are filled with different bytes, and in one as malloc left it: the results must
 * be the same. valgrind sees whether they depend on what nobody wrote, since the program branches on them.
 *   arena [THREADS] */
#include "m.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef THREADS
#include "team.h"
#endif

enum { MOST = 4 };
static const float *inputs[MOST];
static float *outputs[MOST];

static size_t countElements(const struct narrow_tensor *tensor) {
  size_t count = 1;
  for (int i = 0; i < tensor->rank; ++i)
    count *= (size_t)tensor->dims[i];
  return count;
}

static int run(int threads, int fill) {
  const struct narrow_model_info *info = m_info();
  char *memory = malloc(info->arena_size + info->arena_alignment);
  char *arena = memory + (info->arena_alignment - (uintptr_t)memory % info->arena_alignment) % info->arena_alignment;
  if (fill >= 0)
    memset(arena, fill, info->arena_size);
#ifdef THREADS
  struct narrow_threads team = {threads, parallel, yield, NULL};
  int status = m_run_threads(inputs, outputs, arena, info->arena_size, &team);
#else
  (void)threads;
  int status = m_run(inputs, outputs, arena, info->arena_size);
#endif
  free(memory);
  return status;
}

/* Of all results, with a branch on each bit. */
static unsigned long sum(void) {
  const struct narrow_model_info *info = m_info();
  unsigned long hash = 14695981039346656037ul;
  for (int i = 0; i < info->output_count; ++i)
    for (size_t k = 0, count = countElements(&info->outputs[i]); k < count; ++k) {
      unsigned char bytes[sizeof(float)];
      memcpy(bytes, &outputs[i][k], sizeof bytes);
      for (size_t byte = 0; byte < sizeof bytes; ++byte)
        for (int bit = 0; bit < 8; ++bit)
          if (bytes[byte] >> bit & 1)
            hash = (hash ^ (unsigned long)bit) * 1099511628211ul;
          else
            hash *= 1099511628211ul;
    }
  return hash;
}

int main(int argc, char **argv) {
  const struct narrow_model_info *info = m_info();
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  if (info->input_count > MOST || info->output_count > MOST)
    return 2;
  for (int i = 0; i < info->input_count; ++i) {
    size_t count = countElements(&info->inputs[i]);
    float *input = malloc(count * sizeof(float));
    unsigned long state = 12345;
    for (size_t k = 0; k < count; ++k) {
      state = state * 6364136223846793005ul + 1442695040888963407ul;
      input[k] = (float)(state >> 40) / (1 << 23) - 1;
    }
    inputs[i] = input;
  }
  for (int i = 0; i < info->output_count; ++i)
    outputs[i] = malloc(countElements(&info->outputs[i]) * sizeof(float));
  static const int fills[] = {0x00, 0xFF, 0x7F, -1};
  unsigned long first = 0;
  for (size_t i = 0; i < sizeof fills / sizeof *fills; ++i) {
    int status = run(threads, fills[i]);
    if (status != NARROW_OK)
      return printf("status %d\n", status), 1;
    unsigned long here = sum();
    if (i == 0)
      first = here;
    else if (here != first)
      return printf("the results depend on what is in the arena\n"), 1;
  }
  printf("isa %s: the results do not depend on what is in the arena\n", info->isa);
  for (int i = 0; i < info->input_count; ++i)
    free((void *)inputs[i]);
  for (int i = 0; i < info->output_count; ++i)
    free(outputs[i]);
  return 0;
}
