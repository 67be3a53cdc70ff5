// The weights of int8 attention: 2^-(n / 64) for whole n >= 0 in 16-bit integer arithmetic, rounded
// by error diffusion, so that every level gets the same bytes. Formats/operators.md has the
// definition. Where 64 numbers can be looked up at once they are; elsewhere they come from their
// polynomial, of the exponent e = POWER_OFFSET - 32 n in units of 1 / 2048.

/// Units of an exponent of two.
#define EXPONENT_UNITS 64.0f
/// From here on, n counts no more: 2^-16.
#define MAX_DISTANCE 1024

/// round(2048 log2 255): scales 2^0 to 255, of which a weight has eight more bits before rounding.
#define POWER_OFFSET 16372

/// 2^f - 1 ~ f (C1 + f (C2 + f C3)) for f in [0, 1), all in units of 2^-15: fitted for this library
/// by search over the rounded integers; relative error below 1.1e-4.
#define POWER_C1 22778
#define POWER_C2 7458
#define POWER_C3 2526

/// Initial rounding remainder in a tile: one half.
#define HALF_WEIGHT 128
