public import Annotations

/// The form of a batch's masks: files in one or more formats, run lengths in the results, or both.
public struct BatchFormats: Equatable, Sendable {
  /// In the order of the full list of formats.
  public let kinds: [AnnotationKind]
  /// Whether the results themselves contain COCO run lengths.
  public let hasRunLengths: Bool

  private static let runLengths = "rle"

  private init(names: Set<String>) {
    kinds = AnnotationKind.allCases.filter { names.contains($0.rawValue) }
    hasRunLengths = names.contains(BatchFormats.runLengths)
  }

  /// Reads a comma-separated list of names: `png`, or `png,coco,rle`.
  public init?(list: String) {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !names.isEmpty, names.allSatisfy(BatchFormats.allNames.contains) else { return nil }
    self.init(names: Set(names))
  }

  /// The union of `lists`, or plain PNGs if there are none.
  public init(_ lists: [BatchFormats]) {
    self.init(names: lists.isEmpty ? ["png"] : Set(lists.flatMap(\.names)))
  }

  /// The names, in the order of the full list.
  public var names: [String] {
    kinds.map(\.rawValue) + (hasRunLengths ? [BatchFormats.runLengths] : [])
  }

  /// The names of all formats.
  public static let allNames = AnnotationKind.allCases.map(\.rawValue) + [runLengths]

  /// The formats that are available for pictures.
  var forPictures: BatchFormats {
    let unsuitable = Set(AnnotationKind.allCases).subtracting(AnnotationKind.forPictures)
    return BatchFormats(names: Set(names).subtracting(unsuitable.map(\.rawValue)))
  }

  var isEmpty: Bool { kinds.isEmpty && !hasRunLengths }

  /// Whether any file is written at the end from all frames of a video.
  var needsAllMasks: Bool { kinds.contains(where: \.describesAll) }
}
