#define EMULATED
#include "../simd/bf16_amx.h"

#include "bf16.h"
