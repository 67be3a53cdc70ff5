// Int8 products for AMX. The weight layout, and products too small for tiles, are those of AVX-512
// VNNI: a panel of packed weights is also a column of pairs of tiles.

#include "amx_level.h"

#ifdef EMULATED
#include "portable.h"

#include "bytes.h"
#define TILE_ROWS_S8 4
#else
#include "int8_avx512_vnni.h"
#endif

#include "amx.h"

#define DEPTH_MULTIPLE_S8 MATRIX_DEPTH
