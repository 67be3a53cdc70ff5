// clang-format off: the order of these matters.
#include "../simd/portable.h"
#include "../simd/math.h"
#include "../simd/int8_scalar.h"
#include "../simd/fold_scalar.h"
#include "attention_s8.h"
#include "axial_s8.h"
#include "../simd/end.h"
