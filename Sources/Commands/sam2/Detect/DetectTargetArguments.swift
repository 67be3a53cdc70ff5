import ArgumentParser
import Detector
import JobSupport
import SAM2Jobs

/// The objects that `sam2 detect` looks for.
struct DetectTargetArguments: ParsableArguments {
  @Option(
    name: .customLong("text"), parsing: .upToNextOption,
    help: ArgumentHelp("One or more words or phrases to look for.", valueName: "words"))
  var texts: [String] = []

  @Option(help: ArgumentHelp("A picture of what to look for.", valueName: "example"))
  var like: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Where it is in the example; its most prominent object without it.", valueName: "x0,y0,x1,y1")
  )
  var box: BoxArgument?

  func validate() throws {
    guard texts.isEmpty != (like == nil) else {
      throw ValidationError("name a target: --text WORDS or --like EXAMPLE")
    }
    if box != nil, like == nil { throw ValidationError("--box is about the picture of --like") }
    if Set(texts).count < texts.count { throw ValidationError("a text is given more than once") }
  }

  var target: DetectTarget {
    guard let like else { return .texts(texts) }
    let box = box.map {
      Detection.Box(x0: $0.box.x0, y0: $0.box.y0, x1: $0.box.x1, y1: $0.box.y1)
    }
    return .example(path: like, box: box)
  }

  /// The classes of the objects found.
  var labels: [String] { like.map { [fileStem($0)] } ?? texts }
}
