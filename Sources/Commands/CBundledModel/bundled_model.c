#include "CBundledModel.h"

// `#embed` is C23; in earlier modes clang offers it as an extension and warns.
#pragma clang diagnostic ignored "-Wc23-extensions"

_Alignas(4096) const unsigned char sam2_bundled_model[] = {
#embed "nano-int8.sam2"
};

const size_t sam2_bundled_model_size = sizeof(sam2_bundled_model);

_Alignas(4096) const unsigned char sam2_bundled_detector[] = {
#embed "shapes-int8.sam2"
};

const size_t sam2_bundled_detector_size = sizeof(sam2_bundled_detector);
