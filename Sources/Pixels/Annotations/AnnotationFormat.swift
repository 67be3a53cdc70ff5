public import Bytes
internal import Media

/// A way of writing masks that other tools can read.
///
/// Formats only produce bytes; names are relative to the format's folder. Formats with a place for
/// every object in every picture write empty masks; formats that list only the objects present
/// leave them out.
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

/// A file to be written by a format.
public struct AnnotationFile: Sendable, Equatable {
  /// Relative to the format's folder; may include subfolders.
  public let name: String
  public let bytes: [UInt8]

  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  init(name: String, text: String) { self.init(name: name, bytes: Array(text.utf8)) }
}

/// Information that formats need besides the masks.
public struct AnnotationContext: Sendable {
  /// The class of the objects, for formats that need one.
  public var category: String {
    get { categories.first ?? "" }
    set { categories = [newValue] }
  }
  /// The classes of the objects; masks and boxes refer to one by its index.
  public var categories = ["object"]
  /// Prefix for picture names, where other tools look for the pictures.
  public var imagePrefix = ""
  /// How far polygons may deviate from the outline, in pixels.
  public var polygonTolerance = 0.5
  /// The video whose frames the pictures are.
  public var video: VideoFacts?

  public init() {}

  /// The class at index `category`.
  func name(of category: Int) -> String {
    categories.indices.contains(category) ? categories[category] : self.category
  }
}

/// Information about a video as a whole.
public struct VideoFacts: Sendable {
  /// Its name without extension.
  public let identifier: String
  public let frameCount: Int
  public let width: Int
  public let height: Int
  /// In seconds.
  public let duration: Double

  public init(identifier: String, frameCount: Int, width: Int, height: Int, duration: Double) {
    (self.identifier, self.frameCount) = (identifier, frameCount)
    (self.width, self.height, self.duration) = (width, height, duration)
  }
}
