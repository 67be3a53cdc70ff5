internal import Glibc

/// Whether two paths name one existing file or folder.
public func isSameFile(_ a: String, _ b: String) -> Bool {
  var (first, second) = (stat(), stat())
  return stat(a, &first) == 0 && stat(b, &second) == 0
    && first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

/// The last part of a path: "dog.jpg" of "pictures/dog.jpg".
public func fileName(_ path: String) -> String {
  path.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? path
}

/// The last part of a path without its extension: "dog" of "pictures/dog.jpg".
public func fileStem(_ path: String) -> String {
  let name = fileName(path)
  guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
  return String(name[..<dot])
}

/// The path itself, unless its last part is "." or "..": then the path of the folder that it names.
public func realName(_ path: String) -> String {
  guard [".", ".."].contains(fileName(path)), let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}

/// The folder of a path, "." when it names none.
public func folderName(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// `number` with at least five digits: the names of frames.
public func fiveDigits(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
}
