/* SAM 2 on ordinary CPUs, from C: masks of pictures and videos from clicks, boxes and masks.
 *
 *     sam2_model *model = NULL;
 *     sam2_error error = SAM2_ERROR_INIT;
 *     if (sam2_model_open("tiny-int8.sam2", NULL, &model, &error) != SAM2_OK)
 *       fprintf(stderr, "%s: %s\n", error.code, error.message);
 *
 * Link with -lsam2. Formats/c-interface.md explains the interface with examples in C, C++ and
 * Python; the rules below hold for every function unless its comment states otherwise.
 *
 * Errors. A function that can fail returns SAM2_OK or another status, and describes the failure in
 * `error` unless that is NULL. A failure changes nothing and writes no result, except that a handle
 * to be returned is set to NULL. NULL where a pointer is required, a freed handle, a number out of
 * range or a buffer that is too small causes such a failure, not a crash. The one thing that cannot
 * be checked is whether the memory that a pointer promises exists.
 *
 * Memory. Structs, buffers, pixels and strings passed in belong to the caller, are read or written
 * only during the call, and are never kept. Returned handles belong to the caller, who frees each
 * with the function named after its type. NULL and freed handles may be freed again. Handles do not
 * depend on each other: a model may be freed before its predictors.
 *
 * Threads. Every function may be called from any thread at any time. Calls that use the same
 * predictor or tracker run one after the other; all others run concurrently. Freeing a handle lets
 * calls that use it in other threads finish.
 *
 * Versions. Within a major version of the interface, functions, constants and struct members are
 * only ever added, members at the end. `struct_size` states which members the caller knows: set it
 * to sizeof the struct, as the functions and macros that initialise structs do. */

#ifndef SAM2_H
#define SAM2_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions -------------------------------------------------------------------------------- */

/* The interface that this header describes. */
#define SAM2_INTERFACE_MAJOR 1
#define SAM2_INTERFACE_MINOR 0

/* The version of the library, such as "1.2.0". The string is a constant. */
const char *sam2_version(void);

/* The library's interface version: 65536 * major + minor. A program works with a library of the
 * same major version and an equal or greater minor version. */
uint32_t sam2_interface_version(void);

/* ---- Errors ---------------------------------------------------------------------------------- */

/* How a call ended. The numbers are those of sysexits.h, which the commands use as exit codes. */
typedef enum sam2_status {
  SAM2_OK = 0,
  /* An argument makes no sense. */
  SAM2_USAGE = 64,
  /* An input exists but is not acceptable. */
  SAM2_BAD_INPUT = 65,
  /* An input does not exist or cannot be opened. */
  SAM2_MISSING_INPUT = 66,
  /* Internal error of the library. */
  SAM2_INTERNAL = 70,
  /* An output cannot be created. */
  SAM2_CANNOT_CREATE = 73,
  /* Reading or writing failed. */
  SAM2_INPUT_OUTPUT = 74,
  /* The caller's progress function asked to stop. */
  SAM2_CANCELLED = 130
} sam2_status;

/* A failure. It holds nothing that has to be freed. */
typedef struct sam2_error {
  size_t struct_size;
  sam2_status status;
  /* A stable identifier, such as "file.missing"; Formats/errors.md lists all. Empty on success. */
  char code[64];
  /* One line of UTF-8 for people: where, what was found, what to do. Truncated if too long. */
  char message[1024];
} sam2_error;

#define SAM2_ERROR_INIT { sizeof(sam2_error), SAM2_OK, { 0 }, { 0 } }

/* ---- Models ---------------------------------------------------------------------------------- */

/* A model file, ready to run. Any number of predictors and trackers share it. */
typedef struct sam2_model sam2_model;

typedef enum sam2_arithmetic {
  SAM2_FLOAT32 = 0,
  /* Float products in bfloat16, as the official code computes under autocast. */
  SAM2_BFLOAT16 = 1
} sam2_arithmetic;

