public import Bytes
internal import Glibc
internal import Media

/// The pictures and clips used for calibration, found below the paths a person gave.
public struct CalibrationInputs: Sendable {
  /// One picture or one video.
  public struct Item: Sendable, Hashable {
    public enum Kind: String, Sendable {
      case picture
      case clip
    }

    public let kind: Kind
    public let path: String
  }

  /// In the order of the paths; by name within a folder.
  public private(set) var items: [Item] = []
  /// Files that could not be decoded, with the reason.
  public private(set) var skipped: [Failure] = []

  public var pictures: [Item] { items.filter { $0.kind == .picture } }
  public var clips: [Item] { items.filter { $0.kind == .clip } }

  init() {}

  /// Examines files and folders, and the header of each file.
  ///
  /// A folder whose pictures, at least two, all have integer names is a clip, as the official
  /// loader expects for frames; any other folder is a set of pictures.
  /// - Throws: `file.missing`, `file.unreadable`, `calibrate.empty` for a folder without pictures,
  ///   `calibrate.unreadable` if nothing at all can be used.
  public init(paths: [String]) throws(Failure) {
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw Failure(
          .missingInput, code: errno == ENOENT ? "file.missing" : "file.unreadable",
          "cannot open: \(String(cString: strerror(errno)))", file: path,
          cause: errno == ENOENT ? .missingFile : nil)
      }
      if status.st_mode & S_IFMT == S_IFDIR { try addFolder(path) } else { addFile(path) }
    }
    guard !items.isEmpty else {
      throw Failure(
        .badInput, code: "calibrate.unreadable",
        "none of the \(skipped.count) files for calibration can be decoded",
        place: skipped.first?.description, hint: "give JPEG or PNG pictures, or videos")
    }
  }

  private mutating func addFolder(_ folder: String) throws(Failure) {
    let names = try Self.pictureNames(in: folder)
    guard !names.isEmpty else {
      throw Failure(
        .missingInput, code: "calibrate.empty", "the folder has no JPEG or PNG files",
        hint: "give a folder of pictures, or of frames", file: folder)
    }
    let stems = names.map { $0[..<($0.lastIndex(of: ".") ?? $0.endIndex)] }
    if names.count > 1, stems.allSatisfy({ Int($0) != nil }) {
      items.append(Item(kind: .clip, path: folder))
      return
    }
    for name in names { addPicture(folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)") }
  }

  private mutating func addFile(_ path: String) {
    do {
      _ = try ImageReader.size(ofFile: path)
      items.append(Item(kind: .picture, path: path))
    } catch {
      // A file that is not a picture may be a video; ffmpeg decides later.
      if error.cause == .unknownFormat {
        addVideo(path)
      } else {
        skipped.append(error)
      }
    }
  }

  private mutating func addVideo(_ path: String) {
    do {
      _ = try FrameSource(path: path)
      items.append(Item(kind: .clip, path: path))
    } catch {
      skipped.append(error)
    }
  }

  private mutating func addPicture(_ path: String) {
    do {
      _ = try ImageReader.size(ofFile: path)
      items.append(Item(kind: .picture, path: path))
    } catch {
      skipped.append(error)
    }
  }

  private static func pictureNames(in folder: String) throws(Failure) -> [String] {
    guard let stream = opendir(folder) else {
      throw Failure(
        .missingInput, code: "file.unreadable",
        "cannot list the folder: \(String(cString: strerror(errno)))", file: folder)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let suffix = name.lastIndex(of: ".").map { name[$0...].lowercased() } ?? ""
      if !name.hasPrefix("."), [".jpg", ".jpeg", ".png"].contains(suffix) { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a damaged item.
  mutating func skip(_ item: Item, because failure: Failure) {
    items.removeAll { $0 == item }
    skipped.append(failure.about(file: item.path))
  }
}
