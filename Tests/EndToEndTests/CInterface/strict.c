// Calls every function of sam2.h with arguments that make no sense, and one predictor from several
// threads. Prints what is wrong, and ends with the number of faults.
//
//   strict MODEL.sam2 PICTURE FOLDER

#include <pthread.h>
#include <sam2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int faults = 0;

#define HOLDS(condition) \
  do { \
    if (!(condition)) { \
      printf("line %d: %s\n", __LINE__, #condition); \
      faults++; \
    } \
  } while (0)

// `call` uses `&error`, and has to fail with `expected`.
#define FAILS(expected, call) \
  do { \
    sam2_error error = SAM2_ERROR_INIT; \
    const sam2_status status = call; \
    if (status == SAM2_OK || error.status != status || strcmp(error.code, expected) || \
        error.message[0] == 0) { \
      printf("line %d: %s gave %d [%s] %s\n", __LINE__, #call, status, error.code, error.message); \
      faults++; \
    } \
  } while (0)

#define WORKS(call) \
  do { \
    sam2_error error = SAM2_ERROR_INIT; \
    const sam2_status status = call; \
    if (status != SAM2_OK || error.status != SAM2_OK || error.code[0]) { \
      printf("line %d: %s gave %d [%s] %s\n", __LINE__, #call, status, error.code, error.message); \
      faults++; \
    } \
  } while (0)

static const char *model_path, *picture_path, *folder;
static sam2_model *model;
static sam2_picture *picture;
static sam2_image image = {.struct_size = sizeof(sam2_image)};
static uint8_t mask_bytes[1 << 20];
static float logits[1 << 20];

static sam2_prompt click(const sam2_point *point) {
  sam2_prompt prompt;
  sam2_prompt_init(&prompt, sizeof prompt);
  prompt.points = point;
  prompt.point_count = 1;
  return prompt;
}

// ---- Errors, models, pictures

static void check_errors(void) {
  sam2_model *none = (sam2_model *)1;
  // Without a place for the error, or with one of another size.
  HOLDS(sam2_model_open(NULL, NULL, &none, NULL) == SAM2_USAGE && none == NULL);
  sam2_error other = SAM2_ERROR_INIT;
  other.struct_size = 3;
  HOLDS(sam2_model_open("missing.sam2", NULL, &none, &other) == SAM2_USAGE);
  HOLDS(other.struct_size == 3 && other.code[0] == 0);
  // A caller of a later version has a longer struct.
  struct {
    sam2_error known;
    char later[100];
  } longer = {SAM2_ERROR_INIT, "kept"};
  longer.known.struct_size = sizeof longer;
  HOLDS(sam2_model_open("missing.sam2", NULL, &none, &longer.known) == SAM2_MISSING_INPUT);
  HOLDS(!strcmp(longer.known.code, "file.missing") && !strcmp(longer.later, "kept"));
  HOLDS(strlen(sam2_version()) >= 5);
  HOLDS(sam2_interface_version() >= (SAM2_INTERFACE_MAJOR << 16 | SAM2_INTERFACE_MINOR));
}

static void check_models(void) {
  sam2_model *none = NULL;
  FAILS("argument.null", sam2_model_open(NULL, NULL, &none, &error));
  FAILS("argument.null", sam2_model_open(model_path, NULL, NULL, &error));
  FAILS("argument.text", sam2_model_open("\xff\xfe", NULL, &none, &error));
  FAILS("image.format", sam2_picture_read(model_path, 0, (sam2_picture **)&none, &error));
  HOLDS(sam2_model_open(picture_path, NULL, &none, NULL) == SAM2_BAD_INPUT);
  sam2_model_options options;
  memset(&options, 0, sizeof options);
  FAILS("argument.struct_size", sam2_model_open(model_path, &options, &none, &error));
  sam2_model_options_init(&options, sizeof options);
  HOLDS(options.struct_size == sizeof options && options.graph_budget == 1);
  options.threads = -1;
  FAILS("argument.value", sam2_model_open(model_path, &options, &none, &error));
  options.threads = 1;
  options.arithmetic = 2;
  FAILS("argument.value", sam2_model_open(model_path, &options, &none, &error));
  options.arithmetic = SAM2_FLOAT32;
  options.kernel_level = "abacus";
  HOLDS(sam2_model_open(model_path, &options, &none, NULL) != SAM2_OK);
  HOLDS(none == NULL);
  sam2_model_options_init(NULL, sizeof options);
  sam2_model_options_init(&options, 1);

  sam2_model_info info = {.struct_size = sizeof info};
  WORKS(sam2_model_describe(model, &info, &error));
  HOLDS(info.image_size == 4 * info.logits_side && info.takes_points && info.takes_masks &&
        info.tracks);
  FAILS("argument.null", sam2_model_describe(NULL, &info, &error));
  FAILS("argument.handle", sam2_model_describe((sam2_model *)picture, &info, &error));
  FAILS("argument.handle", sam2_model_describe((sam2_model *)&info, &info, &error));
  FAILS("argument.null", sam2_model_describe(model, NULL, &error));
  info.struct_size = 0;
  FAILS("argument.struct_size", sam2_model_describe(model, &info, &error));
}

static void check_pictures(void) {
  sam2_picture *none = NULL;
  FAILS("argument.null", sam2_picture_read(NULL, 0, &none, &error));
  FAILS("file.missing", sam2_picture_read("missing.png", 0, &none, &error));
  FAILS("image.too_large", sam2_picture_read(picture_path, 10, &none, &error));
  sam2_image view = {.struct_size = sizeof view};
  FAILS("argument.handle", sam2_picture_image((sam2_picture *)model, &view, &error));
  FAILS("argument.null", sam2_picture_image(picture, NULL, &error));
  HOLDS(sam2_picture_notices(NULL) == NULL && sam2_picture_notices((sam2_picture *)model) == NULL);
  HOLDS(sam2_picture_notices(picture)[0] == 0);
  sam2_picture_free(NULL);
  sam2_picture_free((sam2_picture *)model);
}

// ---- Predictors and results

static void check_images(sam2_predictor *predictor) {
  sam2_image bad = image;
  FAILS("argument.null", sam2_predictor_set_image(predictor, NULL, &error));
  bad.pixels = NULL;
  FAILS("argument.null", sam2_predictor_set_image(predictor, &bad, &error));
  bad = image;
  bad.width = 0;
  FAILS("argument.value", sam2_predictor_set_image(predictor, &bad, &error));
  bad.width = bad.height = 2147483647;
  FAILS("argument.value", sam2_predictor_set_image(predictor, &bad, &error));
  bad = image;
  bad.stride = 5;
  FAILS("argument.value", sam2_predictor_set_image(predictor, &bad, &error));
  bad.stride = (size_t)-1;
  FAILS("argument.value", sam2_predictor_set_image(predictor, &bad, &error));
  bad = image;
  bad.format = 7;
  FAILS("argument.value", sam2_predictor_set_image(predictor, &bad, &error));
  bad = image;
  bad.struct_size = 1 << 20;
  FAILS("argument.struct_size", sam2_predictor_set_image(predictor, &bad, &error));
}

static void check_prompts(sam2_predictor *predictor, const sam2_result *earlier) {
  sam2_result *none = NULL;
  const sam2_point point = {100, 100, 1};
  sam2_prompt prompt = click(&point);
  FAILS("argument.null", sam2_predictor_predict(predictor, NULL, &none, &error));
  FAILS("argument.null", sam2_predictor_predict(predictor, &prompt, NULL, &error));
  FAILS("argument.null", sam2_predictor_predict(NULL, &prompt, &none, &error));
  prompt.points = NULL;
  FAILS("argument.null", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt.point_count = (size_t)-1;
  FAILS("argument.value", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt.point_count = 0;
  FAILS("prompt.empty", sam2_predictor_predict(predictor, &prompt, &none, &error));
  const sam2_point odd[] = {{100, 100, 9}, {100, (float)1e30, 1}};
  prompt = click(&odd[0]);
  FAILS("prompt.label", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt = click(&odd[1]);
  FAILS("prompt.coordinate", sam2_predictor_predict(predictor, &prompt, &none, &error));
  const float box[] = {50, 50, 10, 10};
  prompt.point_count = 0;
  prompt.box = box;
  FAILS("prompt.box_order", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt = click(&point);
  prompt.multimask = 2;
  FAILS("argument.value", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt = click(&point);
  prompt.maximum_hole_area = -1;
  FAILS("argument.value", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt = click(&point);
  const sam2_mask small = {mask_bytes, 2, 2, 0};
  prompt.mask = &small;
  FAILS("prompt.mask_size", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt.logits = logits;
  FAILS("argument.value", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt.mask = NULL;
  prompt.logits_count = 5;
  FAILS("prompt.mask_shape", sam2_predictor_predict(predictor, &prompt, &none, &error));
  prompt.logits = NULL;
  FAILS("argument.null", sam2_predictor_predict(predictor, &prompt, &none, &error));
  HOLDS(none == NULL);

  // A point beside the picture is answered, with a notice.
  const sam2_point outside = {-5, 100, 1};
  prompt = click(&outside);
  WORKS(sam2_predictor_predict(predictor, &prompt, &none, &error));
  HOLDS(strstr(sam2_result_notices(none), "(-5.0, 100.0)") != NULL);
  HOLDS(sam2_result_notices(earlier)[0] == 0 && sam2_result_notices(NULL) == NULL);
  sam2_result_free(none);
}

static void check_results(const sam2_result *result) {
  sam2_result_info info = {.struct_size = sizeof info};
  WORKS(sam2_result_describe(result, &info, &error));
  HOLDS(info.mask_count == 3 && info.width == image.width && info.height == image.height);
  HOLDS(info.frame == -1 && info.best >= 0);
  FAILS("argument.null", sam2_result_describe(NULL, &info, &error));
  FAILS("argument.handle", sam2_result_describe((sam2_result *)model, &info, &error));
  sam2_mask_info mask = {.struct_size = sizeof mask};
  FAILS("argument.value", sam2_result_describe_mask(result, 3, &mask, &error));
  FAILS("argument.value", sam2_result_describe_mask(result, -1, &mask, &error));
  FAILS("argument.null", sam2_result_describe_mask(result, 0, NULL, &error));
  const size_t pixels = (size_t)info.width * info.height;
  FAILS("argument.null", sam2_result_mask(result, 0, NULL, pixels, 0, &error));
  FAILS("argument.capacity", sam2_result_mask(result, 0, mask_bytes, pixels - 1, 0, &error));
  FAILS("argument.capacity", sam2_result_mask(result, 0, mask_bytes, (size_t)-1, 0, &error));
  FAILS("argument.value", sam2_result_mask(result, 0, mask_bytes, pixels, 5, &error));
  FAILS("argument.capacity", sam2_result_logits(result, 0, logits, pixels - 1, &error));
  FAILS("argument.null", sam2_result_low_resolution_logits(result, 0, NULL, 1, &error));

  // Rows with gaps hold the same mask, and the gaps stay as they are.
  const size_t stride = info.width + 3;
  uint8_t *wide = malloc(stride * info.height);
  memset(wide, 7, stride * info.height);
  WORKS(sam2_result_mask(result, 1, mask_bytes, pixels, 0, &error));
  WORKS(sam2_result_mask(result, 1, wide, stride * info.height - 3, stride, &error));
  WORKS(sam2_result_logits(result, 1, logits, pixels, &error));
  WORKS(sam2_result_describe_mask(result, 1, &mask, &error));
  int64_t area = 0;
  for (int y = 0; y < info.height; y++) {
    for (int x = 0; x < info.width; x++) {
      const uint8_t inside = mask_bytes[y * info.width + x];
      area += inside;
      if (wide[y * stride + x] != inside || inside != (logits[y * info.width + x] > 0)) faults++;
    }
    HOLDS(wide[y * stride + info.width] == 7);
  }
  HOLDS(area == mask.area && area > 0);
  free(wide);
}

// Pixels in another order and with gaps are the same picture.
static void check_pixel_formats(sam2_predictor *predictor, const sam2_result *expected) {
  const size_t stride = 3 * image.width + 10;
  uint8_t *pixels = calloc(stride, image.height);
  for (int y = 0; y < image.height; y++)
    for (int x = 0; x < image.width; x++)
      for (int c = 0; c < 3; c++)
        pixels[y * stride + 3 * x + c] = image.pixels[3 * (y * image.width + x) + 2 - c];
  const sam2_image reversed = {sizeof reversed, pixels, image.width, image.height, stride,
                               SAM2_BGR8};
  WORKS(sam2_predictor_set_image(predictor, &reversed, &error));
  free(pixels);
  const sam2_point point = {100, 100, 1};
  const sam2_prompt prompt = click(&point);
  sam2_result *result = NULL;
  WORKS(sam2_predictor_predict(predictor, &prompt, &result, &error));
  sam2_mask_info mine = {.struct_size = sizeof mine}, theirs = mine;
  WORKS(sam2_result_describe_mask(result, 0, &mine, &error));
  WORKS(sam2_result_describe_mask(expected, 0, &theirs, &error));
  HOLDS(mine.predicted_iou == theirs.predicted_iou && mine.area == theirs.area);
  sam2_result_free(result);
}

static void check_predictors(void) {
  sam2_predictor *predictor = NULL;
  FAILS("argument.null", sam2_predictor_create(NULL, &predictor, &error));
  FAILS("argument.null", sam2_predictor_create(model, NULL, &error));
  WORKS(sam2_predictor_create(model, &predictor, &error));
  const sam2_point point = {100, 100, 1};
  const sam2_prompt prompt = click(&point);
  sam2_result *result = NULL;
  FAILS("image.not_set", sam2_predictor_predict(predictor, &prompt, &result, &error));
  check_images(predictor);
  WORKS(sam2_predictor_set_image(predictor, &image, &error));
  WORKS(sam2_predictor_predict(predictor, &prompt, &result, &error));
  check_results(result);
  check_prompts(predictor, result);
  check_pixel_formats(predictor, result);
  sam2_predictor_free(predictor);
  sam2_predictor_free(predictor);
  FAILS("argument.handle", sam2_predictor_set_image(predictor, &image, &error));
  // A result exists without its predictor.
  WORKS(sam2_result_mask(result, 0, mask_bytes, sizeof mask_bytes, 0, &error));
  sam2_result_free(result);
  FAILS("argument.handle", sam2_result_mask(result, 0, mask_bytes, sizeof mask_bytes, 0, &error));
  HOLDS(sam2_result_notices(result) == NULL);
}

// ---- Automatic masks

static int32_t stop_after_two(void *context, uint64_t done, uint64_t total) {
  HOLDS(done <= total);
  return ++*(int *)context == 2;
}

static void check_automatic(void) {
  sam2_result *result = NULL;
  sam2_automatic_options options;
  sam2_automatic_options_init(&options, sizeof options);
  HOLDS(options.points_per_side == 32 && options.stability_score_threshold == 0.95);
  options.points_per_side = 0;
  FAILS("auto.option",
        sam2_automatic_generate(model, &image, &options, NULL, NULL, &result, &error));
  FAILS("argument.null", sam2_automatic_generate(model, NULL, NULL, NULL, NULL, &result, &error));
  sam2_automatic_options_init(&options, sizeof options);
  options.grid_count = 1;
  FAILS("argument.null",
        sam2_automatic_generate(model, &image, &options, NULL, NULL, &result, &error));
  size_t size = (size_t)-1;
  const sam2_grid_point clicks[] = {{0.3, 0.5}, {0.75, 0.3}, {2, 0}};
  options.grid_sizes = &size;
  options.grid_points = clicks;
  FAILS("argument.value",
        sam2_automatic_generate(model, &image, &options, NULL, NULL, &result, &error));
  size = 3;
  FAILS("auto.point_grids",
        sam2_automatic_generate(model, &image, &options, NULL, NULL, &result, &error));
  size = 2;
  options.predicted_iou_threshold = options.stability_score_threshold = 0;
  WORKS(sam2_automatic_generate(model, &image, &options, NULL, NULL, &result, &error));
  sam2_result_info info = {.struct_size = sizeof info};
  WORKS(sam2_result_describe(result, &info, &error));
  HOLDS(info.mask_count > 0 && info.logits_side == 0);
  FAILS("result.no_logits", sam2_result_logits(result, 0, logits, 1 << 20, &error));
  sam2_result_free(result);

  sam2_automatic_options_init(&options, sizeof options);
  options.points_per_batch = 4;
  int calls = 0;
  FAILS("call.cancelled", sam2_automatic_generate(model, &image, &options, stop_after_two, &calls,
                                                  &result, &error));
  HOLDS(calls == 2 && result == NULL);
}

// ---- Trackers

static void check_tracker_options(void) {
  sam2_tracker *tracker = NULL;
  sam2_tracker_options options;
  sam2_tracker_options_init(&options, sizeof options);
  HOLDS(options.fill_hole_area == 8);
  options.policy = 5;
  FAILS("argument.value", sam2_tracker_create(model, 64, 64, &options, &tracker, &error));
  sam2_tracker_options_init(&options, sizeof options);
  options.maximum_conditioning_frames = 1;
  FAILS("argument.value", sam2_tracker_create(model, 64, 64, &options, &tracker, &error));
  sam2_tracker_options_init(&options, sizeof options);
  options.constant_count = 1;
  FAILS("argument.null", sam2_tracker_create(model, 64, 64, &options, &tracker, &error));
  const char *name = "kf_score_weight";
  const double value = 7;
  options.constant_names = &name;
  options.constant_values = &value;
  FAILS("argument.value", sam2_tracker_create(model, 64, 64, &options, &tracker, &error));
  options.policy = SAM2_POLICY_SAMURAI;
  FAILS("config.value", sam2_tracker_create(model, 64, 64, &options, &tracker, &error));
  FAILS("stream.size", sam2_tracker_create(model, -1, 64, NULL, &tracker, &error));
  FAILS("argument.null", sam2_tracker_create(NULL, 64, 64, NULL, &tracker, &error));
  FAILS("file.missing", sam2_tracker_resume(model, "missing", 64, 64, NULL, &tracker, &error));
  HOLDS(tracker == NULL);
}

static void check_tracker_prompts(sam2_tracker *tracker) {
  const sam2_point point = {100, 100, 1};
  sam2_prompt prompt = click(&point);
  FAILS("argument.null", sam2_tracker_add(tracker, 1, NULL, NULL, &error));
  prompt.mask = &(sam2_mask){mask_bytes, image.width, image.height, 0};
  FAILS("argument.value", sam2_tracker_add(tracker, 1, &prompt, NULL, &error));
  prompt.mask = NULL;
  prompt.logits = logits;
  FAILS("argument.value", sam2_tracker_add(tracker, 1, &prompt, NULL, &error));
  prompt.logits = NULL;
  prompt.point_count = 0;
  FAILS("prompt.empty", sam2_tracker_add(tracker, 1, &prompt, NULL, &error));
  prompt.mask = &(sam2_mask){mask_bytes, 3, 3, 0};
  FAILS("prompt.mask_size", sam2_tracker_add(tracker, 1, &prompt, NULL, &error));
  size_t count = 9;
  WORKS(sam2_tracker_objects(tracker, NULL, 0, &count, &error));
  HOLDS(count == 0);
}

static void check_trackers(void) {
  check_tracker_options();
  sam2_tracker *tracker = NULL;
  WORKS(sam2_tracker_create(model, image.width, image.height, NULL, &tracker, &error));
  const sam2_point points[] = {{152, 200, 1}, {390, 115, 1}};
  sam2_prompt prompt = click(&points[0]);
  FAILS("stream.no_frame", sam2_tracker_add(tracker, 1, &prompt, NULL, &error));
  WORKS(sam2_tracker_push(tracker, &image, NULL, &error));
  sam2_image narrow = image;
  narrow.width--;
  narrow.stride = 3 * image.width;
  FAILS("video.frame_size", sam2_tracker_push(tracker, &narrow, NULL, &error));
  check_tracker_prompts(tracker);

  WORKS(sam2_tracker_add(tracker, 7, &prompt, NULL, &error));
  prompt = click(&points[1]);
  sam2_result *result = NULL;
  WORKS(sam2_tracker_add(tracker, -3, &prompt, &result, &error));
  sam2_result_free(result);
  WORKS(sam2_tracker_push(tracker, &image, &result, &error));
  sam2_result_info info = {.struct_size = sizeof info};
  WORKS(sam2_result_describe(result, &info, &error));
  HOLDS(info.mask_count == 2 && info.frame == 1 && info.best == -1);
  sam2_mask_info mask = {.struct_size = sizeof mask};
  WORKS(sam2_result_describe_mask(result, 1, &mask, &error));
  HOLDS(mask.object == -3 && mask.predicted_iou != mask.predicted_iou && mask.area > 0);
  sam2_result_free(result);

  int64_t objects[2] = {0, 0};
  size_t count = 0;
  FAILS("argument.capacity", sam2_tracker_objects(tracker, objects, 1, &count, &error));
  FAILS("argument.null", sam2_tracker_objects(tracker, NULL, 2, &count, &error));
  FAILS("argument.null", sam2_tracker_objects(tracker, objects, 2, NULL, &error));
  WORKS(sam2_tracker_objects(tracker, objects, 2, &count, &error));
  HOLDS(count == 2 && objects[0] == 7 && objects[1] == -3);

  // A resumed tracker gives equal masks.
  char path[4096];
  snprintf(path, sizeof path, "%s/tracker.state", folder);
  WORKS(sam2_tracker_save(tracker, path, &error));
  FAILS("argument.null", sam2_tracker_save(tracker, NULL, &error));
  sam2_tracker *resumed = NULL;
  WORKS(sam2_tracker_resume(model, path, image.width, image.height, NULL, &resumed, &error));
  sam2_result *again = NULL;
  WORKS(sam2_tracker_push(tracker, &image, &result, &error));
  WORKS(sam2_tracker_push(resumed, &image, &again, &error));
  static float others[1 << 20];
  WORKS(sam2_result_logits(result, 0, logits, 1 << 20, &error));
  WORKS(sam2_result_logits(again, 0, others, 1 << 20, &error));
  HOLDS(!memcmp(logits, others, sizeof(float) * image.width * image.height));
  sam2_result_free(result);
  sam2_result_free(again);
  sam2_tracker_free(resumed);

  FAILS("track.object", sam2_tracker_remove(tracker, 8, &error));
  WORKS(sam2_tracker_remove(tracker, 7, &error));
  WORKS(sam2_tracker_reset(tracker, &error));
  FAILS("argument.null", sam2_tracker_reset(NULL, &error));
  sam2_tracker_free(tracker);
  FAILS("argument.handle", sam2_tracker_push(tracker, &image, NULL, &error));
}

// ---- Threads

static sam2_predictor *shared;

static void *predict_often(void *context) {
  const sam2_point point = {100.0f + *(int *)context, 100, 1};
  const sam2_prompt prompt = click(&point);
  int64_t area = -1;
  for (int round = 0; round < 8; round++) {
    sam2_result *result = NULL;
    WORKS(sam2_predictor_predict(shared, &prompt, &result, &error));
    sam2_mask_info info = {.struct_size = sizeof info};
    WORKS(sam2_result_describe_mask(result, 0, &info, &error));
    HOLDS(area == -1 || area == info.area);
    area = info.area;
    sam2_result_free(result);
  }
  return NULL;
}

static void check_threads(void) {
  WORKS(sam2_predictor_create(model, &shared, &error));
  WORKS(sam2_predictor_set_image(shared, &image, &error));
  // The predictor outlives the handle of its model.
  sam2_model_free(model);
  pthread_t threads[4];
  int offsets[4] = {0, 20, 40, 60};
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, predict_often, &offsets[i]);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  sam2_predictor_free(shared);
}

int main(int argc, char **argv) {
  if (argc != 4) return SAM2_USAGE;
  model_path = argv[1], picture_path = argv[2], folder = argv[3];
  WORKS(sam2_model_open(model_path, NULL, &model, &error));
  WORKS(sam2_picture_read(picture_path, 0, &picture, &error));
  WORKS(sam2_picture_image(picture, &image, &error));
  if (faults) return faults;
  check_errors();
  check_models();
  check_pictures();
  check_predictors();
  check_automatic();
  check_trackers();
  check_threads();
  sam2_picture_free(picture);
  return faults > 100 ? 100 : faults;
}
