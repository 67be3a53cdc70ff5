"""SAM 2 from Python, through the C interface: one file, no packages needed.

    import sam2
    model = sam2.Model("tiny-int8.sam2")
    predictor = sam2.Predictor(model)
    predictor.set_image(sam2.read("photo.jpg"))
    masks = predictor.predict(points=[(420, 310, 1)])
    best = masks.mask(masks.best)        # a NumPy array [height, width] of bool

Pictures are uint8 arrays [height, width, 3] in RGB order (any object with the buffer protocol and
a shape), or what `read` gives. Masks and logits are NumPy arrays where NumPy is installed, and
memoryviews of the same shape otherwise. SAM2_LIBRARY names another library than libsam2.so.1.
"""

import ctypes
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t
from ctypes import c_uint8, c_uint64, c_void_p

try:
    import numpy
except ImportError:
    numpy = None

OK, CANCELLED = 0, 130


class _Sized(ctypes.Structure):
    """A struct whose first member is its size."""

    def __init__(self, **members):
        super().__init__(ctypes.sizeof(type(self)), **members)


class _Error(_Sized):
    _fields_ = [("struct_size", c_size_t), ("status", c_int32), ("code", c_char * 64),
                ("message", c_char * 1024)]


class ModelOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("threads", c_int32), ("arithmetic", c_int32),
                ("graph_budget", c_int32), ("kernel_level", c_char_p)]


class ModelInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("image_size", c_int32), ("logits_side", c_int32),
                ("takes_points", c_int32), ("takes_masks", c_int32), ("tracks", c_int32)]


class _Image(_Sized):
    _fields_ = [("struct_size", c_size_t), ("pixels", c_void_p), ("width", c_int32),
                ("height", c_int32), ("stride", c_size_t), ("format", c_int32)]


class _Point(ctypes.Structure):
    _fields_ = [("x", c_float), ("y", c_float), ("label", c_int32)]


class _Mask(ctypes.Structure):
    _fields_ = [("pixels", c_void_p), ("width", c_int32), ("height", c_int32),
                ("stride", c_size_t)]


class _Prompt(_Sized):
    _fields_ = [("struct_size", c_size_t), ("points", POINTER(_Point)), ("point_count", c_size_t),
                ("box", POINTER(c_float)), ("mask", POINTER(_Mask)), ("logits", c_void_p),
                ("logits_count", c_size_t), ("multimask", c_int32), ("mask_threshold", c_float),
                ("maximum_hole_area", c_int32), ("maximum_island_area", c_int32),
                ("keeps_old_points", c_int32)]


class ResultInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("mask_count", c_int32), ("width", c_int32),
                ("height", c_int32), ("logits_side", c_int32), ("best", c_int32),
                ("frame", c_int64)]


class MaskInfo(_Sized):
    _fields_ = [("struct_size", c_size_t), ("object", c_int64), ("predicted_iou", c_float),
                ("object_score", c_float), ("stability_score", c_float), ("point", c_float * 2),
                ("crop", c_int32 * 4), ("box", c_int32 * 4), ("area", c_int64)]


class AutomaticOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("points_per_side", c_int32),
                ("points_per_batch", c_int32), ("predicted_iou_threshold", c_double),
                ("stability_score_threshold", c_double), ("stability_score_offset", c_double),
                ("mask_threshold", c_double), ("box_nms_threshold", c_double),
                ("crop_layers", c_int32), ("crop_points_downscale_factor", c_int32),
                ("crop_nms_threshold", c_double), ("crop_overlap_ratio", c_double),
                ("minimum_region_area", c_int32), ("refines_masks", c_int32),
                ("multimask", c_int32), ("grid_count", c_size_t),
                ("grid_sizes", POINTER(c_size_t)), ("grid_points", c_void_p)]


