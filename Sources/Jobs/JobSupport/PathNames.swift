internal import Glibc

/// Whether two paths refer to the same existing file or folder.
public func isSameFile(_ a: String, _ b: String) -> Bool {
  var (first, second) = (stat(), stat())
  return stat(a, &first) == 0 && stat(b, &second) == 0
    && first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

/// The last part of a path: "dog.jpg" for "pictures/dog.jpg".
public func fileName(_ path: String) -> String {
  path.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? path
}

/// The last part of a path without its extension: "dog" for "pictures/dog.jpg".
public func fileStem(_ path: String) -> String {
  let name = fileName(path)
  guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
  return String(name[..<dot])
}

/// The path itself or, if its last part is "." or "..", the real path of the folder it names.
public func realName(_ path: String) -> String {
  guard [".", ".."].contains(fileName(path)), let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// The folder part of a path, or "." if it has none.
public func folderName(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `number` padded to at least five digits, as in frame names.
public func fiveDigits(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
}
