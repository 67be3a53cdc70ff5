import Bytes
import CLISupport

/// The desktop's program for files of a given kind, as found by `xdg-open`.
struct DesktopViewer {
  private let program: String
  /// Seconds during which a failure is noticed.
  private static let patience = 2.0

  /// Nil if there is no desktop or no `xdg-open`.
  init?() {
    let isThere = ["DISPLAY", "WAYLAND_DISPLAY"].contains { Console.variable($0) != nil }
    guard isThere, let program = StartedProgram.find("xdg-open") else { return nil }
    self.program = program
  }

  /// Opens the file or folder at `path` without waiting for the person to close it.
  /// - Throws: `show.viewer` if the desktop has no program for it.
  func open(_ path: String) throws(Failure) {
    // A name that begins with a dash would be mistaken for an option.
    let target = path.hasPrefix("-") ? "./\(path)" : path
    // It normally hands the file on and ends; if it is the viewer itself, it keeps running.
    let started = try StartedProgram(program, [target], inOwnGroup: true)
    guard let code = started.wait(seconds: Self.patience), code != 0 else { return }
    throw Failure(
      .inputOutput, code: "show.viewer", "the desktop has no program that opens it",
      hint: "the file is written; open it with a program of your choice", file: path)
  }
}
