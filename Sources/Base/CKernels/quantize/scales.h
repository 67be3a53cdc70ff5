// What counts as a scale of rounded rows.

#ifndef SAM2_SCALES_H
#define SAM2_SCALES_H

/// Scales with a finite reciprocal (and no denormals). Rows outside count as scale 1.
#define LEAST_SCALE 1.17549435e-38f
#define MOST_SCALE 3.0e38f

#endif
