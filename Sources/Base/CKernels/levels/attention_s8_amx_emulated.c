#define EMULATED
#include "../simd/fold_amx.h"

#include "attention_s8.h"
