import Annotations
import ArgumentParser
import Bytes

/// How masks are written, for commands that find them.
struct AnnotationOptions: ParsableArguments {
  @Option(
    name: .customLong("format"),
    help: ArgumentHelp(
      "How masks are written; several with commas or by repeating. With several, each has a folder "
        + "of its name below DIR.", valueName: "format,…"))
  private var lists: [FormatList] = []

  @Option(help: "What the objects are called where a format wants a class.")
  var category = "object"

  @Option(
    help: ArgumentHelp(
      "Put before the names of pictures in coco, cvat and label-studio files.", valueName: "text"))
  var imagePrefix = ""

  @Option(
    help: ArgumentHelp(
      "How far polygons may be from the outline of a mask; 0 keeps every corner.",
      valueName: "pixels"))
  var polygonTolerance = 0.5

  func validate() throws {
    guard polygonTolerance >= 0, polygonTolerance <= 1000 else {
      throw ValidationError("--polygon-tolerance must be between 0 and 1000 pixels")
    }
  }

  /// The formats asked for, each once, in the order of the list of all.
  var kinds: [AnnotationKind] {
    let wanted = Set(lists.flatMap(\.kinds))
    return AnnotationKind.allCases.filter { wanted.contains($0) }
  }

  /// The formats asked for, or `preset`.
  /// - Throws: `format.unsuitable` for one that is not among `suitable`.
  func kinds(
    among suitable: [AnnotationKind], default preset: AnnotationKind?
  ) throws(Failure) -> [AnnotationKind] {
    if let odd = kinds.first(where: { !suitable.contains($0) }) {
      throw Failure(
        .usage, code: "format.unsuitable", "--format \(odd.rawValue) is not for this command",
        hint: "there are \(suitable.map(\.rawValue).joined(separator: ", "))")
    }
    return kinds.isEmpty ? [preset].compactMap(\.self) : kinds
  }

  /// What formats have to know; `video` is nil for pictures.
  func context(video: VideoFacts? = nil) -> AnnotationContext {
    var context = AnnotationContext()
    context.category = category
    context.imagePrefix = imagePrefix
    context.polygonTolerance = polygonTolerance
    context.video = video
    return context
  }
}

extension AnnotationKind {
  /// What there is for pictures.
  static let forPictures = allCases.filter { $0 != .sav && $0 != .savJSON }
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
