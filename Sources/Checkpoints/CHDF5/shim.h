// Parts of hdf5.h that Swift cannot import: macros that call the library, functions whose name
// depends on its version (1.10 to 2.0), and callbacks with versioned structures.
#pragma once

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// MARK: Library

/// No error texts on stderr; no filter plugins, neither from folders nor preloaded; no work at exit,
/// since handles are closed by their owners.
static inline herr_t chdf5_set_up(void) {
  H5dont_atexit();
  if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0) return -1;
  return H5PLset_loading_state(0);
}

/// The message of the innermost error on the stack, cut to `capacity`; empty when there is none.
typedef struct {
  char *text;
  size_t capacity;
} chdf5_text;

static inline herr_t chdf5_keep_innermost(unsigned index, const H5E_error2_t *error, void *context) {
  chdf5_text *out = (chdf5_text *)context;
  if (index == 0 && error->desc != NULL && out->capacity > 0) {
    strncpy(out->text, error->desc, out->capacity - 1);
    out->text[out->capacity - 1] = 0;
  }
  return 0;
}

static inline void chdf5_innermost_error(char *text, size_t capacity) {
  chdf5_text out = {text, capacity};
  if (capacity > 0) text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, chdf5_keep_innermost, &out);
}

// MARK: A file in memory

/// A mapped file that is lent to the library, which neither copies nor frees it.
typedef struct {
  void *bytes;
  size_t byte_count;
} chdf5_image;

/// Maps a file for reading, until the process ends; NULL when the system refuses.
static inline chdf5_image *chdf5_map_file(int descriptor, size_t byte_count) {
  chdf5_image *image = (chdf5_image *)malloc(sizeof *image);
  if (image == NULL) return NULL;
  image->byte_count = byte_count;
  image->bytes = mmap(NULL, byte_count, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (image->bytes != MAP_FAILED) return image;
  free(image);
  return NULL;
}

static inline void *chdf5_lend_image(
    size_t byte_count, H5FD_file_image_op_t operation, void *context) {
  const chdf5_image *image = (const chdf5_image *)context;
  (void)operation;
  return byte_count == image->byte_count ? image->bytes : NULL;
}

/// Every holder is lent the same memory, so there is nothing to copy.
static inline void *chdf5_keep_image(
    void *to, const void *from, size_t byte_count, H5FD_file_image_op_t operation, void *context) {
  (void)byte_count, (void)operation, (void)context;
  return to == from ? to : NULL;
}

static inline void *chdf5_refuse_growth(
    void *bytes, size_t byte_count, H5FD_file_image_op_t operation, void *context) {
  (void)bytes, (void)byte_count, (void)operation, (void)context;
  return NULL;
}

static inline herr_t chdf5_return_image(
    void *bytes, H5FD_file_image_op_t operation, void *context) {
  (void)bytes, (void)operation, (void)context;
  return 0;
}

static inline void *chdf5_share_context(void *context) { return context; }

static inline herr_t chdf5_return_context(void *context) {
  (void)context;
  return 0;
}

/// Opens the file in `image` for reading, without any call to the system. The library tries to open
/// a file of the same name, and takes the failure of that as a good sign.
static inline hid_t chdf5_open_image(chdf5_image *image) {
  H5FD_file_image_callbacks_t callbacks = {
      chdf5_lend_image,    chdf5_keep_image,    chdf5_refuse_growth, chdf5_return_image,
      chdf5_share_context, chdf5_return_context, image};
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = -1;
  if (access >= 0 && H5Pset_fapl_core(access, 1 << 16, false) >= 0 &&
      H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
      H5Pset_file_image(access, image->bytes, image->byte_count) >= 0)
    file = H5Fopen("image", H5F_ACC_RDONLY, access);
  if (access >= 0) H5Pclose(access);
  return file;
}

// MARK: Files, groups and objects

/// Bytes before the data; negative when they cannot be read.
static inline int64_t chdf5_user_block(hid_t file) {
  hsize_t before = 0;
  hid_t properties = H5Fget_create_plist(file);
  herr_t result = properties < 0 ? -1 : H5Pget_userblock(properties, &before);
  if (properties >= 0) H5Pclose(properties);
  return result < 0 || before > INT64_MAX ? -1 : (int64_t)before;
}

/// The end of the data as stored in the superblock of `image`; 0 when it cannot be read.
///
/// The library reads the same field, but reports it only for files of its own drivers.
static inline uint64_t chdf5_stored_end(const chdf5_image *image) {
  const uint8_t *bytes = (const uint8_t *)image->bytes;
  if (image->byte_count < 32) return 0;
  // In every version the end is the third address.
  const unsigned version = bytes[8];
  const size_t size = version < 2 ? bytes[13] : bytes[9];
  const size_t addresses = version == 0 ? 24 : version == 1 ? 28 : 12;
  const size_t start = addresses + 2 * size;
  if (version > 3 || size > 8 || start + size > image->byte_count) return 0;
  uint64_t end = 0;
  for (size_t i = size; i > 0; --i) end = end << 8 | bytes[start + i - 1];
  return end;
}

static inline hid_t chdf5_create_file(const char *path) {
  return H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
}

static inline hid_t chdf5_open_object(hid_t from, const char *path) {
  return H5Oopen(from, path, H5P_DEFAULT);
}

/// A link of a group. Return 0 to continue, 1 to stop.
typedef int (*chdf5_visit_link)(const char *name, bool is_hard, void *context);

typedef struct {
  chdf5_visit_link visit;
  void *context;
} chdf5_link_visit;

#if H5_VERSION_GE(1, 12, 0)
typedef H5L_info2_t chdf5_link_info;
#else
typedef H5L_info_t chdf5_link_info;
#endif

static inline herr_t chdf5_pass_link(
    hid_t group, const char *name, const chdf5_link_info *info, void *context) {
  const chdf5_link_visit *to = (const chdf5_link_visit *)context;
  (void)group;
  return to->visit(name, info->type == H5L_TYPE_HARD, to->context);
}

/// Visits the links of `group` by name, without following them.
static inline herr_t chdf5_iterate_links(hid_t group, chdf5_visit_link visit, void *context) {
  chdf5_link_visit to = {visit, context};
#if H5_VERSION_GE(1, 12, 0)
  return H5Literate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, chdf5_pass_link, &to);
#else
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, chdf5_pass_link, &to);
#endif
}

