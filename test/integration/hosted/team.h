/* Threads for one run of a model: one for each number, started for the run. */
#ifndef TEAM_H
#define TEAM_H
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

struct job {
  void (*task)(void *, int32_t);
  void *arg;
  int32_t i;
};

static void *start(void *arg) {
  struct job *job = arg;
  job->task(job->arg, job->i);
  return NULL;
}

static void parallel(void *ctx, int32_t count, void (*task)(void *, int32_t), void *arg) {
  pthread_t threads[16];
  struct job jobs[16];
  for (int32_t i = 1; i < count; ++i) {
    jobs[i] = (struct job){task, arg, i};
    pthread_create(&threads[i], NULL, start, &jobs[i]);
  }
  task(arg, 0);
  for (int32_t i = 1; i < count; ++i)
    pthread_join(threads[i], NULL);
  (void)ctx;
}

static void yield(void *ctx) {
  (void)ctx;
  sched_yield();
}
#endif
