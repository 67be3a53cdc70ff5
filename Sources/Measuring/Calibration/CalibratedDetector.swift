public import Bytes
public import Graph
public import Media
public import Quantizer

/// A quantised detector, and the inputs its quantisation examined.
public struct CalibratedDetector: Sendable {
  /// The pictures and clips that were given.
  public struct Looked: Sendable {
    public internal(set) var sources: [CalibratedModel.Source] = []
    /// Those held out for measuring, or all of them if there were too few.
    public internal(set) var measured: [CalibrationInputs.Item] = []
    /// Inputs that could not be decoded.
    public internal(set) var skipped: [Failure] = []

    /// One input in this many is held out for measuring, if there are enough.
    private static let heldOutInterval = 4

    static func isHeldOut(_ index: Int, of count: Int) -> Bool {
      count >= heldOutInterval && index % heldOutInterval == heldOutInterval - 1
    }

    /// Whether some inputs were held out of the quantisation.
    public var keepsSome: Bool { sources.contains(where: \.isHeldOut) }

    mutating func add(_ item: CalibrationInputs.Item, isHeldOut: Bool) throws(Failure) {
      if isHeldOut && !keepsSome { measured = [] }
      if isHeldOut || !keepsSome { measured.append(item) }
      sources.append(
        CalibratedModel.Source(
          path: item.path, name: item.path.split(separator: "/").last.map(String.init) ?? item.path,
          kind: item.kind, sha256: try CalibrationRun.hash(of: item, frameLimit: .max),
          isHeldOut: isHeldOut))
    }
  }

  public let model: Model
  public let decisions: [Decision]
  public let equalisation: Equalised
  /// Empty if nothing was given.
  public let looked: Looked
}

extension CalibrationInputs.Item {
  /// Maximum number of frames examined per clip, and the interval between them.
  private static let (frameLimit, frameStride) = (4, 4)

  /// The picture, or some of the clip's frames.
  public func pictures() throws(Failure) -> [RGBImage] {
    switch kind {
    case .picture: return [try ImageReader.read(path)]
    case .clip:
      var source = try FrameSource(path: path)
      var pictures: [RGBImage] = []
      while pictures.count < Self.frameLimit, let picture = try source.next() {
        pictures.append(picture)
        for _ in 1..<Self.frameStride { _ = try source.next() }
      }
      return pictures
    }
  }
}
