/*===- Model.h - The C interface of compiled models -------------------------===
 *
 * The interface of every model compiled by Narrow. This text is part of each
 * generated header; there is nothing to install and nothing to link except
 * the model itself.
 *
 * A compiled model allocates nothing, calls only the functions that it is
 * given, and keeps no state except one word that caches which instructions the
 * CPU has. Its functions may run on any number of threads at once, provided that
 * each call has its own arena and outputs.
 *===----------------------------------------------------------------------===*/
#ifndef NARROW_MODEL_H
#define NARROW_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a struct or the meaning of a function changes. */
#define NARROW_ABI_VERSION 2

/* The return values of a model's functions. Unless NARROW_OK is returned, nothing
 * has been written. */
enum narrow_status {
  NARROW_OK = 0,
  NARROW_ERROR_NULL = -1,            /* a pointer is null */
  NARROW_ERROR_ARENA_SIZE = -2,      /* the arena is smaller than info->arena_size */
  NARROW_ERROR_ARENA_ALIGNMENT = -3, /* the arena is not aligned to info->arena_alignment */
  NARROW_ERROR_NO_CODES = -4,        /* run_codes was called on a model that is not quantized */
  NARROW_ERROR_CPU = -5,             /* the CPU lacks instructions that the model needs */
  NARROW_ERROR_THREADS = -6          /* fewer than one thread, or more than info->max_threads */
};

/* The type of one element. */
enum narrow_type {
  NARROW_NONE = 0,
  NARROW_F32 = 1,
  NARROW_F64 = 2,
  NARROW_I8 = 3,
  NARROW_U8 = 4,
  NARROW_I16 = 5,
  NARROW_U16 = 6,
  NARROW_I32 = 7,
  NARROW_I64 = 8
};

/* One input or output. Elements are contiguous, in the order of dims. */
struct narrow_tensor {
  const char *name;    /* name in the source model */
  const char *layout;  /* "nchw", "nhwc", ...; "" if unknown */
  const int64_t *dims; /* rank numbers */
  int64_t count;       /* number of elements, the product of dims */
  int32_t rank;
  int32_t type;       /* enum narrow_type: the type for run */
  int32_t code_type;  /* enum narrow_type: the type for run_codes; NARROW_NONE if there are no codes */
  int32_t zero_point; /* value = scale * (code - zero_point) */
  double scale;
};

/* Describes a model. All of it is constant. */
struct narrow_model_info {
  uint32_t abi_version; /* NARROW_ABI_VERSION of the compiler */
  int32_t input_count;
  int32_t output_count;
  int32_t observer_count; /* number of tensors that observe reports; 0 unless compiled for calibration */
  const struct narrow_tensor *inputs;
  const struct narrow_tensor *outputs;
  const char *const *observers; /* their ids */
  uint64_t arena_size;          /* bytes of arena that run needs */
  uint64_t arena_alignment;
  uint64_t weights_size; /* bytes of constants */
  const char *name;
  const char *compiler; /* version of the compiler */
  const char *triple;   /* target triple of the code */
  const char *cpu;
  const char *isa;      /* instruction sets, comma separated, best first */
  const char *features; /* CPU features that each ISA's code needs, comma separated; ISAs by ';' */
  const char *manifest; /* JSON: how the model was made; "" if not recorded */
  int32_t max_threads;  /* maximum for run_threads; 1 if there is no run_threads */
};

/* How to run a model on several threads. */
struct narrow_threads {
  int32_t count; /* threads to use, 1 to info->max_threads */
  /* Calls task(arg, i) for i = 0 .. count - 1, all at the same time on separate threads (they wait for each
   * other), and returns when all have returned. The caller's thread may be one of them. */
  void (*parallel)(void *ctx, int32_t count, void (*task)(void *arg, int32_t i), void *arg);
  /* Called by a thread that has waited long for another, e.g. sched_yield; may be null. */
  void (*yield)(void *ctx);
  void *ctx;
};

/* Receives the observed tensors of a model that was compiled for calibration. */
struct narrow_observer {
  /* id indexes info->observers; data is valid during the call only. */
  void (*fn)(void *ctx, int32_t id, const float *data, int64_t count);
  void *ctx;
};

#ifdef __cplusplus
}
#endif

#endif /* NARROW_MODEL_H */
