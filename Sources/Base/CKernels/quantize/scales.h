// The valid scales of rounded rows.

#ifndef SAM2_SCALES_H
#define SAM2_SCALES_H

/// Bounds of scales with a finite reciprocal (and no denormals). Rows outside them get scale 1.
#define MIN_SCALE 1.17549435e-38f
#define MAX_SCALE 3.0e38f

#endif