/// The position of an object in its file, which identifies it.
static inline herr_t chdf5_object_identity(hid_t object, uint64_t identity[2]) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) return -1;
  memcpy(identity, &info.token, 16);
#else
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return -1;
  identity[0] = info.addr;
  identity[1] = 0;
#endif
  return 0;
}

// MARK: Datasets

/// Number of the filter at `index` of a pipeline; negative when it is unknown.
static inline int chdf5_filter(hid_t properties, unsigned index) {
  unsigned flags = 0;
  size_t value_count = 0;
  return H5Pget_filter2(properties, index, &flags, &value_count, NULL, 0, NULL, NULL);
}

/// Number of stored chunks.
static inline herr_t chdf5_chunk_count(hid_t dataset, uint64_t *count) {
  hsize_t found = 0;
  hid_t space = H5Dget_space(dataset);
  herr_t result = space < 0 ? -1 : H5Dget_num_chunks(dataset, space, &found);
  if (space >= 0) H5Sclose(space);
  *count = found;
  return result;
}

/// Bytes in which the chunk at `start` is stored.
static inline herr_t chdf5_chunk_byte_count(
    hid_t dataset, const hsize_t *start, uint64_t *byte_count) {
  hsize_t found = 0;
  if (H5Dget_chunk_storage_size(dataset, start, &found) < 0) return -1;
  *byte_count = found;
  return 0;
}

/// Reads the chunk at `start` as it is stored. Bit k of `skipped` is set if filter k was not
/// applied.
static inline herr_t chdf5_read_stored_chunk(
    hid_t dataset, const hsize_t *start, uint32_t *skipped, void *out) {
#if H5_VERSION_GE(2, 0, 0)
  return H5Dread_chunk1(dataset, H5P_DEFAULT, start, skipped, out);
#else
  return H5Dread_chunk(dataset, H5P_DEFAULT, start, skipped, out);
#endif
}

