#if defined(__x86_64__)

#define EMULATED_TILES
#include "../simd/fold_amx.h"

#include "attention_s8.h"

#endif
