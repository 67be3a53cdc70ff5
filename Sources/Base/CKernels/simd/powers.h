// The weights of int8 attention: 2^-(n / 64) for whole n >= 0 in 16-bit integer arithmetic, rounded
// by error diffusion, so that every level gets the same bytes. Formats/operators.md has the
// definition. Levels that can look up numbers in a table of 64 do so; the others compute them from
// a polynomial of the exponent e = POWER_OFFSET - 32 n in units of 1 / 2048.

/// Number of units in one exponent of two.
#define EXPONENT_UNITS 64.0f
/// Larger n are treated as this one, 2^-16.
#define MAX_DISTANCE 1024

/// round(2048 log2 255): scales 2^0 to a weight of 255, with eight more bits before rounding.
#define POWER_OFFSET 16372

/// 2^f - 1 ~ f (C1 + f (C2 + f C3)) for f in [0, 1), all in units of 2^-15: fitted for this library
/// by search over the rounded integers; relative error below 1.1e-4.
#define POWER_C1 22778
#define POWER_C2 7458
#define POWER_C3 2526

/// Initial rounding remainder in a tile: one half.
#define HALF_WEIGHT 128