/// Reads the block of `count` elements from `start` on into `out`, in row-major order.
/// A rank of 0 reads the one element of a scalar.
static inline herr_t chdf5_read_block(
    hid_t dataset, hid_t type, int rank, const hsize_t *start, const hsize_t *count, void *out) {
  if (rank == 0) return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
  hid_t memory = H5Screate_simple(rank, count, NULL);
  hid_t file = H5Dget_space(dataset);
  herr_t result = -1;
  if (memory >= 0 && file >= 0 &&
      H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0)
    result = H5Dread(dataset, type, memory, file, H5P_DEFAULT, out);
  if (memory >= 0) H5Sclose(memory);
  if (file >= 0) H5Sclose(file);
  return result;
}

/// Creates a contiguous dataset without a time stamp, so that equal content gives equal files.
static inline hid_t chdf5_create_dataset(
    hid_t group, const char *name, hid_t type, int rank, const hsize_t *dimensions) {
  hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dimensions, NULL);
  hid_t dataset = -1;
  if (properties >= 0 && space >= 0 && H5Pset_obj_track_times(properties, false) >= 0)
    dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  if (space >= 0) H5Sclose(space);
  if (properties >= 0) H5Pclose(properties);
  return dataset;
}

static inline herr_t chdf5_write(hid_t dataset, hid_t type, const void *bytes) {
  return H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
}

// MARK: Types

/// A float type by its fields, as IEEE 754 has them: sign, exponent, mantissa from the top down.
static inline hid_t chdf5_float_type(size_t byte_count, size_t exponent_bits, bool big_endian) {
  hid_t type = H5Tcopy(byte_count == 8 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE);
  size_t mantissa_bits = byte_count * 8 - 1 - exponent_bits;
  if (type >= 0 && byte_count == 2 &&
      (H5Tset_fields(type, 15, mantissa_bits, exponent_bits, 0, mantissa_bits) < 0 ||
       H5Tset_size(type, 2) < 0 || H5Tset_ebias(type, (1u << (exponent_bits - 1)) - 1) < 0)) {
    H5Tclose(type);
    return -1;
  }
  if (type >= 0 && big_endian) H5Tset_order(type, H5T_ORDER_BE);
  return type;
}

/// A two's complement or unsigned integer type without padding bits.
static inline hid_t chdf5_integer_type(size_t byte_count, bool is_signed, bool big_endian) {
  hid_t type = H5Tcopy(is_signed ? H5T_STD_I64LE : H5T_STD_U64LE);
  if (type < 0) return type;
  if (H5Tset_precision(type, byte_count * 8) < 0 || H5Tset_size(type, byte_count) < 0 ||
      (big_endian && H5Tset_order(type, H5T_ORDER_BE) < 0)) {
    H5Tclose(type);
    return -1;
  }
  return type;
}

// MARK: Text attributes

/// The text of a scalar string attribute, cut to `capacity` with its zero.
/// Returns 0 when there is no such attribute, 1 when it was read, -1 for anything else.
static inline int chdf5_text_attribute(
    hid_t object, const char *name, char *text, size_t capacity) {
  htri_t exists = H5Aexists(object, name);
  if (exists <= 0) return exists < 0 ? -1 : 0;
  int result = -1;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
  hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
  memset(text, 0, capacity);
  if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING &&
      H5Sget_simple_extent_npoints(space) == 1) {
    if (H5Tis_variable_str(type) > 0) {
      char *value = NULL;
      if (H5Aread(attribute, type, &value) >= 0 && value != NULL) {
        strncpy(text, value, capacity - 1);
        H5free_memory(value);
        result = 1;
      }
    } else if (H5Tget_size(type) < capacity && H5Aread(attribute, type, text) >= 0) {
      result = 1;
    }
  }
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return result;
}

static inline herr_t chdf5_set_text_attribute(hid_t object, const char *name, const char *text) {
  herr_t result = -1;
  hid_t type = H5Tcopy(H5T_C_S1);
  hid_t space = H5Screate(H5S_SCALAR);
  if (type >= 0 && space >= 0 && H5Tset_size(type, strlen(text)) >= 0 &&
      H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0) {
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0) {
      result = H5Awrite(attribute, type, text);
      H5Aclose(attribute);
    }
  }
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  return result;
}
