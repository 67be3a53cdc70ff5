import Annotations
import Bytes
import Glibc
import JobSupport
import Media

/// Recognises files written by runs of this program, from their locations, names and beginnings.
enum ResultFiles {
  /// The paths of the results below `folder`, both directly in it and in the folders of formats.
  static func list(in folder: OutputDirectory) -> [String] {
    var found = results(in: folder)
    for kind in AnnotationKind.allCases {
      guard folder.entry(kind.rawValue) == .folder,
        let inner = try? folder.folder(kind.rawValue)
      else { continue }
      found += results(in: inner).map { "\(kind.rawValue)/\($0)" }
    }
    return found.sorted()
  }

  private static func results(in folder: OutputDirectory) -> [String] {
    var found: [String] = []
    for name in folder.names {
      switch folder.entry(name) {
      case .file:
        let hasKind = AnnotationKind.allCases.contains { kind in
          isAboutAll(name, kind) && hasMark(name, kind, in: folder)
        }
        if hasKind || isLabelPicture(name, in: folder) { found.append(name) }
      case .folder: found += files(ofFolder: name, in: folder)
      case .link, .other, nil: break
      }
    }
    return found
  }

  /// Masks of one object, or YOLO labels.
  private static func files(ofFolder name: String, in folder: OutputDirectory) -> [String] {
    let suffix = name == "labels" ? ".txt" : ".png"
    guard name == "labels" || isObject(name), let inner = try? folder.folder(name) else {
      return []
    }
    return inner.names.filter { file in
      inner.entry(file) == .file && file.hasSuffix(suffix)
        && (suffix == ".txt" || isMaskPicture(file, in: inner))
    }.map { "\(name)/\($0)" }
  }

  /// Whether `name` is the name of an object's folder: a number with at least three digits.
  static func isObject(_ name: String) -> Bool {
    name.count >= 3 && name.allSatisfy { $0.isASCII && $0.isNumber }
  }

  /// Whether `name` is the name of a file of `kind` about all pictures.
  static func isAboutAll(_ name: String, _ kind: AnnotationKind) -> Bool {
    switch kind {
    case .png, .davis, .sav: false
    case .savJSON: name.hasSuffix("_manual.json")
    case .coco: name == "coco.json"
    case .cocoPolygons: name == "coco-polygons.json"
    case .yolo: name == "data.yaml"
    case .labelStudio: name == "label-studio.json"
    case .cvat: name == "annotations.xml"
    }
  }

  /// Whether `name` is the name of a logits file: NAME_OBJECT.npy.
  static func isLogits(_ name: String) -> Bool {
    guard name.hasSuffix(".npy"), let mark = name.lastIndex(of: "_") else { return false }
    return Int(fileStem(String(name[name.index(after: mark)...]))) != nil
  }

  /// Whether the result at `path` below `folder` was certainly written by this program: a picture
  /// must match its output byte for byte, and other files must carry its mark.
  static func isCertain(_ path: String, in folder: OutputDirectory) -> Bool {
    if path.hasSuffix(".txt") {
      // YOLO labels are as trustworthy as the description above them.
      let parts = path.split(separator: "/").dropLast(2).map(String.init)
      let description = (parts + ["data.yaml"]).joined(separator: "/")
      return text(description, in: folder).hasPrefix(yoloMark)
    }
    guard path.hasSuffix(".png") else { return true }
    let file = folder.file(path)
    guard let found = try? LabelMap.read(file), let bytes = try? MappedFile.open(file) else {
      return false
    }
    let written =
      isLabelPicture(path, in: folder)
      ? try? PNGWriter.encode(found)
      : try? PNGWriter.encodeGray(found.labels, width: found.width, height: found.height)
    return bytes.withUnsafeBytes { written?.elementsEqual($0) ?? false }
  }

  private static let yoloMark = "# Put the pictures into images/"

  // MARK: - Beginnings

  private static let headByteCount = 1 << 14

  private static func head(_ name: String, in folder: OutputDirectory) -> [UInt8] {
    guard let slash = name.lastIndex(of: "/") else { return headOfFile(name, in: folder) }
    let inner = try? folder.folder(String(name[..<slash]))
    return inner.map { headOfFile(String(name[name.index(after: slash)...]), in: $0) } ?? []
  }

  private static func headOfFile(_ name: String, in folder: OutputDirectory) -> [UInt8] {
    guard let descriptor = try? folder.readable(name) else { return [] }
    defer { close(descriptor) }
    return (try? FileBytes.read(descriptor, 0..<headByteCount)) ?? []
  }

  /// The beginning of a file as text.
  static func text(_ name: String, in folder: OutputDirectory) -> String {
    String(decoding: head(name, in: folder), as: UTF8.self)
  }

  /// Whether the file begins as this program would write it, since other programs use the same
  /// names.
  private static func hasMark(
    _ name: String, _ kind: AnnotationKind, in folder: OutputDirectory
  ) -> Bool {
    let text = text(name, in: folder)
    return switch kind {
    case .png, .davis, .sav: false
    case .savJSON: text.hasPrefix("{\"video_id\":")
    case .coco, .cocoPolygons, .labelStudio, .cvat: text.contains("sam2-swift")
    case .yolo: text.hasPrefix(yoloMark)
    }
  }

  /// Whether a file is an 8-bit gray PNG or a label picture, as masks of one object are.
  static func isMaskPicture(_ name: String, in folder: OutputDirectory) -> Bool {
    guard name.hasSuffix(".png") else { return false }
    return isPicture(name, in: folder, colour: 0) || isLabelPicture(name, in: folder)
  }

  /// Whether a file is an 8-bit PNG of the given colour type (0 gray, 2 RGB) and size.
  static func isPicture(
    _ name: String, in folder: OutputDirectory, colour: UInt8,
    size: (width: Int, height: Int)? = nil
  ) -> Bool {
    let head = head(name, in: folder)
    guard head.count > 25, head.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return false }
    func number(_ offset: Int) -> Int { head[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    return head[24] == 8 && head[25] == colour
      && size.map { $0.width == number(16) && $0.height == number(20) } ?? true
  }

  /// Whether a file is an 8-bit PNG with the palette used for all label pictures.
  static func isLabelPicture(_ name: String, in folder: OutputDirectory) -> Bool {
    guard name.hasSuffix(".png") else { return false }
    // Signature, 25-byte header chunk, length and name of the palette chunk.
    let head = head(name, in: folder)
    let start = 8 + 25 + 8
    guard head.count >= start + DAVISPalette.bytes.count, head[24] == 8, head[25] == 3 else {
      return false
    }
    return head[start - 4..<start].elementsEqual("PLTE".utf8)
      && head[start..<start + DAVISPalette.bytes.count].elementsEqual(DAVISPalette.bytes)
  }
}