class TrackerOptions(_Sized):
    _fields_ = [("struct_size", c_size_t), ("policy", c_int32), ("prunes_memory", c_int32),
                ("fill_hole_area", c_int32), ("masks_do_not_overlap", c_int32),
                ("clears_memory_around_input", c_int32), ("corrections_condition", c_int32),
                ("maximum_conditioning_frames", c_int32), ("memory_stride", c_int32),
                ("tracks_with_multimask", c_int32), ("constant_count", c_size_t),
                ("constant_names", POINTER(c_char_p)), ("constant_values", POINTER(c_double))]


_Progress = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint64, c_uint64)
_library = ctypes.CDLL(os.environ.get("SAM2_LIBRARY", "libsam2.so.1"))


def _declare(name, *arguments, result=c_int32):
    function = getattr(_library, name)
    function.argtypes, function.restype = arguments, result


_E = POINTER(_Error)
_handle, _place = c_void_p, POINTER(c_void_p)
_declare("sam2_version", result=c_char_p)
_declare("sam2_model_options_init", POINTER(ModelOptions), c_size_t, result=None)
_declare("sam2_model_open", c_char_p, POINTER(ModelOptions), _place, _E)
_declare("sam2_model_describe", _handle, POINTER(ModelInfo), _E)
_declare("sam2_picture_read", c_char_p, c_uint64, _place, _E)
_declare("sam2_picture_image", _handle, POINTER(_Image), _E)
_declare("sam2_picture_notices", _handle, result=c_char_p)
_declare("sam2_prompt_init", POINTER(_Prompt), c_size_t, result=None)
_declare("sam2_predictor_create", _handle, _place, _E)
_declare("sam2_predictor_set_image", _handle, POINTER(_Image), _E)
_declare("sam2_predictor_predict", _handle, POINTER(_Prompt), _place, _E)
_declare("sam2_automatic_options_init", POINTER(AutomaticOptions), c_size_t, result=None)
_declare("sam2_automatic_generate", _handle, POINTER(_Image), POINTER(AutomaticOptions), _Progress,
         c_void_p, _place, _E)
_declare("sam2_tracker_options_init", POINTER(TrackerOptions), c_size_t, result=None)
_declare("sam2_tracker_create", _handle, c_int32, c_int32, POINTER(TrackerOptions), _place, _E)
_declare("sam2_tracker_resume", _handle, c_char_p, c_int32, c_int32, POINTER(TrackerOptions),
         _place, _E)
_declare("sam2_tracker_push", _handle, POINTER(_Image), _place, _E)
_declare("sam2_tracker_add", _handle, c_int64, POINTER(_Prompt), _place, _E)
_declare("sam2_tracker_remove", _handle, c_int64, _E)
_declare("sam2_tracker_reset", _handle, _E)
_declare("sam2_tracker_objects", _handle, POINTER(c_int64), c_size_t, POINTER(c_size_t), _E)
_declare("sam2_tracker_save", _handle, c_char_p, _E)
_declare("sam2_result_describe", _handle, POINTER(ResultInfo), _E)
_declare("sam2_result_describe_mask", _handle, c_int32, POINTER(MaskInfo), _E)
_declare("sam2_result_mask", _handle, c_int32, c_void_p, c_size_t, c_size_t, _E)
_declare("sam2_result_logits", _handle, c_int32, c_void_p, c_size_t, _E)
_declare("sam2_result_low_resolution_logits", _handle, c_int32, c_void_p, c_size_t, _E)
_declare("sam2_result_notices", _handle, result=c_char_p)
for _type in ("model", "picture", "predictor", "tracker", "result"):
    _declare(f"sam2_{_type}_free", _handle, result=None)


class Failure(Exception):
    """A call that failed: `status` as the commands exit, and a stable `code`."""

    def __init__(self, error):
        super().__init__(error.message.decode())
        self.status, self.code = error.status, error.code.decode()


def version():
    return _library.sam2_version().decode()


def _call(name, *arguments):
    error = _Error()
    if getattr(_library, name)(*arguments, byref(error)) != OK:
        raise Failure(error)


def _options(type_, name, members):
    """A struct of options with its defaults, except for `members`."""
    options = type_()
    getattr(_library, name)(byref(options), ctypes.sizeof(options))
    for key, value in members.items():
        if key not in dict(type_._fields_):
            raise TypeError(f"there is no option {key}")
        setattr(options, key, value)
    return options


