/// An error caused from outside the program: by a file, an argument or the disk.
///
/// Every room throws this one type, so that a command can print one clear line and choose the
/// documented exit code. Two failures are equal when their codes are equal: wording may change.
public struct Failure: Error, Sendable {
  /// Decides the exit code of a command.
  public enum Kind: Sendable {
    /// The arguments make no sense (exit 64).
    case usage
    /// The input exists but is not acceptable (exit 65).
    case badInput
    /// The input does not exist or cannot be opened (exit 66).
    case missingInput
    /// An internal error (exit 70).
    case internalError
    /// The output cannot be created (exit 73).
    case cannotCreate
    /// Something that may not be replaced occupies the output's path (exit 73).
    case outputExists
    /// Reading, or another program, failed midway (exit 74).
    case inputOutput
    /// Writing the output failed midway, as on a full disk (exit 74).
    case writing
  }

  /// A circumstance to which callers react, for example by trying something else.
  ///
  /// Codes are for people and for other programs; no control flow here compares them.
  public enum Cause: Sendable {
    /// The file does not exist.
    case missingFile
    /// There is a folder where a file was expected.
    case folder
    /// The data end earlier than they announce.
    case truncated
    /// The content has no known format.
    case unknownFormat
    /// A text has a key twice.
    case duplicateKey
    /// A text has a malformed number.
    case malformedNumber
    /// The program that would do the work is not installed.
    case missingProgram
    /// A video has no such frame, because it has ended.
    case endOfFrames
    /// A program that decodes or encodes has failed or ended early.
    case codecEnded
  }

  public var kind: Kind
  /// Stable dotted identifier, for example `zip.truncated`.
  public var code: String
  /// The finding, and the expectation that it violates.
  public var message: String
  /// The place: an entry, a tensor or a byte offset.
  public var place: String?
  /// The next step for the user.
  public var hint: String?
  /// The file concerned; the command adds it if the room does not know it.
  public var file: String?
  /// The circumstance, where callers may react to it.
  public var cause: Cause?

  public init(
    _ kind: Kind, code: String, _ message: String, place: String? = nil, hint: String? = nil,
    file: String? = nil, cause: Cause? = nil
  ) {
    self.kind = kind
    self.code = code
    self.message = message
    self.place = place
    self.hint = hint
    self.file = file
    self.cause = cause
  }
}

extension Failure: Equatable {
  public static func == (a: Failure, b: Failure) -> Bool { a.code == b.code }
}

extension Failure: CustomStringConvertible {
  /// One line: file, message, place and hint.
  public var description: String {
    var line = file.map { "\($0): " } ?? ""
    line += message
    if let place { line += " (\(place))" }
    if let hint { line += "; \(hint)" }
    return line
  }
}

extension Failure {
  /// The same failure, naming the file it concerns unless it already does.
  public func about(file: String) -> Failure {
    var copy = self
    if copy.file == nil { copy.file = file }
    return copy
  }
}
