public import Bytes
public import Media

/// The frames of a video by index: a `FrameSource`, or anything else that can provide a frame.
public protocol IndexedFrames {
  var width: Int { get }
  var height: Int { get }
  /// Number of frames, if the source claims to know it.
  var frameCount: Int? { get }
  /// Frame `index`, from 0.
  /// - Throws: `video.frame`, with the cause `endOfFrames`, when there is no such frame; what
  ///   reading and decoding throw.
  mutating func frame(at index: Int) throws(Failure) -> RGBImage
}

extension FrameSource: IndexedFrames {}

/// Pictures in memory as a video.
public struct FrameList: IndexedFrames, Sendable {
  private let pictures: [RGBImage]

  /// `pictures` must all have the same size.
  public init(_ pictures: [RGBImage]) { self.pictures = pictures }

  public var width: Int { pictures.first?.width ?? 0 }
  public var height: Int { pictures.first?.height ?? 0 }
  public var frameCount: Int? { pictures.count }

  public func frame(at index: Int) throws(Failure) -> RGBImage {
    guard pictures.indices.contains(index) else {
      throw Failure(
        .usage, code: "video.frame", "there is no frame \(index) among \(pictures.count)",
        cause: .endOfFrames)
    }
    return pictures[index]
  }
}
