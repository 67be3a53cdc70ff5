import Glibc
import TestSupport

/// The shared library and its header, laid out as an installation has them, and programs that are
/// compiled against it; created once for all tests.
final class CLibrary: Sendable {
  /// Holds `sam2.h`, `libsam2.so` and `libsam2.so.1`.
  let folder: String

  static let shared = Result<CLibrary, any Error> { try CLibrary() }

  /// The C compiler that Swift brings along.
  static let hasCompiler = isCommand("clang")
  static let hasPython = isCommand("python3")

  private init() throws {
    folder = try Workplace.shared.get().folder + "/c"
    try Tool.makeFolder(folder)
    let product = try Tool.sam2.path.dropLast(Tool.sam2.rawValue.count) + "libsam2-c.so"
    for name in ["libsam2.so", "libsam2.so.1"] { symlink(String(product), "\(folder)/\(name)") }
    symlink(CLibrary.source("Sources/Interfaces/CSAM2/include/sam2.h"), "\(folder)/sam2.h")
  }

  /// Compiles a program of one file, whose warnings are errors.
  func compile(_ source: String, _ compiler: String, standard: String) throws -> String {
    let name = source.split(separator: "/").last?.split(separator: ".").first ?? ""
    let program = "\(folder)/\(name)"
    let line = """
      \(compiler) -std=\(standard) -O1 -Wall -Wextra -Wno-missing-field-initializers -Werror \
      -I. "$0" -L. -lsam2 -pthread -Wl,-rpath,"$PWD" -o \(program)
      """
    try expectSuccess(Tool.shell(line, CLibrary.source(source), in: folder))
    return program
  }

  /// Runs one of the examples in Python.
  func python(_ arguments: [String], in work: String) throws -> Tool.Outcome {
    let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
    let line = """
      SAM2_LIBRARY="$0" PYTHONDONTWRITEBYTECODE=1 \
      python3 \(CLibrary.source("Scripts/examples/example.py")) \(quoted)
      """
    return try Tool.shell(line, "\(folder)/libsam2.so.1", in: work)
  }

  /// Path of a file of the package.
  static func source(_ name: String) -> String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/") + "/" + name
  }

  private static func isCommand(_ name: String) -> Bool {
    (try? Tool.shell("command -v \"$0\"", name, in: "/"))?.exitCode == 0
  }
}
