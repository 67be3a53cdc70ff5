#if defined(__x86_64__)

#include "../simd/bf16_amx.h"

#include "bf16.h"

#endif
