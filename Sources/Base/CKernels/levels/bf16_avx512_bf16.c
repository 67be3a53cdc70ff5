#if defined(__x86_64__)

#include "../simd/bf16_avx512.h"

#include "bf16.h"

#endif
