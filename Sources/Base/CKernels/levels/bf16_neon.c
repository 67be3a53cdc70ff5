#if defined(__aarch64__)

#include "../simd/neon.h"

#include "../simd/bf16.h"

#include "bf16.h"

#endif
