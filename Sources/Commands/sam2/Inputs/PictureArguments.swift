import ArgumentParser
import Bytes
import Glibc
import Media

/// The pictures named by arguments: files, folders, patterns, lists.
enum PictureArguments {
  static let help = ArgumentHelp(
    "Pictures: JPEG, PNG or WebP files, folders of them, patterns in quotes ('shots/*.jpg'), "
      + "@FILE with a name on each line, or - for such a list on stdin.")

  /// Longer files cannot be lists of pictures.
  private static let listByteLimit = 64 << 20
  private static let nameByteLimit = 4096

  /// The pictures of a command line, and other findings about it.
  struct Found {
    var paths: [String] = []
    var notices: [Notice] = []
  }

  /// The paths in the order of the arguments, without duplicates; those from folders and patterns
  /// are in natural order.
  ///
  /// An argument that names an existing file is that file, whatever its name; no pictures are read
  /// here.
  /// - Throws: `input.no_match`, `input.no_pictures`, `input.list`, and any error from reading a
  ///   list.
  static func found(_ arguments: [String]) throws(Failure) -> Found {
    var paths: [String] = []
    var notices: [Notice] = []
    for argument in arguments {
      if argument == "-" {
        paths += try names(in: standardInput(), of: "stdin")
      } else if kind(argument) == S_IFDIR {
        paths += try pictures(in: argument, &notices)
      } else if kind(argument) != nil {
        paths.append(argument)
      } else if argument.hasPrefix("@"), argument.count > 1 {
        let file = String(argument.dropFirst())
        paths += try names(in: MappedFile.open(file).withUnsafeBytes { [UInt8]($0) }, of: file)
      } else if argument.contains(where: { "*?[".contains($0) }) {
        paths += try matches(argument, &notices)
      } else {
        // Reading it will report the fault.
        paths.append(argument)
      }
    }
    var seen: Set<String> = []
    let distinct = paths.filter { seen.insert($0).inserted }
    if distinct.count < paths.count {
      notices.append(
        Notice(
          .leftOut, code: "input.repeated",
          "\(paths.count - distinct.count) pictures are named more than once; each is taken once"))
    }
    return Found(paths: distinct, notices: notices)
  }

  private static func kind(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  // MARK: - Folders and patterns

  private static func pictures(
    in folder: String, _ notices: inout [Notice]
  ) throws(Failure) -> [String] {
    let listing = try PictureFolder.listing(folder)
    guard !listing.pictures.isEmpty else {
      throw Failure(
        .badInput, code: "input.no_pictures", "is a folder without pictures",
        hint: "pictures are \(ImageFormat.pathExtensions.joined(separator: ", "))", file: folder)
    }
    if !listing.others.isEmpty {
      let count = listing.others.count
      notices.append(
        Notice(
          .leftOut, code: "input.others",
          "\(count) file\(count == 1 ? " is" : "s are") left out, by name no JPEG, PNG or WebP: "
            + PictureFolder.list(listing.others), file: folder))
    }
    return listing.pictures
  }

  private static func matches(
    _ pattern: String, _ notices: inout [Notice]
  ) throws(Failure) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else {
      throw Failure(
        .missingInput, code: "input.no_match", "no file matches the pattern", file: pattern)
    }
    var paths: [String] = []
    for index in 0..<Int(found.gl_pathc) {
      if let path = found.gl_pathv[index] { paths.append(String(cString: path)) }
    }
    let files = paths.filter { kind($0) != S_IFDIR }
    if files.count < paths.count {
      let folders = paths.filter { kind($0) == S_IFDIR }
      notices.append(
        Notice(
          .leftOut, code: "input.folders",
          "\(folders.count) folder\(folders.count == 1 ? "" : "s") that the pattern matches "
            + "\(folders.count == 1 ? "is" : "are") left out: \(PictureFolder.list(folders))",
          hint: "name folders themselves to have their pictures", file: pattern))
    }
    return PictureFolder.sorted(files)
  }

  // MARK: - Lists

  private static func standardInput() throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= listByteLimit {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Failure(
          .inputOutput, code: "input.list",
          "reading the list failed: \(String(cString: strerror(errno)))", file: "stdin")
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }

  /// The names in a list: one per line, or terminated by NUL bytes as written by `find -print0`.
  private static func names(in bytes: [UInt8], of file: String) throws(Failure) -> [String] {
    guard bytes.count <= listByteLimit else {
      throw failure("the list has more than \(listByteLimit) bytes", file)
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    let end: UInt8 = text.contains(0) ? 0 : 10
    var names: [String] = []
    for (number, line) in text.split(separator: end, omittingEmptySubsequences: false).enumerated()
    {
      let name = end == 10 && line.last == 13 ? line.dropLast() : line
      if name.isEmpty { continue }
      guard name.count < nameByteLimit, let path = String(validating: name, as: UTF8.self) else {
        throw failure("line \(number + 1) of the list is not a file name", file)
      }
      names.append(path)
    }
    guard !names.isEmpty else { throw failure("the list names no picture", file) }
    return names
  }

  private static func failure(_ what: String, _ file: String) -> Failure {
    Failure(.badInput, code: "input.list", what, file: file)
  }
}
