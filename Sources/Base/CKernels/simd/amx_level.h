// Names and features of the AMX level and of its emulations: EMULATED emulates all of it in
// portable C; EMULATED_TILES emulates only the tiles and keeps the level's vector instructions.

#ifdef EMULATED
#define EMULATED_TILES
#define KERNEL(name) name##__amx_emulated
// As many lanes as a row of a tile has sums.
#define VF_WIDTH 16
#define TILE_ROWS_F32 4
#define FINISHED_ROWS 4
#define OUTER_ROWS 4
#define PEAK_SUMS 8
// No function takes or returns a vector: all are inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#elif defined(EMULATED_TILES)
#define KERNEL(name) name##__amx_emulated_tiles
#define TARGET AVX512_TARGET ",avx512vnni"
#else
#define KERNEL(name) name##__amx_int8
#define TARGET AVX512_TARGET ",avx512vnni,amx-tile,amx-int8"
#endif
