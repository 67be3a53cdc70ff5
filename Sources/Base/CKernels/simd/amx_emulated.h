// Tile registers in portable C. Like the processor, they respect the configured shapes, and trap
// where it would fault.

#ifndef SAM2_AMX_EMULATED_H
#define SAM2_AMX_EMULATED_H

typedef struct {
  uint8_t bytes[MATRIX_ROWS][64];
} amx_tile;

static _Thread_local amx_tile amx_tiles[8];
static _Thread_local amx_shapes amx_configured;

INLINE void amx_expect(int holds) {
  if (!holds)
    __builtin_trap();
}

/// The register `tile`, which must have a shape.
INLINE amx_tile *amx_register(int tile) {
  amx_expect(tile < 8 && amx_configured.palette == 1 && amx_configured.rows[tile] > 0);
  return &amx_tiles[tile];
}

static void amx_begin(void) {
  amx_configured = amx_full_tiles;
  for (int i = 0; i < 8; ++i)
    amx_expect(amx_configured.rows[i] <= MATRIX_ROWS && amx_configured.row_bytes[i] <= 64);
  __builtin_memset(amx_tiles, 0, sizeof amx_tiles);
}

static void amx_end(void) { amx_configured = (amx_shapes){0}; }

static void amx_zero(int tile) { __builtin_memset(amx_register(tile), 0, sizeof(amx_tile)); }

static void amx_load(int tile, const void *p, size_t stride) {
  amx_tile *to = amx_register(tile);
  __builtin_memset(to, 0, sizeof *to);
  for (int r = 0; r < amx_configured.rows[tile]; ++r)
    __builtin_memcpy(to->bytes[r], (const char *)p + (size_t)r * stride,
                     amx_configured.row_bytes[tile]);
}

static void amx_store(int tile, void *p, size_t stride) {
  const amx_tile *from = amx_register(tile);
  for (int r = 0; r < amx_configured.rows[tile]; ++r)
    __builtin_memcpy((char *)p + (size_t)r * stride, from->bytes[r],
                     amx_configured.row_bytes[tile]);
}

/// The value of a byte, read as signed or unsigned.
INLINE int32_t amx_byte(uint8_t byte, int is_signed) { return is_signed ? (int8_t)byte : byte; }

INLINE void amx_product(int sums, int a, int b, const int a_signed, const int b_signed) {
  amx_tile *c = amx_register(sums);
  const amx_tile *left = amx_register(a), *right = amx_register(b);
  const amx_shapes *shape = &amx_configured;
  amx_expect(shape->rows[sums] == shape->rows[a] && shape->row_bytes[sums] == shape->row_bytes[b]);
  amx_expect(shape->rows[b] * 4 == shape->row_bytes[a]);
  for (int m = 0; m < shape->rows[sums]; ++m) {
    uint32_t row[16];
    __builtin_memcpy(row, c->bytes[m], sizeof row);
    for (int k = 0; k < shape->rows[b]; ++k)
      for (int n = 0; n < shape->row_bytes[b] / 4; ++n)
        for (int i = 0; i < 4; ++i)
          row[n] += (uint32_t)(amx_byte(left->bytes[m][4 * k + i], a_signed) *
                               amx_byte(right->bytes[k][4 * n + i], b_signed));
    __builtin_memcpy(c->bytes[m], row, sizeof row);
  }
}

INLINE float amx_half(const uint8_t *p) {
  uint16_t half;
  __builtin_memcpy(&half, p, sizeof half);
  const uint32_t bits = (uint32_t)half << 16;
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

/// Sums the even and the odd elements separately, then adds both, as the Intel SDM defines
/// TDPBF16PS. Products of bfloat16 are exact in float32.
__attribute__((unused)) static void amx_bf16(int sums, int a, int b) {
  amx_tile *c = amx_register(sums);
  const amx_tile *left = amx_register(a), *right = amx_register(b);
  for (int m = 0; m < MATRIX_ROWS; ++m) {
    float row[16], even[16] = {0}, odd[16] = {0};
    __builtin_memcpy(row, c->bytes[m], sizeof row);
    for (int k = 0; k < 16; ++k)
      for (int n = 0; n < 16; ++n) {
        even[n] += amx_half(left->bytes[m] + 4 * k) * amx_half(right->bytes[k] + 4 * n);
        odd[n] += amx_half(left->bytes[m] + 4 * k + 2) * amx_half(right->bytes[k] + 4 * n + 2);
      }
    for (int n = 0; n < 16; ++n) row[n] += even[n] + odd[n];
    __builtin_memcpy(c->bytes[m], row, sizeof row);
  }
}

__attribute__((unused)) static void amx_us(int sums, int a, int b) {
  amx_product(sums, a, b, 0, 1);
}
__attribute__((unused)) static void amx_su(int sums, int a, int b) {
  amx_product(sums, a, b, 1, 0);
}
__attribute__((unused)) static void amx_ss(int sums, int a, int b) {
  amx_product(sums, a, b, 1, 1);
}

#endif
