import Annotations
import ArgumentParser
import Bytes

/// How `sam2 batch` writes masks: in files of one or several formats, as run lengths in the results,
/// or both.
struct BatchFormats: Equatable, Sendable {
  /// In the order of the list of all.
  let kinds: [AnnotationKind]
  /// COCO run lengths in the results themselves.
  let hasRunLengths: Bool

  private static let runLengths = "rle"

  private init(names: Set<String>) {
    kinds = AnnotationKind.allCases.filter { names.contains($0.rawValue) }
    hasRunLengths = names.contains(BatchFormats.runLengths)
  }

  /// Reads a list of names with commas: `png`, or `png,coco,rle`.
  init?(list: String) {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !names.isEmpty, names.allSatisfy(BatchFormats.allNames.contains) else { return nil }
    self.init(names: Set(names))
  }

  /// All of `lists` together; plain PNGs when there are none.
  init(_ lists: [BatchFormats]) {
    self.init(names: lists.isEmpty ? ["png"] : Set(lists.flatMap(\.names)))
  }

  /// The names, in the order of the list of all.
  var names: [String] {
    kinds.map(\.rawValue) + (hasRunLengths ? [BatchFormats.runLengths] : [])
  }

  static let allNames = AnnotationKind.allCases.map(\.rawValue) + [runLengths]

  /// Those that there are for pictures.
  var forPictures: BatchFormats {
    let unsuitable = Set(AnnotationKind.allCases).subtracting(AnnotationKind.forPictures)
    return BatchFormats(names: Set(names).subtracting(unsuitable.map(\.rawValue)))
  }

  var isEmpty: Bool { kinds.isEmpty && !hasRunLengths }

  /// Whether anything is made in the end from all frames of a video.
  var needsAllMasks: Bool { kinds.contains(where: \.describesAll) }
}

extension BatchFormats: ExpressibleByArgument {
  init?(argument: String) { self.init(list: argument) }

  static var allValueStrings: [String] { allNames }
}

/// The options of `sam2 batch` about formats.
struct BatchFormatOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "How masks are written; several with commas or by repeating. With several, each has a folder "
        + "of its name below DIR/ID. rle: COCO run lengths in the results, no files.",
      valueName: "format,…"))
  private var lists: [BatchFormats] = []

  @OptionGroup var naming: AnnotationNaming

  var formats: BatchFormats { BatchFormats(lists) }
}
