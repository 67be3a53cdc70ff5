import Glibc
import JSON
import TestSupport

/// A folder with a small sample scene and models, made once for all tests and never written again.
final class Workplace: Sendable {
  let folder: String

  static let shared = Result<Workplace, any Error> { try Workplace() }

  /// The trained model in fp32, converted from the checkpoint among the fixtures.
  var model: String { "\(folder)/nano.sam2" }
  /// `picture.png`, `frames/`, `truth/` and so on.
  var scene: String { "\(folder)/scene" }

  /// Fixtures of the nano model.
  static func nano(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
      .joined(separator: "/") + "/Fixtures/nano/" + name
  }

  /// The checkpoint of the detector of coloured shapes.
  static var shapes: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
      .joined(separator: "/") + "/Fixtures/shapes"
  }

  /// The int8 model that is inside the sam2 command.
  static var bundled: String { bundled("nano-int8.sam2") }

  /// A file that is inside the sam2 command.
  static func bundled(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/Sources/Commands/CBundledModel/" + name
  }

  private init() throws {
    var template = Array("\(P_tmpdir)/sam2-end-to-end-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ToolProblem.noProducts }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // A C callback has no context, but may look at what is shared.
    atexit { if let shared = try? Workplace.shared.get() { Workplace.remove(shared.folder) } }
    try expectSuccess(
      Tool.convert.run(
        [Workplace.nano("nano.pt"), "--config", Workplace.nano("nano.yaml"), "-o", "nano.sam2"],
        in: folder))
    try expectSuccess(
      Tool.sam2.run(["sample", "-o", "scene", "--frames", "\(Workplace.frameCount)"], in: folder))
  }

  /// Enough frames to fill the memory bank, and for one object to cover another.
  static let frameCount = 24

  private static func remove(_ folder: String) {
    for name in folderNames(folder) where unlink("\(folder)/\(name)") != 0 {
      remove("\(folder)/\(name)")
    }
    rmdir(folder)
  }

}

/// Runs `sam2` in a fresh folder that `body` gets afterwards.
func withRun<Value>(
  _ arguments: [String], environment: [String: String] = [:],
  body: (Tool.Outcome, _ folder: String) throws -> Value
) throws -> Value {
  try withTemporaryFolder { folder in
    try body(Tool.sam2.run(arguments, in: folder, environment: environment), folder)
  }
}

/// Throws the errors that a command printed, unless it succeeded.
func expectSuccess(_ outcome: Tool.Outcome) throws {
  guard outcome.exitCode == 0 else {
    throw ToolProblem.failed("exit \(outcome.exitCode): \(outcome.errors)")
  }
}

extension Tool.Outcome {
  /// The command's standard output, as JSON.
  var json: JSONValue { get throws { try JSONValue(parsing: output) } }
}

/// All files below `folder`, by path.
func fileTree(_ folder: String, _ path: String = "") -> [String: [UInt8]] {
  var files: [String: [UInt8]] = [:]
  for name in folderNames("\(folder)/\(path)") {
    let inner = path + name
    if let bytes = fileBytes("\(folder)/\(inner)") { files[inner] = bytes }
    files.merge(fileTree(folder, inner + "/")) { first, _ in first }
  }
  return files
}
