#if defined(__x86_64__)

#include "../simd/avx2.h"

#include "../simd/bf16.h"

#include "bf16.h"

#endif
