// Enters the int8 attention of a level in a table. A source first includes the level's vocabulary.

#include "../attention/attention_s8.h"
#include "../attention/axial_s8.h"

// Any CPU may fill a table, so the level's instructions are not used from here on.
#include "../simd/end.h"

void KERNEL(use_attention_s8)(sam2_kernels *table) {
  table->attention_s8_prepared_bytes = KERNEL(attention_s8_prepared_bytes);
  table->attention_s8_workspace_bytes = KERNEL(attention_s8_workspace_bytes);
  table->attention_s8_prepare = KERNEL(attention_s8_prepare);
  table->attention_s8 = KERNEL(attention_s8);
  table->attention_s8_integers = KERNEL(attention_s8_integers);
  table->axial_s8_projection_bytes = KERNEL(axial_s8_projection_bytes);
  table->axial_s8_project = KERNEL(axial_s8_project);
  table->axial_s8_prepared_bytes = KERNEL(axial_s8_prepared_bytes);
  table->axial_s8_workspace_bytes = KERNEL(axial_s8_workspace_bytes);
  table->axial_s8_tiles = KERNEL(axial_s8_tiles);
  table->axial_s8_prepare = KERNEL(axial_s8_prepare);
  table->axial_s8 = KERNEL(axial_s8);
}