class _Owner:
    """Owns a handle, and frees it with itself."""

    def _create(self, name, *arguments):
        handle = c_void_p()
        _call(name, *arguments, byref(handle))
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            getattr(_library, self._free)(self._handle)


class Model(_Owner):
    """A model file, shared by any number of predictors and trackers."""
    _free = "sam2_model_free"

    def __init__(self, path, **options):
        self._create("sam2_model_open", os.fsencode(path), byref(
            _options(ModelOptions, "sam2_model_options_init", options)))
        self.info = ModelInfo()
        _call("sam2_model_describe", self._handle, byref(self.info))

    def generate(self, image, progress=None, **options):
        """Masks of everything in a picture. `progress(done, total)` returns true to stop."""
        problems = []

        def report(_, done, total):
            try:
                return 1 if progress(done, total) else 0
            except BaseException as problem:
                problems.append(problem)
                return 1

        callback = _Progress(report) if progress else _Progress()
        view, kept = _view(image)
        result = Result()
        try:
            result._create("sam2_automatic_generate", self._handle, byref(view), byref(_options(
                AutomaticOptions, "sam2_automatic_options_init", options)), callback, None)
        except Failure:
            if problems:
                raise problems[0]
            raise
        return result


class Picture(_Owner):
    """A picture from a file; `pixels` is [height, width, 3], and `notices` lists what is missing."""
    _free = "sam2_picture_free"

    def __init__(self, path, maximum_pixels=0):
        self._create("sam2_picture_read", os.fsencode(path), maximum_pixels)
        self._image = _Image()
        _call("sam2_picture_image", self._handle, byref(self._image))
        self.width, self.height = self._image.width, self._image.height
        self.notices = _library.sam2_picture_notices(self._handle).decode().splitlines()

    @property
    def pixels(self):
        size = 3 * self.width * self.height
        values = (c_uint8 * size)()
        ctypes.memmove(values, self._image.pixels, size)
        return _array(values, (self.height, self.width, 3))


def read(path, maximum_pixels=0):
    """Reads a JPEG, PNG or WebP file."""
    return Picture(path, maximum_pixels)


class Predictor(_Owner):
    """Masks of one picture at a time, by prompts."""
    _free = "sam2_predictor_free"

    def __init__(self, model):
        self._create("sam2_predictor_create", model._handle)

    def set_image(self, image):
        view, kept = _view(image)
        _call("sam2_predictor_set_image", self._handle, byref(view))

    def predict(self, **prompt):
        """`points` [(x, y, label)], `box` (x0, y0, x1, y1), `mask`, `logits`; and the options."""
        described, kept = _prompt(**prompt)
        result = Result()
        result._create("sam2_predictor_predict", self._handle, byref(described))
        return result


class Tracker(_Owner):
    """Objects through frames as they come."""
    _free = "sam2_tracker_free"

    def __init__(self, model, width, height, resuming=None, **options):
        options = _options(TrackerOptions, "sam2_tracker_options_init", options)
        if resuming is None:
            self._create("sam2_tracker_create", model._handle, width, height, byref(options))
        else:
            self._create("sam2_tracker_resume", model._handle, os.fsencode(resuming), width,
                         height, byref(options))

    def push(self, image):
        view, kept = _view(image)
        result = Result()
        result._create("sam2_tracker_push", self._handle, byref(view))
        return result

    def add(self, object, **prompt):
        described, kept = _prompt(**prompt)
        result = Result()
        result._create("sam2_tracker_add", self._handle, object, byref(described))
        return result

    def remove(self, object):
        _call("sam2_tracker_remove", self._handle, object)

    def reset(self):
        _call("sam2_tracker_reset", self._handle)

    @property
    def objects(self):
        count = c_size_t()
        _call("sam2_tracker_objects", self._handle, None, 0, byref(count))
        objects = (c_int64 * count.value)()
        if count.value:
            _call("sam2_tracker_objects", self._handle, objects, count.value, byref(count))
        return list(objects)

    def save(self, path):
        _call("sam2_tracker_save", self._handle, os.fsencode(path))


