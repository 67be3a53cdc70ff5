// peak_s8 for AMX: products of tiles in registers.

#ifndef SAM2_PEAK_AMX_H
#define SAM2_PEAK_AMX_H

static uint64_t KERNEL(peak_s8)(uint64_t iterations) {
  static const _Alignas(64) uint8_t zeros[1024];
  amx_begin();
  amx_zero_block(2, 2);
  amx_load(4, zeros, 64);
  amx_load(5, zeros, 64);
  amx_load(6, zeros, 64);
  amx_load(7, zeros, 64);
  for (uint64_t iteration = 0; iteration < iterations; ++iteration) {
    amx_us(0, 4, 6);
    amx_us(1, 4, 7);
    amx_us(2, 5, 6);
    amx_us(3, 5, 7);
  }
  amx_end();
  return iterations * 4 * MATRIX_ROWS * MATRIX_ROWS * MATRIX_DEPTH;
}

#endif
