// Features that this CPU and its operating system support, probed once.

#include <stdatomic.h>
#include <stddef.h>

#include "../include/CKernels.h"

// Names, indexed by bit.
static const char *const names[] = {
#define X86_FEATURE(identifier, name, ...) name,
#define ARM_FEATURE(identifier, name, ...) name,
#include "feature_list.h"
};

enum { COUNT = sizeof names / sizeof names[0] };
_Static_assert(COUNT < 31, "bit 31 marks that features have been probed");

const char *sam2_feature_name(uint32_t feature) {
  for (size_t i = 0; i < COUNT; ++i)
    if (feature == UINT32_C(1) << i)
      return names[i];
  return NULL;
}

#if defined(__x86_64__)

#include <cpuid.h>

enum { LEAF_1, LEAF_7, LEAF_7_1 };
enum { EAX, EBX, ECX, EDX };
enum { NO_STATE = 0, YMM_STATE = 0x6, ZMM_STATE = 0xe6, TILE_STATE = 0x60000 };

/// Register state that the operating system saves (XCR0), on a CPU whose leaf 1 is `leaf`.
static uint64_t saved_state(const uint32_t leaf[4]) {
  uint32_t low, high;
  if (!(leaf[ECX] >> 27 & 1))
    return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static void read_leaf(uint32_t leaf, uint32_t part, uint32_t words[4]) {
  if (!__get_cpuid_count(leaf, part, &words[EAX], &words[EBX], &words[ECX], &words[EDX]))
    words[EAX] = words[EBX] = words[ECX] = words[EDX] = 0;
}

static uint32_t probe(void) {
  uint32_t leaves[3][4] = {0}, found = 0;
  read_leaf(1, 0, leaves[LEAF_1]);
  read_leaf(7, 0, leaves[LEAF_7]);
  // Leaf 7 begins with the number of its last subleaf.
  if (leaves[LEAF_7][EAX] >= 1)
    read_leaf(7, 1, leaves[LEAF_7_1]);
  const uint64_t saved = saved_state(leaves[LEAF_1]);
#define X86_FEATURE(identifier, name, leaf, word, bit, state)                                      \
  if (leaves[leaf][word] >> bit & 1 && (saved & state) == state)                                   \
    found |= SAM2_CPU_##identifier;
#define ARM_FEATURE(...)
#include "feature_list.h"
  return found;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

static uint32_t probe(void) {
  const unsigned long HWCAP = getauxval(AT_HWCAP), HWCAP2 = getauxval(AT_HWCAP2);
  uint32_t found = 0;
#define X86_FEATURE(...)
#define ARM_FEATURE(identifier, name, word, bit)                                                   \
  if (word >> bit & 1)                                                                             \
    found |= SAM2_CPU_##identifier;
#include "feature_list.h"
  return found;
}

#elif defined(__aarch64__)

static uint32_t probe(void) { return SAM2_CPU_NEON; }

#else

static uint32_t probe(void) { return 0; }

#endif

uint32_t sam2_cpu_features(void) {
  // Threads that race here all store the same value; the top bit means "probed".
  static _Atomic uint32_t known = 0;
  const uint32_t probed = UINT32_C(1) << 31;
  uint32_t features = atomic_load_explicit(&known, memory_order_relaxed);
  if (!features) {
    features = probe() | probed;
    atomic_store_explicit(&known, features, memory_order_relaxed);
  }
  return features & ~probed;
}
