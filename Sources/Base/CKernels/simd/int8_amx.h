// Int8 products of AMX. Products too small for tiles, and the layout of the weights, are those of
// AVX-512 VNNI: a panel of packed weights is also a column of pairs of tiles.

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
