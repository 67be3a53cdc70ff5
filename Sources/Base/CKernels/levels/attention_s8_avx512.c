#if defined(__x86_64__)

#include "../simd/fold_avx512.h"

#include "attention_s8.h"

#endif