typedef struct sam2_model_options {
  size_t struct_size;
  /* Threads per call; 0 (default) for one per available processor. */
  int32_t threads;
  /* A sam2_arithmetic, for float models; default SAM2_FLOAT32. */
  int32_t arithmetic;
  /* Memory and work that a model may require, as a multiple of the standard limits, which protect
   * against hostile files: 1 (default) to 1000000. */
  int32_t graph_budget;
  /* Name of the kernel level, such as "avx2"; NULL (default) for the best one, or SAM2_ISA's. */
  const char *kernel_level;
} sam2_model_options;

/* Sets all members to their defaults. `struct_size` is sizeof *options. NULL is ignored. */
void sam2_model_options_init(sam2_model_options *options, size_t struct_size);

/* Opens a .sam2 file; NULL for `options` means the defaults. The file is mapped, so it must not
 * change while the model is in use. Free the model with sam2_model_free. */
sam2_status sam2_model_open(const char *path, const sam2_model_options *options, sam2_model **model,
                            sam2_error *error);

void sam2_model_free(sam2_model *model);

typedef struct sam2_model_info {
  size_t struct_size;
  /* Side of the square to which the model scales pictures, in pixels. */
  int32_t image_size;
  /* Side of the low-resolution logits: a quarter of image_size. */
  int32_t logits_side;
  /* 1 if the model takes points and boxes, masks, and video frames, respectively; else 0. */
  int32_t takes_points;
  int32_t takes_masks;
  int32_t tracks;
} sam2_model_info;

/* Describes a model; set info->struct_size before the call. */
sam2_status sam2_model_describe(const sam2_model *model, sam2_model_info *info, sam2_error *error);

/* ---- Pictures -------------------------------------------------------------------------------- */

typedef enum sam2_pixel_format {
  /* Three bytes per pixel: red, green, blue; or blue, green, red. */
  SAM2_RGB8 = 0,
  SAM2_BGR8 = 1
} sam2_pixel_format;

/* Pixels in memory, in rows from the top. */
typedef struct sam2_image {
  size_t struct_size;
  const uint8_t *pixels;
  int32_t width;
  int32_t height;
  /* Bytes from the start of one row to that of the next, at least 3 * width; 0 for 3 * width. */
  size_t stride;
  /* A sam2_pixel_format. */
  int32_t format;
} sam2_image;

/* A picture read from a file. */
typedef struct sam2_picture sam2_picture;

/* Reads a JPEG, PNG or (with the program ffmpeg) WebP file, upright according to its EXIF
 * orientation. Pictures of more than `maximum_pixels` are refused; 0 means the usual limit of
 * 100 million. Free the picture with sam2_picture_free. */
sam2_status sam2_picture_read(const char *path, uint64_t maximum_pixels, sam2_picture **picture,
                              sam2_error *error);

void sam2_picture_free(sam2_picture *picture);

/* Sets all members of `image`, except struct_size, which the caller sets, to describe the pixels.
 * The pixels belong to the picture and exist until it is freed. */
sam2_status sam2_picture_image(const sam2_picture *picture, sam2_image *image, sam2_error *error);

/* One line of text for each thing that reading left out or had to choose, such as the low bits of a
 * 16-bit picture; empty when there are none, NULL for an invalid handle. The text belongs to the
 * picture and exists until it is freed. */
const char *sam2_picture_notices(const sam2_picture *picture);

/* ---- Prompts --------------------------------------------------------------------------------- */

/* A click, in pixels of the picture: label 1 on the object, 0 off it. */
typedef struct sam2_point {
  float x;
  float y;
  int32_t label;
} sam2_point;

/* A mask in memory, in rows from the top: one byte per pixel, 0 outside the object. */
typedef struct sam2_mask {
  const uint8_t *pixels;
  int32_t width;
  int32_t height;
  /* Bytes from the start of one row to that of the next, at least width; 0 for width. */
  size_t stride;
} sam2_mask;

