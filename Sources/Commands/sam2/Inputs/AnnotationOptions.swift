import Annotations
import ArgumentParser
import Bytes
import SAM2Jobs

/// How masks are written, for commands that find them.
struct AnnotationOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "How masks are written; several with commas or by repeating. With several, each has a folder "
        + "of its name below DIR.", valueName: "format,…"))
  private var lists: [FormatList] = []

  @OptionGroup var naming: AnnotationNaming

  /// The requested formats, each once, in the order of the full list.
  var kinds: [AnnotationKind] {
    let requested = Set(lists.flatMap(\.kinds))
    return AnnotationKind.allCases.filter { requested.contains($0) }
  }

  /// The requested formats, or `preset`.
  /// - Throws: `format.unsuitable` for a format that is not among `suitable`.
  func kinds(
    among suitable: [AnnotationKind], default preset: AnnotationKind?
  ) throws(Failure) -> [AnnotationKind] {
    try AnnotationKind.check(kinds, among: suitable)
    return kinds.isEmpty ? [preset].compactMap(\.self) : kinds
  }
}

/// One value of `--format`: `png`, or `png,coco`.
private struct FormatList: ExpressibleByArgument {
  let kinds: [AnnotationKind]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    kinds = names.compactMap { AnnotationKind(rawValue: String($0)) }
    guard !names.isEmpty, kinds.count == names.count else { return nil }
  }

  static var allValueStrings: [String] { AnnotationKind.allCases.map(\.rawValue) }
}
