import Bytes

/// The frames of a video stored as pictures in a folder.
struct FolderFrames {
  let paths: [String]
  let width: Int
  let height: Int
  private let options: PictureOptions
  private let toleratesDamage: Bool
  private let collector: NoticeCollector
  /// Frames whose notices have already been passed on.
  private var noticed: Set<String> = []
  private(set) var position = 0

  /// Lists the folder using `FrameListing`, and reads the size of the first readable frame.
  ///
  /// Anything lost in reading frames is reported to `collector`.
  init(
    folder: String, options: PictureOptions, toleratesDamage: Bool = false,
    collector: NoticeCollector
  ) throws(Failure) {
    let listing = try FrameListing(folder: folder)
    paths = listing.paths
    collector.add(listing.notices)
    let first = try FolderFrames.first(
      of: toleratesDamage ? paths[...] : paths[..<1], options: options)
    (width, height) = (first.picture.width, first.picture.height)
    var options = options
    if options.sampleRange == .automatic {
      // Uses one range for all frames, as the picture would flicker otherwise.
      options.sampleRange =
        try ImageReader.sampleRange(ofFile: first.path, options: options) ?? .full
    }
    self.options = options
    self.toleratesDamage = toleratesDamage
    self.collector = collector
  }

  /// The first picture that can be read; if there is none, throws the failure of the very first.
  private static func first(
    of paths: ArraySlice<String>, options: PictureOptions
  ) throws(Failure) -> (path: String, picture: RGBImage) {
    var failure = Failure(.badInput, code: "video.no_frames", "there are no frames")
    for path in paths {
      do throws(Failure) {
        return (path, try ImageReader.read(path, options: options))
      } catch  where path == paths.first {
        failure = error
      } catch {}
    }
    throw failure
  }

  /// The next frame, or nil after the last; if damage is tolerated, the next readable one.
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

  /// The frame at `position`, which advances by one; nil after the last.
  mutating func read() throws(Failure) -> RGBImage? {
    guard position < paths.count else { return nil }
    let path = paths[position]
    let image = try ImageReader.read(path, options: options)
    guard image.width == width, image.height == height else {
      throw Failure(
        .badInput, code: "video.mixed_sizes",
        "the frame is \(image.width)x\(image.height), the first one \(width)x\(height)",
        hint: "all frames of a video must have one size", file: path)
    }
    position += 1
    if !image.notices.isEmpty, noticed.insert(path).inserted {
      collector.add(image.notices.map { $0.about(file: path) })
    }
    return image
  }

  /// Makes `next` return the frame at `index`.
  mutating func move(to index: Int) { position = index }
}