/* A description of one object: points, a box, a mask, or several of these. */
typedef struct sam2_prompt {
  size_t struct_size;
  const sam2_point *points;
  size_t point_count;
  /* x0, y0, x1, y1: the upper-left and lower-right corners; or NULL. */
  const float *box;
  /* A mask the size of the picture; or NULL. */
  const sam2_mask *mask;
  /* logits_side * logits_side low-resolution logits from an earlier result, instead of a mask; or
   * NULL. Pictures only. */
  const float *logits;
  size_t logits_count;
  /* 1 (default) for three candidates, which suits an ambiguous prompt such as a single click; 0 for
   * one mask. Pictures only. */
  int32_t multimask;
  /* Logits above this are inside a mask; default 0. Pictures only. */
  float mask_threshold;
  /* Holes and islands of up to this area, in low-resolution pixels, are removed from masks; default
   * 0. Pictures only. */
  int32_t maximum_hole_area;
  int32_t maximum_island_area;
  /* 1 to add points to those the frame already has, 0 (default) to replace those. Videos only. */
  int32_t keeps_old_points;
} sam2_prompt;

/* Sets all members to their defaults. `struct_size` is sizeof *prompt. NULL is ignored. */
void sam2_prompt_init(sam2_prompt *prompt, size_t struct_size);

/* ---- Results --------------------------------------------------------------------------------- */

/* Masks of one picture or frame, with what is known about them. A result never changes, and exists
 * until it is freed with sam2_result_free. */
typedef struct sam2_result sam2_result;

typedef struct sam2_result_info {
  size_t struct_size;
  int32_t mask_count;
  /* Size of the picture or frame, and so of each mask. */
  int32_t width;
  int32_t height;
  /* Side of the low-resolution logits; 0 for automatic masks, which have none. */
  int32_t logits_side;
  /* Index of the mask with the highest predicted IoU; -1 for videos, where it is not predicted. */
  int32_t best;
  /* Index of the frame, from 0; -1 for pictures. */
  int64_t frame;
} sam2_result_info;

/* Members that do not apply to a kind of result are NaN, or -1 for integers. */
typedef struct sam2_mask_info {
  size_t struct_size;
  /* The object's identifier; videos. */
  int64_t object;
  /* The model's estimate of the mask's IoU with the truth; prompts and automatic masks. */
  float predicted_iou;
  /* Logit that the object is visible; prompts and videos (NaN there before the first result). */
  float object_score;
  /* How little the area depends on the threshold, 0 to 1; automatic masks. */
  float stability_score;
  /* The click that produced the mask; automatic masks. */
  float point[2];
  /* Left, top, width and height of the part of the picture that was searched; automatic masks. */
  int32_t crop[4];
  /* First column, first row, last column and last row of the mask; -1 for an empty mask, except
   * automatic masks, where they are as in the official code. */
  int32_t box[4];
  /* Pixels inside the mask. */
  int64_t area;
} sam2_mask_info;

void sam2_result_free(sam2_result *result);

/* Describes a result; set info->struct_size before the call. */
sam2_status sam2_result_describe(const sam2_result *result, sam2_result_info *info,
                                 sam2_error *error);

/* Describes mask number `index`; set info->struct_size before the call. */
sam2_status sam2_result_describe_mask(const sam2_result *result, int32_t index,
                                      sam2_mask_info *info, sam2_error *error);

/* Writes mask number `index` to `height` rows of `width` bytes each, which start `stride` bytes
 * apart (0 for width): 1 inside, 0 outside. `capacity` is the size of the buffer in bytes, at least
 * stride * (height - 1) + width. Bytes between rows are left unchanged. */
sam2_status sam2_result_mask(const sam2_result *result, int32_t index, uint8_t *pixels,
                             size_t capacity, size_t stride, sam2_error *error);

/* Writes the logits of mask number `index` at the size of the picture, height * width floats.
 * `capacity` is the size of the buffer in floats. Fails for automatic masks. */
sam2_status sam2_result_logits(const sam2_result *result, int32_t index, float *logits,
                               size_t capacity, sam2_error *error);

/* The same, before enlargement: logits_side * logits_side floats, as sam2_prompt takes them. */
sam2_status sam2_result_low_resolution_logits(const sam2_result *result, int32_t index,
                                              float *logits, size_t capacity, sam2_error *error);

/* One line of text for each thing that was reinterpreted, such as points outside the picture; empty
 * when there are none, NULL for an invalid handle. The text belongs to the result and exists until
 * it is freed. */
const char *sam2_result_notices(const sam2_result *result);

/* ---- Pictures with prompts ------------------------------------------------------------------- */

/* Segments one picture at a time: it is encoded once, after which each prompt takes little time. */
typedef struct sam2_predictor sam2_predictor;

