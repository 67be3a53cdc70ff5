#if defined(__aarch64__)

#include "../simd/fold_neon.h"

#include "attention_s8.h"

#endif
