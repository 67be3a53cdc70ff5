// Measures time inside products: a table whose products and attention call those of another table,
// with a clock around each call.

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "../include/CKernels.h"

static _Atomic(const sam2_kernels *) timed;
static sam2_kernels clocked;
static atomic_uint_fast64_t nanoseconds;
static atomic_int is_complete;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#define TIMED(kernel, task_type)                                                                   \
  static void timed_##kernel(const task_type *task) {                                              \
    const sam2_kernels *kernels = atomic_load_explicit(&timed, memory_order_relaxed);              \
    const uint64_t start = now();                                                                  \
    kernels->kernel(task);                                                                         \
    atomic_fetch_add_explicit(&nanoseconds, now() - start, memory_order_relaxed);                  \
  }

TIMED(gemm_f32, sam2_gemm_f32)
TIMED(gemm_bf16, sam2_gemm_f32)
TIMED(gemm_u8s8, sam2_gemm_u8s8)
TIMED(attention_f32, sam2_attention_f32)
TIMED(attention_bf16, sam2_attention_f32)
TIMED(attention_s8, sam2_attention_s8)
TIMED(axial_s8, sam2_axial_s8)

const sam2_kernels *sam2_clocked_products(const sam2_kernels *kernels) {
  const sam2_kernels *expected = NULL;
  if (atomic_compare_exchange_strong(&timed, &expected, kernels)) {
    clocked = *kernels;
    clocked.gemm_f32 = timed_gemm_f32;
    clocked.gemm_bf16 = timed_gemm_bf16;
    clocked.gemm_u8s8 = timed_gemm_u8s8;
    clocked.attention_f32 = timed_attention_f32;
    clocked.attention_bf16 = timed_attention_bf16;
    clocked.attention_s8 = timed_attention_s8;
    clocked.axial_s8 = timed_axial_s8;
    atomic_store(&is_complete, 1);
  } else if (expected != kernels) {
    return NULL;
  }
  while (!atomic_load(&is_complete))
    sam2_pause();
  return &clocked;
}

uint64_t sam2_product_nanoseconds(void) {
  return atomic_load_explicit(&nanoseconds, memory_order_relaxed);
}