/* Creates a predictor; free it with sam2_predictor_free. */
sam2_status sam2_predictor_create(const sam2_model *model, sam2_predictor **predictor,
                                  sam2_error *error);

void sam2_predictor_free(sam2_predictor *predictor);

/* Encodes a picture, to which all later prompts apply. */
sam2_status sam2_predictor_set_image(sam2_predictor *predictor, const sam2_image *image,
                                     sam2_error *error);

/* Masks for a prompt. Free the result with sam2_result_free. */
sam2_status sam2_predictor_predict(sam2_predictor *predictor, const sam2_prompt *prompt,
                                   sam2_result **result, sam2_error *error);

/* ---- Pictures without prompts ---------------------------------------------------------------- */

/* A click, as fractions of the picture's width and height, 0 to 1. */
typedef struct sam2_grid_point {
  double x;
  double y;
} sam2_grid_point;

/* The options of the official automatic mask generator, with its defaults. */
typedef struct sam2_automatic_options {
  size_t struct_size;
  /* Clicks along each side of the picture: 32. */
  int32_t points_per_side;
  /* Clicks between two calls of the progress function: 64. */
  int32_t points_per_batch;
  /* Masks whose predicted IoU is above this are kept: 0.8. */
  double predicted_iou_threshold;
  /* Masks whose stability score is at least this are kept: 0.95. */
  double stability_score_threshold;
  /* Distance by which the threshold is shifted to measure stability: 1. */
  double stability_score_offset;
  /* Logits above this are inside a mask: 0. */
  double mask_threshold;
  /* Of two masks whose boxes have a higher IoU than this, one is dropped: 0.7. */
  double box_nms_threshold;
  /* Layers of crops searched in addition to the whole picture; layer n has 4^n crops: 0. */
  int32_t crop_layers;
  /* In layer n, points_per_side is divided by this to the power of n: 1. */
  int32_t crop_points_downscale_factor;
  /* Like box_nms_threshold, for masks of different crops: 0.7. */
  double crop_nms_threshold;
  /* Overlap of the first layer's crops, as a fraction of the shorter side: 512 / 1500. */
  double crop_overlap_ratio;
  /* Holes and islands of up to this area, in low-resolution pixels, are removed: 0. */
  int32_t minimum_region_area;
  /* 1 to feed each mask back to the model once to refine it (use_m2m): 0. */
  int32_t refines_masks;
  /* 1 for three masks per click, 0 for one (multimask_output): 1. */
  int32_t multimask;
  /* Explicit clicks in place of points_per_side: grid_count lists, one for the picture and one for
   * each layer of crops, concatenated in grid_points; grid_sizes has their lengths. NULL. */
  size_t grid_count;
  const size_t *grid_sizes;
  const sam2_grid_point *grid_points;
} sam2_automatic_options;

/* Sets all members to their defaults. `struct_size` is sizeof *options. NULL is ignored. */
void sam2_automatic_options_init(sam2_automatic_options *options, size_t struct_size);

/* Called after each batch of clicks, on the thread of the call it reports on, with the caller's
 * `context`. Returning a value other than 0 ends that call with SAM2_CANCELLED. */
typedef int32_t (*sam2_progress)(void *context, uint64_t done, uint64_t total);

/* Masks of everything in a picture, by descending predicted IoU. NULL for `options` means defaults;
 * `progress` may be NULL. Free the result with sam2_result_free. */
sam2_status sam2_automatic_generate(const sam2_model *model, const sam2_image *image,
                                    const sam2_automatic_options *options, sam2_progress progress,
                                    void *context, sam2_result **result, sam2_error *error);

/* ---- Videos ---------------------------------------------------------------------------------- */

/* Tracks objects through frames as they arrive, for example from a camera. No frame is kept, and
 * memory use does not grow with the length of the video. */
typedef struct sam2_tracker sam2_tracker;

typedef enum sam2_policy {
  /* Tracks as the official code does. */
  SAM2_POLICY_SAM2 = 0,
  /* SAMURAI: prefers masks that fit an object's motion. */
  SAM2_POLICY_SAMURAI = 1,
  /* DAM4SAM: remembers frames on which a look-alike was seen. */
  SAM2_POLICY_DAM4SAM = 2
} sam2_policy;

