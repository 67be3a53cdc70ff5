// Tracks objects through a folder of frames, from C++.
//
//   c++ -std=c++17 track.cpp -lsam2 -o track
//   ./track MODEL.sam2 FRAMES OUTPUT OBJECT,X,Y...
//
// Each OBJECT,X,Y is a click on the first frame. Writes OUTPUT/FRAME_OBJECT.pgm (255 inside).

#include <sam2.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// A handle that frees itself.
template <typename Type, void (*release)(Type *)> struct Release {
  void operator()(Type *handle) const { release(handle); }
};
using Model = std::unique_ptr<sam2_model, Release<sam2_model, sam2_model_free>>;
using Picture = std::unique_ptr<sam2_picture, Release<sam2_picture, sam2_picture_free>>;
using Tracker = std::unique_ptr<sam2_tracker, Release<sam2_tracker, sam2_tracker_free>>;
using Result = std::unique_ptr<sam2_result, Release<sam2_result, sam2_result_free>>;

// Calls `function` with `arguments` and a place for the error, and throws what goes wrong.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  sam2_error error = SAM2_ERROR_INIT;
  if (function(arguments..., &error) != SAM2_OK) throw std::runtime_error(error.message);
}

// The same for a function that returns a handle.
template <typename Handle, typename Function, typename... Arguments>
Handle create(Function function, Arguments... arguments) {
  typename Handle::pointer handle = nullptr;
  call(function, arguments..., &handle);
  return Handle(handle);
}

// A struct with its size, and all else zero.
template <typename Struct> Struct sized() {
  Struct value{};
  value.struct_size = sizeof value;
  return value;
}

struct Click {
  int64_t object;
  sam2_point point;

  explicit Click(const char *text) : point{0, 0, 1} {
    long long number = 0;
    if (std::sscanf(text, "%lld,%f,%f", &number, &point.x, &point.y) != 3)
      throw std::invalid_argument(std::string("not OBJECT,X,Y: ") + text);
    object = number;
  }
};

void save(const sam2_result *result, const std::string &folder, const std::string &frame) {
  auto info = sized<sam2_result_info>();
  call(sam2_result_describe, result, &info);
  std::vector<uint8_t> pixels(size_t(info.width) * info.height);
  for (int index = 0; index < info.mask_count; index++) {
    auto mask = sized<sam2_mask_info>();
    call(sam2_result_describe_mask, result, index, &mask);
    call(sam2_result_mask, result, index, pixels.data(), pixels.size(), size_t(0));
    std::ofstream file(folder + "/" + frame + "_" + std::to_string(mask.object) + ".pgm",
                       std::ios::binary);
    file << "P5\n" << info.width << ' ' << info.height << "\n255\n";
    for (uint8_t &pixel : pixels) pixel *= 255;
    file.write(reinterpret_cast<const char *>(pixels.data()), std::streamsize(pixels.size()));
    if (!file) throw std::runtime_error("cannot write to " + folder);
  }
}

void track(const char *modelPath, const char *frames, const char *folder,
           const std::vector<Click> &clicks) {
  std::vector<std::filesystem::path> paths;
  for (const auto &entry : std::filesystem::directory_iterator(frames))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());

  const sam2_model_options *defaults = nullptr;
  auto model = create<Model>(sam2_model_open, modelPath, defaults);
  Tracker tracker;
  for (const auto &path : paths) {
    auto picture = create<Picture>(sam2_picture_read, path.c_str(), uint64_t(0));
    auto image = sized<sam2_image>();
    call(sam2_picture_image, picture.get(), &image);
    if (!tracker)
      tracker = create<Tracker>(sam2_tracker_create, model.get(), image.width, image.height,
                                static_cast<const sam2_tracker_options *>(nullptr));
    auto result = create<Result>(sam2_tracker_push, tracker.get(), &image);
    if (path == paths.front()) {
      for (const Click &click : clicks) {
        sam2_prompt prompt;
        sam2_prompt_init(&prompt, sizeof prompt);
        prompt.points = &click.point;
        prompt.point_count = 1;
        result = create<Result>(sam2_tracker_add, tracker.get(), click.object, &prompt);
      }
    }
    save(result.get(), folder, path.stem().string());
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 5) {
    std::cerr << "usage: " << argv[0] << " MODEL.sam2 FRAMES OUTPUT OBJECT,X,Y...\n";
    return SAM2_USAGE;
  }
  try {
    track(argv[1], argv[2], argv[3], std::vector<Click>(argv + 4, argv + argc));
  } catch (const std::exception &problem) {
    std::cerr << "error: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
