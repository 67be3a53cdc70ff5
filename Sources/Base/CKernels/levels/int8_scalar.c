#include "../simd/int8_scalar.h"

#include "int8.h"
