// Names and features of the AMX level and its emulations: EMULATED emulates the whole level in
// portable C; EMULATED_TILES emulates only the tiles and keeps the level's vector instructions.

#ifdef EMULATED
#define EMULATED_TILES
#define KERNEL(name) name##__amx_emulated
// As many lanes as there are sums in a row of a tile.
#define VF_WIDTH 16
#define TILE_ROWS_F32 4
#define FINISHED_ROWS 4
#define OUTER_ROWS 4
#define PEAK_SUMS 8
// The warning does not apply: every function that takes or returns a vector is inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#elif defined(EMULATED_TILES)
#define KERNEL(name) name##__amx_emulated_tiles
#define TARGET AVX512_TARGET ",avx512vnni"
#else
#define KERNEL(name) name##__amx_int8
#define TARGET AVX512_TARGET ",avx512vnni,amx-tile,amx-int8"
#endif
