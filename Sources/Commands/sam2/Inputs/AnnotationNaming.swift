import Annotations
import ArgumentParser

/// Facts that formats need besides the masks, as far as they are given.
struct AnnotationNaming: ParsableArguments {
  @Option(
    parsing: .unconditional, help: "Class of the objects, for formats that need one.")
  var category = "object"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Put before the names of pictures in coco, cvat and label-studio files.", valueName: "text"))
  var imagePrefix = ""

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How far polygons may be from the outline of a mask; 0 keeps every corner.",
      valueName: "pixels"))
  var polygonTolerance = 0.5

  func validate() throws {
    guard polygonTolerance >= 0, polygonTolerance <= 1000 else {
      throw ValidationError("--polygon-tolerance must be between 0 and 1000 pixels")
    }
  }

  /// The facts in the form that formats take.
  var context: AnnotationContext {
    var context = AnnotationContext()
    context.category = category
    context.imagePrefix = imagePrefix
    context.polygonTolerance = polygonTolerance
    return context
  }
}
