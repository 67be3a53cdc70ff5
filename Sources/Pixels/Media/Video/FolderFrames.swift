import Bytes

/// The frames of a video as pictures in a folder.
struct FolderFrames {
  let paths: [String]
  let width: Int
  let height: Int
  private let maximumPixels: Int
  private let toleratesDamage: Bool
  private(set) var position = 0

  /// Lists the folder and reads the size of the first frame that can be read.
  ///
  /// As in the official loader frames are JPEG files sorted by the integer their name is. Without
  /// any JPEG, PNG files count; names that are not integers are sorted naturally, 2 before 10.
  init(folder: String, maximumPixels: Int, toleratesDamage: Bool = false) throws(Failure) {
    let jpegs = try PictureFolder.paths(folder, extensions: ImageFormat.jpeg.pathExtensions)
    paths =
      jpegs.isEmpty
      ? try PictureFolder.paths(folder, extensions: ImageFormat.png.pathExtensions) : jpegs
    guard !paths.isEmpty else {
      throw Failure(
        .badInput, code: "video.no_frames", "the folder has no JPEG or PNG files", file: folder)
    }
    let first = try FolderFrames.first(
      of: toleratesDamage ? paths[...] : paths[..<1], maximumPixels: maximumPixels)
    (width, height) = (first.width, first.height)
    self.maximumPixels = maximumPixels
    self.toleratesDamage = toleratesDamage
  }

  /// The first picture that can be read; if there is none, fails as the very first does.
  private static func first(
    of paths: ArraySlice<String>, maximumPixels: Int
  ) throws(Failure) -> RGBImage {
    var failure = Failure(.badInput, code: "video.no_frames", "there are no frames")
    for path in paths {
      do throws(Failure) {
        return try ImageReader.read(path, maximumPixels: maximumPixels)
      } catch  where path == paths.first {
        failure = error
      } catch {}
    }
    throw failure
  }

  /// The next frame, or nil after the last; where damage is tolerated, the next that can be read.
  mutating func next() throws(Failure) -> RGBImage? {
    while true {
      do throws(Failure) {
        return try read()
      } catch {
        guard toleratesDamage else { throw error }
        position += 1
      }
    }
  }

  /// The frame at `position`, which goes on by one; nil after the last.
  mutating func read() throws(Failure) -> RGBImage? {
    guard position < paths.count else { return nil }
    let path = paths[position]
    let image = try ImageReader.read(path, maximumPixels: maximumPixels)
    guard image.width == width, image.height == height else {
      throw Failure(
        .badInput, code: "video.mixed_sizes",
        "the frame is \(image.width)x\(image.height), the first one \(width)x\(height)",
        hint: "all frames of a video must have one size", file: path)
    }
    position += 1
    return image
  }

  /// Makes `next` return the frame at `index`.
  mutating func move(to index: Int) { position = index }
}
