import ArgumentParser
import Bytes
import CLISupport
import JobSupport
import SAM2

/// `--show`: displays the result to the person.
struct ShowOption: ParsableArguments {
  @Flag(
    name: .customLong("show"),
    help: """
      Open the result in the desktop's viewer; without a desktop show it in the page of sam2 serve: \
      the address is printed, and served until Ctrl-C.
      """)
  var isRequested = false

  /// The place where the result is shown; nil if this was not requested.
  func place() -> ShowPlace? {
    guard isRequested else { return nil }
    return DesktopViewer().map { .viewer($0) } ?? .page
  }
}

/// Where results are shown.
enum ShowPlace {
  case viewer(DesktopViewer)
  case page

  /// Whether it shows files with masks drawn on them.
  var needsOverlay: Bool { if case .viewer = self { true } else { false } }

  /// Whether it shows the masks themselves.
  var needsMasks: Bool { !needsOverlay }
}
