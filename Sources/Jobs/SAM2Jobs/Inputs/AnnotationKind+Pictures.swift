public import Annotations
public import Bytes

extension AnnotationKind {
  /// The formats available for pictures.
  public static let forPictures = allCases.filter { $0 != .sav && $0 != .savJSON }

  /// Checks that all formats are suitable.
  /// - Throws: `format.unsuitable` for one of `kinds` that is not among `suitable`.
  public static func check(
    _ kinds: [AnnotationKind], among suitable: [AnnotationKind]
  ) throws(Failure) {
    guard let odd = kinds.first(where: { !suitable.contains($0) }) else { return }
    throw Failure(
      .usage, code: "format.unsuitable", "the format \(odd.rawValue) is only for videos",
      hint: "there are \(suitable.map(\.rawValue).joined(separator: ", "))")
  }
}
