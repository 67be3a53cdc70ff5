#if defined(__x86_64__)

#define EMULATED_TILES
#include "../simd/bf16_amx.h"

#include "bf16.h"

#endif
