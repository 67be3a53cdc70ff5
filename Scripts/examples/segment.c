// Segments a picture by one click, from C.
//
//   cc -std=c11 segment.c -lsam2 -o segment
//   ./segment MODEL.sam2 PICTURE X Y OUTPUT
//
// Writes the best of three masks to OUTPUT.pgm (255 inside) and its low-resolution logits to
// OUTPUT.f32, and prints the predicted IoU of all three.

#include <sam2.h>
#include <stdio.h>
#include <stdlib.h>

// Ends the program with the status of a call that failed.
static void check(sam2_status status, const sam2_error *error) {
  if (status == SAM2_OK) return;
  fprintf(stderr, "error: %s [%s]\n", error->message, error->code);
  exit(status);
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL) exit(SAM2_INTERNAL);
  return memory;
}

static FILE *create(const char *name, const char *extension) {
  char path[4096];
  snprintf(path, sizeof path, "%s.%s", name, extension);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(SAM2_CANNOT_CREATE);
  }
  return file;
}

static void save_mask(const sam2_result *result, const sam2_result_info *info, const char *name) {
  sam2_error error = SAM2_ERROR_INIT;
  const size_t size = (size_t)info->width * info->height;
  uint8_t *mask = allocate(size);
  check(sam2_result_mask(result, info->best, mask, size, 0, &error), &error);
  FILE *file = create(name, "pgm");
  fprintf(file, "P5\n%d %d\n255\n", info->width, info->height);
  for (size_t i = 0; i < size; i++) fputc(mask[i] ? 255 : 0, file);
  fclose(file);
  free(mask);
}

static void save_logits(const sam2_result *result, const sam2_result_info *info, const char *name) {
  sam2_error error = SAM2_ERROR_INIT;
  const size_t count = (size_t)info->logits_side * info->logits_side;
  float *logits = allocate(count * sizeof *logits);
  check(sam2_result_low_resolution_logits(result, info->best, logits, count, &error), &error);
  FILE *file = create(name, "f32");
  fwrite(logits, sizeof *logits, count, file);
  fclose(file);
  free(logits);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s MODEL.sam2 PICTURE X Y OUTPUT\n", argv[0]);
    return SAM2_USAGE;
  }
  sam2_error error = SAM2_ERROR_INIT;
  sam2_model *model = NULL;
  check(sam2_model_open(argv[1], NULL, &model, &error), &error);
  sam2_predictor *predictor = NULL;
  check(sam2_predictor_create(model, &predictor, &error), &error);

  // From a file; a program with pixels of its own fills in a sam2_image itself.
  sam2_picture *picture = NULL;
  check(sam2_picture_read(argv[2], 0, &picture, &error), &error);
  sam2_image image = {.struct_size = sizeof image};
  check(sam2_picture_image(picture, &image, &error), &error);
  check(sam2_predictor_set_image(predictor, &image, &error), &error);
  sam2_picture_free(picture);

  const sam2_point click = {strtof(argv[3], NULL), strtof(argv[4], NULL), 1};
  sam2_prompt prompt;
  sam2_prompt_init(&prompt, sizeof prompt);
  prompt.points = &click;
  prompt.point_count = 1;
  sam2_result *result = NULL;
  check(sam2_predictor_predict(predictor, &prompt, &result, &error), &error);
  fputs(sam2_result_notices(result), stderr);

  sam2_result_info info = {.struct_size = sizeof info};
  check(sam2_result_describe(result, &info, &error), &error);
  for (int index = 0; index < info.mask_count; index++) {
    sam2_mask_info mask = {.struct_size = sizeof mask};
    check(sam2_result_describe_mask(result, index, &mask, &error), &error);
    printf("%.9g%s\n", mask.predicted_iou, index == info.best ? " best" : "");
  }
  save_mask(result, &info, argv[5]);
  save_logits(result, &info, argv[5]);

  sam2_result_free(result);
  sam2_predictor_free(predictor);
  sam2_model_free(model);
  return SAM2_OK;
}
