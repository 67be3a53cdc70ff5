public import Annotations

/// The form of a batch's masks: in files of one or several formats, as run lengths in the results,
/// or both.
public struct BatchFormats: Equatable, Sendable {
  /// In the order of the list of all.
  public let kinds: [AnnotationKind]
  /// COCO run lengths in the results themselves.
  public let hasRunLengths: Bool

  private static let runLengths = "rle"

  private init(names: Set<String>) {
    kinds = AnnotationKind.allCases.filter { names.contains($0.rawValue) }
    hasRunLengths = names.contains(BatchFormats.runLengths)
  }

  /// Reads a list of names with commas: `png`, or `png,coco,rle`.
  public init?(list: String) {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !names.isEmpty, names.allSatisfy(BatchFormats.allNames.contains) else { return nil }
    self.init(names: Set(names))
  }

  /// All of `lists` together; plain PNGs when there are none.
  public init(_ lists: [BatchFormats]) {
    self.init(names: lists.isEmpty ? ["png"] : Set(lists.flatMap(\.names)))
  }

  /// The names, in the order of the list of all.
  public var names: [String] {
    kinds.map(\.rawValue) + (hasRunLengths ? [BatchFormats.runLengths] : [])
  }

  /// The names of all formats.
  public static let allNames = AnnotationKind.allCases.map(\.rawValue) + [runLengths]

  /// Those that there are for pictures.
  var forPictures: BatchFormats {
    let unsuitable = Set(AnnotationKind.allCases).subtracting(AnnotationKind.forPictures)
    return BatchFormats(names: Set(names).subtracting(unsuitable.map(\.rawValue)))
  }

  var isEmpty: Bool { kinds.isEmpty && !hasRunLengths }

  /// Whether a file is written at the end from all frames of a video.
  var needsAllMasks: Bool { kinds.contains(where: \.describesAll) }
}
