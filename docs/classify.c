/* Classifies pictures with a compiled network. Needs libc and m.o, nothing else.
   usage: classify <picture: 28 x 28 bytes> ... */
#include "m.h"
#include <stdio.h>

static const char *const classes[] = {"T-shirt", "trouser", "pullover", "dress", "coat",
                                      "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
static _Alignas(M_ARENA_ALIGNMENT) char arena[M_ARENA_SIZE];

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    unsigned char picture[M_INPUT_0_SIZE];
    FILE *file = fopen(argv[i], "rb");
    if (!file || fread(picture, 1, sizeof picture, file) != sizeof picture)
      return fprintf(stderr, "%s: cannot read %zu bytes\n", argv[i], sizeof picture), 1;
    fclose(file);

    float pixels[M_INPUT_0_SIZE], scores[M_OUTPUT_0_SIZE];
    for (size_t p = 0; p < sizeof picture; ++p)
      pixels[p] = (picture[p] / 255.0f - 0.286f) / 0.353f;
    const float *inputs[] = {pixels};
    float *outputs[] = {scores};
    int status = m_run(inputs, outputs, arena, sizeof arena);
    if (status != NARROW_OK)
      return fprintf(stderr, "the network failed: %d\n", status), 1;

    int best = 0;
    for (int c = 1; c < M_OUTPUT_0_SIZE; ++c)
      if (scores[c] > scores[best])
        best = c;
    printf("%s: %d %s\n", argv[i], best, classes[best]);
  }
  return 0;
}
