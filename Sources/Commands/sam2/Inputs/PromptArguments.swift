import ArgumentParser
import SAM2

/// A click on the command line: `x,y` or `x,y,label`.
struct PointArgument: ExpressibleByArgument {
  let point: Prompt.Point

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let x = coordinate(parts[0]), let y = coordinate(parts[1])
    else { return nil }
    guard let label = parts.count == 3 ? Int(parts[2]) : 1 else { return nil }
    point = Prompt.Point(x: x, y: y, label: label)
  }
}

/// A box on the command line: `x0,y0,x1,y1`.
struct BoxArgument: ExpressibleByArgument {
  let box: Prompt.Box

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap(coordinate)
    guard parts.count == 4, numbers.count == 4 else { return nil }
    box = Prompt.Box(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
  }
}

/// Parses a finite number without spaces.
private func coordinate(_ text: Substring) -> Float? {
  Float(text).flatMap { $0.isFinite ? $0 : nil }
}