/* The options of the official video predictor, with its defaults. */
typedef struct sam2_tracker_options {
  size_t struct_size;
  /* A sam2_policy: SAM2_POLICY_SAM2. */
  int32_t policy;
  /* 1 to leave out the two memories most similar to the newest one: 0. */
  int32_t prunes_memory;
  /* Holes of up to this area, in low-resolution pixels, are filled: 8. */
  int32_t fill_hole_area;
  /* 1 to assign a pixel that several objects claim to the one with the highest logit: 0. */
  int32_t masks_do_not_overlap;
  /* 1 to forget the tracked frames around one that gets a prompt: 0. */
  int32_t clears_memory_around_input;
  /* 1 to make every corrected frame one that all others look back at: 0. */
  int32_t corrections_condition;
  /* Prompted frames that a frame looks back at, 2 or more; -1 for all; 0 (default): the model's. */
  int32_t maximum_conditioning_frames;
  /* Frames between two memories of tracked frames; 0 (default): the model's. */
  int32_t memory_stride;
  /* Whether tracking chooses among three candidates, 0 or 1; -1 (default): as the model does. */
  int32_t tracks_with_multimask;
  /* Constants of the policy to change from their defaults: constant_count names, listed in
   * Formats/trackers.md, and values. None. */
  size_t constant_count;
  const char *const *constant_names;
  const double *constant_values;
} sam2_tracker_options;

/* Sets all members to their defaults. `struct_size` is sizeof *options. NULL is ignored. */
void sam2_tracker_options_init(sam2_tracker_options *options, size_t struct_size);

/* Creates a tracker for frames of `width` x `height`. NULL for `options` means the defaults. Free
 * the tracker with sam2_tracker_free. */
sam2_status sam2_tracker_create(const sam2_model *model, int32_t width, int32_t height,
                                const sam2_tracker_options *options, sam2_tracker **tracker,
                                sam2_error *error);

/* The same, with the objects and memories that sam2_tracker_save wrote to `path` for the same
 * model, size and options. Tracking resumes with the next frame pushed. */
sam2_status sam2_tracker_resume(const sam2_model *model, const char *path, int32_t width,
                                int32_t height, const sam2_tracker_options *options,
                                sam2_tracker **tracker, sam2_error *error);

void sam2_tracker_free(sam2_tracker *tracker);

/* Takes the next frame and tracks all objects onto it. Prompts added since the previous frame
 * become final. A frame that fails is skipped. `result` may be NULL; otherwise it receives a mask
 * for each object, in the order in which they were added. Free it with sam2_result_free. */
sam2_status sam2_tracker_push(sam2_tracker *tracker, const sam2_image *image, sam2_result **result,
                              sam2_error *error);

/* Adds a prompt for `object` on the last frame pushed: points, a box, or a mask the size of the
 * frame. A new number creates an object; for an existing one, the prompt corrects the mask.
 * `result` may be NULL; otherwise it receives the masks of all objects on that frame. */
sam2_status sam2_tracker_add(sam2_tracker *tracker, int64_t object, const sam2_prompt *prompt,
                             sam2_result **result, sam2_error *error);

/* Removes an object and everything known about it. */
sam2_status sam2_tracker_remove(sam2_tracker *tracker, int64_t object, sam2_error *error);

/* Removes all objects. */
sam2_status sam2_tracker_reset(sam2_tracker *tracker, sam2_error *error);

/* Writes the identifiers of the objects, in the order in which they were added, to `objects`, and
 * their number to `count`. `capacity` is the size of the buffer in identifiers; if it is 0,
 * `objects` may be NULL, and only the number is written. */
sam2_status sam2_tracker_objects(const sam2_tracker *tracker, int64_t *objects, size_t capacity,
                                 size_t *count, sam2_error *error);

/* Writes everything known about the objects to the file `path`, all or nothing, for
 * sam2_tracker_resume. Prompts become final. An existing file is replaced. */
sam2_status sam2_tracker_save(sam2_tracker *tracker, const char *path, sam2_error *error);

#ifdef __cplusplus
}
#endif

#endif
