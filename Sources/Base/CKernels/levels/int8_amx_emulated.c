#define EMULATED
#include "../simd/int8_amx.h"

#include "int8.h"
