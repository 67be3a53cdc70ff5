// Layouts of the public structs on 64-bit machines: members of a released version never move.

#include "include/sam2.h"

#define ENDS_AT(type, last, size) \
  _Static_assert(sizeof(void *) != 8 || sizeof(type) == (size), #type " has another size"); \
  _Static_assert(offsetof(type, last) < (size), #type " ends before " #last)

// Interface 1.0. Later versions add members at or after these sizes, never in the padding before
// them, since `struct_size` would not then distinguish their callers from those of 1.0.
ENDS_AT(sam2_error, message, 1104);
ENDS_AT(sam2_model_options, kernel_level, 32);
ENDS_AT(sam2_model_info, tracks, 32);
ENDS_AT(sam2_image, format, 40);
ENDS_AT(sam2_point, label, 12);
ENDS_AT(sam2_mask, stride, 24);
ENDS_AT(sam2_prompt, keeps_old_points, 80);
ENDS_AT(sam2_result_info, frame, 40);
ENDS_AT(sam2_mask_info, area, 80);
ENDS_AT(sam2_grid_point, y, 16);
ENDS_AT(sam2_automatic_options, grid_points, 120);
ENDS_AT(sam2_tracker_options, constant_values, 72);
