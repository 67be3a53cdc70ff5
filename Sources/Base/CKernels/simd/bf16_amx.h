// Pairs of bfloat16 with AMX-BF16: rounding as in AVX512-BF16, products by tiles. For EMULATED and
// EMULATED_TILES, see simd/amx_level.h. See simd/bf16.h for the vocabulary.

#define BF16_BY_TILES
#define TILE_ROWS_BF16 32
#define DEPTH_MULTIPLE_BF16 32

#if defined(EMULATED)
#include "amx_level.h"

#include "portable.h"

#include "bf16.h"
#elif defined(EMULATED_TILES)
#include "amx_level.h"

#include "avx512.h"

#include "bf16.h"
#else
#define KERNEL(name) name##__amx_bf16
#define TARGET AVX512_TARGET ",avx512bf16,amx-tile,amx-bf16"
#include "bf16_avx512.h"
#endif

#include "amx.h"
