/* Runs a compiled model on pictures, without an operating system, and compares
 * every output with the bytes of the reference evaluator. Prints through port
 * 0xE9; the word "Shutdown" at port 0x8900 ends the emulator. */
#include "m.h"

/* Made by run: MODEL_PICTURES pictures as f32, and their results. */
__asm__(".section .rodata\n.balign 64\n.global pictures\npictures: .incbin \"pictures.f32\"\n"
        ".balign 64\n.global expected\nexpected: .incbin \"expected.f32\"\n.text\n");
extern const float pictures[], expected[];
static char arena[M_ARENA_SIZE] __attribute__((aligned(64)));
static float out[M_OUTPUT_0_SIZE];

static void put(unsigned short port, char c) { __asm__ volatile("outb %0, %1" ::"a"(c), "Nd"(port)); }

static void text(const char *s) {
  while (*s)
    put(0xE9, *s++);
}

static void number(int value) {
  char digits[12];
  int n = 0;
  do
    digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n)
    put(0xE9, digits[--n]);
}

int main(void) {
  int differing = 0;
  for (int i = 0; i < PICTURES; ++i) {
    const float *in[1] = {pictures + (long)i * M_INPUT_0_SIZE};
    float *results[1] = {out};
    int status = m_run(in, results, arena, sizeof arena);
    const unsigned *a = (const unsigned *)out, *b = (const unsigned *)(expected + (long)i * M_OUTPUT_0_SIZE);
    int same = status == 0;
    for (int k = 0; k < M_OUTPUT_0_SIZE; ++k)
      same &= a[k] == b[k];
    differing += !same;
  }
  text("\nRESULT pictures ");
  number(PICTURES);
  text(" differing ");
  number(differing);
  text("\n");
  for (const char *s = "Shutdown"; *s; ++s)
    put(0x8900, *s);
  return 0;
}
