public import Bytes
internal import Media

/// A way of writing masks down that other tools read.
///
/// Formats only make bytes; names are relative to the folder of the format. Empty masks are written
/// by formats that have a place for every object in every picture, and left out by those that list
/// what is there.
public protocol AnnotationFormat: Sendable {
  /// The files about one picture alone; written as soon as the picture is done.
  func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile]

  /// The files about all pictures together; written last.
  func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile]
}

extension AnnotationFormat {
  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] { [] }
  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] { [] }
}

/// A file of a format, to be written.
public struct AnnotationFile: Sendable, Equatable {
  /// Relative to the folder of the format; may name folders below it.
  public let name: String
  public let bytes: [UInt8]

  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }
}

/// Facts that formats need besides the masks.
public struct AnnotationContext: Sendable {
  /// The class of the objects, for formats that need one.
  public var category: String {
    get { categories.first ?? "" }
    set { categories = [newValue] }
  }
  /// The classes of the objects, of which masks and boxes name one by its position.
  public var categories = ["object"]
  /// Put before names of pictures, where other tools look for them.
  public var imagePrefix = ""
  /// How far polygons may be from the outline, in pixels.
  public var polygonTolerance = 0.5
  /// The video that the pictures are frames of.
  public var video: VideoFacts?

  public init() {}

  /// The class at position `category`.
  func name(of category: Int) -> String {
    categories.indices.contains(category) ? categories[category] : self.category
  }
}

/// A video as a whole.
public struct VideoFacts: Sendable {
  /// Its name without extension.
  public let identifier: String
  public let frameCount: Int
  public let width: Int
  public let height: Int
  /// Seconds.
  public let duration: Double

  public init(identifier: String, frameCount: Int, width: Int, height: Int, duration: Double) {
    (self.identifier, self.frameCount) = (identifier, frameCount)
    (self.width, self.height, self.duration) = (width, height, duration)
  }
}
