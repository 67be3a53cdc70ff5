public import ArgumentParser
public import Bytes
internal import Glibc
internal import JSON
import JobSupport

/// Facts and behaviour shared by the three commands.
public enum Tool {
  public static let version = Product.version

  /// The `main` of a command: parses, runs, and exits with the documented code.
  public static func main<Command: ParsableCommand>(_ type: Command.Type) {
    Console.occupyStandardChannels()
    Interruption.install()
    var command: any ParsableCommand
    do {
      command = try type.parseAsRoot()
    } catch {
      refuse(type, error)
    }
    RepeatedOptions.report(type)
    do { try command.run() } catch { type.exit(withError: error) }
  }

  /// Ends with the parser's message, or, for a refused command line, with the typo that explains it
  /// better, if there is one.
  private static func refuse<Command: ParsableCommand>(
    _ type: Command.Type, _ problem: any Error
  ) -> Never {
    guard type.exitCode(for: problem) == .validationFailure else { type.exit(withError: problem) }
    let advice = UsageAdvice(
      dump: type._dumpHelp(), arguments: Array(CommandLine.arguments.dropFirst()))
    var lines = type.fullMessage(for: problem).split(separator: "\n").map(String.init)
    if let advice, advice.isCause {
      lines = [advice.problem] + lines.drop { !$0.hasPrefix("Usage:") }
    } else if let advice {
      lines.append(advice.problem)
    }
    let parserMark = "Error: "
    if let first = lines.first, first.hasPrefix(parserMark) {
      lines[0] = String(first.dropFirst(parserMark.count))
    }
    Console.failure(lines)
    type.exit(withError: ExitCode.validationFailure)
  }

  /// Performs a command's work.
  ///
  /// A `Failure` is reported as one line on stderr with the documented exit code and, with `json`,
  /// also as an object `error` on stdout; anything else is an internal error and exits with 70.
  public static func run(json: Bool = false, _ body: () throws -> Void) throws {
    // Beyond a file size limit, writing must fail, as it does on a full disk, rather than end the
    // process.
    signal(SIGXFSZ, SIG_IGN)
    MappingGuard.install()
    do {
      try body()
      try checkOutput()
    } catch let failure as Failure {
      report(failure)
      if json { Console.data(object(failure).text(.pretty)) }
      throw exitCode(failure)
    } catch let exit as ExitCode {
      throw exit
    } catch {
      Console.failure(["internal, a bug of sam2-swift \(version): \(error)"])
      throw ExitCode(70)
    }
  }

  private static func checkOutput() throws(Failure) {
    let problem = Console.dataProblem
    guard problem != 0 else { return }
    throw Failure(
      .writing, code: "output.write",
      "writing to standard output failed: \(String(cString: strerror(problem)))")
  }

  /// Prints the line of a failure: `error: FILE: what (where); hint`.
  public static func report(_ failure: Failure) {
    Console.failure([printable(advised(failure).description, limit: 2000)])
  }

  /// A missing file often has a mistyped name.
  private static func advised(_ failure: Failure) -> Failure {
    guard failure.cause == .missingFile, failure.hint == nil, let file = failure.file else {
      return failure
    }
    var advised = failure
    if file.unicodeScalars.contains("\u{FFFD}") {
      advised.hint = "names of files have to be UTF-8"
    } else if let twin = Suggestion.existingFile(like: file) {
      advised.hint = "did you mean \(twin)?"
    }
    return advised
  }

  /// A failure in machine-readable form: the meaning of its code never changes.
  private static func object(_ failure: Failure) -> JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    return [
      "error": [
        "code": .string(failure.code), "exit": .integer(Int64(exitCode(failure).rawValue)),
        "file": text(failure.file), "message": .string(failure.message),
        "place": text(failure.place), "hint": text(failure.hint),
      ]
    ]
  }

  /// Prints the line of a notice: `note: FILE: what; hint`.
  static func report(_ notice: Notice) {
    Console.error("note: " + printable(notice.description, limit: 2000))
  }

  /// Exit codes follow sysexits.h.
  public static func exitCode(_ failure: Failure) -> ExitCode {
    ExitCode(failure.kind.exitCode)
  }

  /// Some of several items failed; the others are done.
  public static let someItemsFailed = ExitCode(1)
}
