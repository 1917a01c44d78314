/* Links two models, includes both headers, and runs them. */
#include "q.h"
#include "f.h"
#include <stdio.h>
#include <string.h>

static _Alignas(Q_ARENA_ALIGNMENT) char q_arena[Q_ARENA_SIZE];
static _Alignas(F_ARENA_ALIGNMENT) char f_arena[F_ARENA_SIZE];

static void print_observed(void *ctx, int32_t id, const float *data, int64_t count) {
  const struct narrow_model_info *info = ctx;
  printf("observed %s:", info->observers[id]);
  for (int64_t i = 0; i < count; ++i)
    printf(" %g", data[i]);
  printf("\n");
}

int main(void) {
  float x[Q_INPUT_0_SIZE], y[Q_OUTPUT_0_SIZE], a[F_INPUT_0_SIZE] = {1, -2, 3, 0.5f}, b[F_OUTPUT_0_SIZE];
  for (int i = 0; i < Q_INPUT_0_SIZE; ++i)
    x[i] = (i % 2 ? -1 : 1) * 0.5f * i;
  const float *q_in[] = {x}, *f_in[] = {a};
  float *q_out[] = {y}, *f_out[] = {b};
  printf("run %d\n", q_run(q_in, q_out, q_arena, sizeof q_arena));
  for (int i = 0; i < Q_OUTPUT_0_SIZE; ++i)
    printf("%g ", y[i]);

  signed char codes[Q_INPUT_0_SIZE], result[Q_OUTPUT_0_SIZE];
  memset(codes, Q_INPUT_0_ZERO_POINT, sizeof codes);
  const void *codes_in[] = {codes};
  void *codes_out[] = {result};
  printf("\nrun_codes %d\n", q_run_codes(codes_in, codes_out, q_arena, sizeof q_arena));
  for (int i = 0; i < Q_OUTPUT_0_SIZE; ++i)
    printf("%d ", result[i]);

  const struct narrow_model_info *info = q_info();
  printf("\n%s: abi %u, isa %s, %s, %s[%lld][%lld][%lld][%lld] %s scale %g zero point %d, arena %llu, "
         "weights %llu, %s\n",
         info->name, info->abi_version, info->isa, info->compiler, info->inputs[0].name,
         (long long)info->inputs[0].dims[0], (long long)info->inputs[0].dims[1],
         (long long)info->inputs[0].dims[2], (long long)info->inputs[0].dims[3], info->inputs[0].layout,
         info->inputs[0].scale, info->inputs[0].zero_point, (unsigned long long)info->arena_size,
         (unsigned long long)info->weights_size, info->manifest);

  struct narrow_observer observer = {print_observed, (void *)f_info()};
  printf("observe %d\n", f_observe(f_in, f_out, f_arena, sizeof f_arena, &observer));
  printf("run_codes of a float model %d\n", f_run_codes(0, 0, 0, 0));
  printf("small arena %d\n", q_run(q_in, q_out, q_arena, sizeof q_arena - 1));
  printf("unaligned arena %d\n", q_run(q_in, q_out, q_arena + 4, sizeof q_arena));
  printf("null %d\n", q_run(0, q_out, q_arena, sizeof q_arena));
  return 0;
}
