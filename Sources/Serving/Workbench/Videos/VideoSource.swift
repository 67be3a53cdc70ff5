import Bytes
import JSON
import Media
import SAM2

/// The file or folder of an open video, and how to open it again.
struct VideoSource: Sendable {
  enum Place: Sendable {
    /// Below the media folder.
    case media(String)
    /// An upload, in the folder of the session.
    case stored
    /// Anywhere on this machine, as specified by its owner; clients cannot specify one.
    case path(String)
  }

  /// The last component of its path, by which exports know it.
  let name: String
  let place: Place

  var mediaPath: String? {
    if case .media(let path) = place { path } else { nil }
  }
}

/// A session in its stored form.
struct StoredTracking: Sendable {
  var results: JSONValue?
  var actions: [InteractionScript.Action] = []
  var names: ObjectNames?
}

/// An open video whose frames can be read; the file stays open as long as this exists.
struct OpenVideo: IndexedFrames {
  var frames: FrameSource
  /// Keeps open the descriptor that is part of the path of `frames`.
  private let item: MediaItem?

  /// Opens an item below the media folder; a folder of frames may not contain links as frames.
  /// - Throws: `serve.media_link`; any error from `FrameSource`.
  init(_ item: MediaItem, options: PictureOptions) throws(Failure) {
    if item.isFolder {
      for name in item.names where item.kind(name) == nil && OpenVideo.looksLikeFrame(name) {
        throw Failure(
          .badInput, code: "serve.media_link", "a frame is a link, which is not followed",
          file: printable("\(item.path)/\(name)"))
      }
    }
    do throws(Failure) {
      frames = try FrameSource(path: item.processPath, options: options)
    } catch {
      // The path through which it is open means nothing to anybody.
      throw error.with(file: item.path)
    }
    self.item = item
  }

  init(path: String, options: PictureOptions) throws(Failure) {
    do throws(Failure) {
      frames = try FrameSource(path: path, options: options)
    } catch {
      throw error.with(file: nil)
    }
    item = nil
  }

  var width: Int { frames.width }
  var height: Int { frames.height }
  var frameCount: Int? { frames.frameCount }

  mutating func frame(at index: Int) throws(Failure) -> RGBImage { try frames.frame(at: index) }

  private static func looksLikeFrame(_ name: String) -> Bool {
    ImageFormat.pathExtensions.contains { name.lowercased().hasSuffix($0) }
  }
}

extension Failure {
  /// The same failure with a different file, or none.
  fileprivate func with(file: String?) -> Failure {
    var copy = self
    copy.file = file
    return copy
  }
}