class Result(_Owner):
    """Masks of a picture or frame."""
    _free = "sam2_result_free"

    def _create(self, name, *arguments):
        super()._create(name, *arguments)
        self._info = ResultInfo()
        _call("sam2_result_describe", self._handle, byref(self._info))
        self.width, self.height = self._info.width, self._info.height
        self.best, self.frame = self._info.best, self._info.frame

    def __len__(self):
        return self._info.mask_count

    def info(self, index):
        """Scores, box and area of the mask `index`."""
        info = MaskInfo()
        _call("sam2_result_describe_mask", self._handle, index, byref(info))
        return info

    def mask(self, index):
        """[height, width], true inside."""
        values = (c_uint8 * (self.width * self.height))()
        _call("sam2_result_mask", self._handle, index, values, len(values), 0)
        return _array(values, (self.height, self.width), "bool")

    def logits(self, index):
        """[height, width]."""
        return self._floats("sam2_result_logits", index, (self.height, self.width))

    def low_resolution_logits(self, index):
        """[side, side], for `predict(logits=...)`."""
        side = self._info.logits_side
        return self._floats("sam2_result_low_resolution_logits", index, (side, side))

    @property
    def notices(self):
        return _library.sam2_result_notices(self._handle).decode().splitlines()

    def _floats(self, name, index, shape):
        values = (c_float * (shape[0] * shape[1]))()
        _call(name, self._handle, index, values, len(values))
        return _array(values, shape)


def _array(values, shape, dtype=None):
    """Memory of ctypes as an array of `shape`."""
    if numpy is not None:
        array = numpy.frombuffer(values, dtype=numpy.dtype(values._type_)).reshape(shape)
        return array.view(dtype) if dtype else array
    view = memoryview(values).cast("B")
    return view.cast("f" if values._type_ is c_float else "B", shape)


def _bytes(array, kind):
    """Address, shape and owner of an array in rows without gaps, of the struct format `kind`."""
    if numpy is not None and not isinstance(array, memoryview):
        types = {"B": numpy.uint8, "f": numpy.float32}
        if kind == "B" and getattr(array, "dtype", None) not in (numpy.uint8, numpy.bool_):
            raise TypeError("an array of uint8 or bool is needed")
        array = numpy.ascontiguousarray(array, dtype=types[kind])
        return array.ctypes.data, array.shape, array
    view = memoryview(array)
    if view.format not in ((kind, "?") if kind == "B" else (kind,)):
        raise TypeError(f"elements of the format {kind} are needed, not {view.format}")
    shape, owner = view.shape, view.tobytes()
    return ctypes.cast(ctypes.c_char_p(owner), c_void_p).value, shape, owner


def _view(image):
    """A struct that describes a picture, and what must exist as long."""
    if isinstance(image, Picture):
        return image._image, image
    address, shape, owner = _bytes(image, "B")
    if len(shape) != 3 or shape[2] != 3:
        raise TypeError(f"a picture has the shape [height, width, 3], not {shape}")
    return _Image(pixels=address, width=shape[1], height=shape[0]), owner


def _prompt(points=(), box=None, mask=None, logits=None, **options):
    prompt = _options(_Prompt, "sam2_prompt_init", options)
    kept = []
    if len(points):
        values = (_Point * len(points))(*[(x, y, *(label or [1])) for x, y, *label in points])
        prompt.points, prompt.point_count = values, len(points)
        kept.append(values)
    if box is not None:
        prompt.box = (c_float * 4)(*box)
    if mask is not None:
        address, shape, owner = _bytes(mask, "B")
        if len(shape) != 2:
            raise TypeError(f"a mask has the shape [height, width], not {shape}")
        prompt.mask = ctypes.pointer(_Mask(address, shape[1], shape[0], 0))
        kept.append(owner)
    if logits is not None:
        address, shape, owner = _bytes(logits, "f")
        prompt.logits, prompt.logits_count = address, shape[0] * shape[1]
        kept.append(owner)
    return prompt, kept
