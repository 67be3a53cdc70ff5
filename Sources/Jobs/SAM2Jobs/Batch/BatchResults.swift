import Annotations
import Bytes
import JobSupport

/// The files that batches write into item folders.
enum BatchResults {
  /// Names of files that belong to no format.
  static let (movie, overlay, contactSheet, logits) = (
    "overlay.mp4", "overlay", "contact_sheet", "logits"
  )

  /// Names of files that formats write, other than numeric ones.
  private static let names: Set<String> = [
    "metadata.csv", "labels.png", "coco.json", "coco-polygons.json", "data.yaml",
    "label-studio.json", "annotations.xml", movie, "\(contactSheet).png", "\(contactSheet).jpg",
  ]

  /// Whether a folder contains only files that batches write, so that it may be replaced.
  static func fill(_ folder: OutputDirectory) -> Bool {
    folder.names.allSatisfy { isResult($0, in: folder) }
  }

  private static func isResult(_ name: String, in folder: OutputDirectory) -> Bool {
    let stem = fileStem(name)
    if !stem.isEmpty, stem.allSatisfy(\.isWholeNumber) {
      return name == stem + ".png" || (name == stem && isObject(name, in: folder))
    }
    if ResultFiles.isLabelPicture(name, in: folder) { return true }
    // YOLO label files are named after the pictures.
    if name == "labels" {
      guard let labels = try? folder.folder(name) else { return false }
      return labels.names.allSatisfy { $0.hasSuffix(".txt") }
    }
    if name == logits || name == overlay {
      let suffix = name == logits ? ".npy" : ".jpg"
      guard let inner = try? folder.folder(name) else { return false }
      return inner.names.allSatisfy { $0.hasSuffix(suffix) }
    }
    if AnnotationKind(rawValue: name) != nil { return isFilled(name, in: folder) }
    return names.contains(name) || name.hasSuffix("_manual.json")
  }

  /// Whether a folder holds the masks of one object, which are named after the frames.
  private static func isObject(_ name: String, in folder: OutputDirectory) -> Bool {
    guard ResultFiles.isObject(name), let inner = try? folder.folder(name) else { return false }
    return inner.names.allSatisfy { ResultFiles.isMaskPicture($0, in: inner) }
  }

  private static func isFilled(_ name: String, in folder: OutputDirectory) -> Bool {
    (try? folder.folder(name)).map(fill) ?? false
  }
}
