/* Runs a network with 16-bit inputs and outputs twice, on floats and on codes: both are the same. */
#include "m.h"
#include <math.h>
#include <stdio.h>

static _Alignas(M_ARENA_ALIGNMENT) char arena[M_ARENA_SIZE];

int main(void) {
  static float values[M_INPUT_0_SIZE], results[M_OUTPUT_0_SIZE];
  static int16_t codes[M_INPUT_0_SIZE], resultCodes[M_OUTPUT_0_SIZE];
  const struct narrow_tensor *input = &m_info()->inputs[0], *output = &m_info()->outputs[0];
  if (input->code_type != NARROW_I16 || output->code_type != NARROW_I16 || input->zero_point ||
      output->zero_point)
    return 1;
  for (int i = 0; i < M_INPUT_0_SIZE; ++i) {
    values[i] = (float)(i % 97) / 40 - 0.7f;
    codes[i] = (int16_t)lrintf(values[i] / (float)input->scale);
  }
  const float *in[] = {values};
  float *out[] = {results};
  const void *codesIn[] = {codes};
  void *codesOut[] = {resultCodes};
  if (m_run(in, out, arena, sizeof arena) || m_run_codes(codesIn, codesOut, arena, sizeof arena))
    return 2;
  int wide = 0;
  for (int i = 0; i < M_OUTPUT_0_SIZE; ++i) {
    if (results[i] != (float)output->scale * resultCodes[i])
      return 3;
    wide |= resultCodes[i] > 127;
  }
  puts(wide ? "equal" : "all codes have 8 bits");
  return 0;
}
