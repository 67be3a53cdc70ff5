import Bytes
import CLISupport

/// The program that the desktop has for files of a kind, as `xdg-open` finds it.
struct DesktopViewer {
  private let program: String
  /// Seconds in which a failure is noticed.
  private static let patience = 2.0

  /// Nil where there is no desktop, or no `xdg-open`.
  init?() {
    let isThere = ["DISPLAY", "WAYLAND_DISPLAY"].contains { Console.variable($0) != nil }
    guard isThere, let program = StartedProgram.find("xdg-open") else { return nil }
    self.program = program
  }

  /// Opens the file or folder at `path`, and does not wait for the person to close it.
  /// - Throws: `show.viewer` when the desktop has nothing for it.
  func open(_ path: String) throws(Failure) {
    // A name that begins with a dash would be taken for an option.
    let target = path.hasPrefix("-") ? "./\(path)" : path
    // It hands the file on and ends; should it be the viewer itself, it stays.
    let started = try StartedProgram(program, [target], inOwnGroup: true)
    guard let code = started.wait(seconds: Self.patience), code != 0 else { return }
    throw Failure(
      .inputOutput, code: "show.viewer", "the desktop has no program that opens it",
      hint: "the file is written; open it with a program of your choice", file: path)
  }
}
