// The default model and the built-in detector, inside the binary: .sam2 files that
// Scripts/make_bundled_model.sh creates from the trained checkpoints among the test fixtures.

#ifndef SAM2_BUNDLED_MODEL_H
#define SAM2_BUNDLED_MODEL_H

#include <stddef.h>

/// The bytes of the file, aligned to a multiple of 4096 so that they can be used in place.
extern const unsigned char sam2_bundled_model[];
extern const size_t sam2_bundled_model_size;

/// The same bytes for Swift, which does not import arrays of unknown size.
static inline const void *_Nonnull sam2_bundled_model_bytes(void) { return sam2_bundled_model; }

/// The same for the detector.
extern const unsigned char sam2_bundled_detector[];
extern const size_t sam2_bundled_detector_size;

static inline const void *_Nonnull sam2_bundled_detector_bytes(void) {
  return sam2_bundled_detector;
}

#endif
