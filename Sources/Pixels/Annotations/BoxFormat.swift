import Bytes

/// A box around one object in one picture, in pixels from the top-left corner.
public struct AnnotatedBox: Sendable, Equatable {
  /// Index of its class in the context's categories.
  public let category: Int
  /// 0...1.
  public let score: Double
  public let x0: Double
  public let y0: Double
  public let x1: Double
  public let y1: Double

  public init(category: Int, score: Double, x0: Double, y0: Double, x1: Double, y1: Double) {
    (self.category, self.score) = (category, score)
    (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
  }
}

/// A picture with the boxes found in it.
public struct BoxedPicture: Sendable, Equatable {
  /// Its file name, by which other tools find it.
  public let name: String
  public let width: Int
  public let height: Int
  public let boxes: [AnnotatedBox]

  public init(name: String, width: Int, height: Int, boxes: [AnnotatedBox]) {
    (self.name, self.width, self.height, self.boxes) = (name, width, height, boxes)
  }
}

/// The mask formats that can also hold boxes alone.
public enum BoxFormat: Sendable, CaseIterable {
  case coco
  case yolo

  public var kind: AnnotationKind {
    switch self {
    case .coco: .coco
    case .yolo: .yolo
    }
  }

  public init?(_ kind: AnnotationKind) {
    guard let format = BoxFormat.allCases.first(where: { $0.kind == kind }) else { return nil }
    self = format
  }

  /// The files about one picture alone.
  public func files(of picture: BoxedPicture) -> [AnnotationFile] {
    switch self {
    case .coco: []
    case .yolo: [YOLOBoxes.labels(of: picture)]
    }
  }

  /// The files about all pictures together.
  public func files(
    ofAll pictures: [BoxedPicture], _ context: AnnotationContext
  ) -> [AnnotationFile] {
    switch self {
    case .coco: [COCOBoxes.file(pictures, context)]
    case .yolo: [YOLOSegments.dataFile(context)]
    }
  }
}
