public import Annotations
public import Bytes
import JobSupport
public import Media
public import SAM2

/// The actions on a video, and the masks that they need.
public struct TrackPlan: Sendable {
  /// The source of a mask that the script names.
  public enum MaskReference: Sendable {
    /// All pixels of a file that are not 0.
    case file(String)
    /// The pixels of a file that belong to one object: those with its number if there are several
    /// labels, all marked ones otherwise.
    case object(Int, String)
    /// The pixels of a file with one label.
    case label(Int, String)
  }

  public let script: InteractionScript
  private let references: [String: MaskReference]
  private var masks: [String: BinaryMask] = [:]

  public init(script: InteractionScript, masks: [String: MaskReference]) {
    self.script = script
    references = masks
  }

  /// Reads the interaction script at `path`.
  /// - Throws: `file.*`, `json.*`, `script.*`.
  public init(scriptFile path: String) throws(Failure) {
    do {
      let bytes = try MappedFile.open(path).withUnsafeBytes { [UInt8]($0) }
      script = try InteractionScript(parsing: bytes)
    } catch {
      throw error.about(file: path)
    }
    let folder = folderName(path)
    var references: [String: MaskReference] = [:]
    for name in script.maskFiles {
      references[name] = .file(name.hasPrefix("/") ? name : "\(folder)/\(name)")
    }
    self.references = references
  }

  /// Checks that every object has a number that the formats can hold: 1 to 255 in palette PNGs, 0
  /// and above elsewhere.
  /// - Throws: `labels.identifier`.
  public func checkObjects(for kinds: [AnnotationKind]) throws(Failure) {
    let inPalette = kinds.contains(where: \.needsSmallNumbers)
    let possible = inPalette ? 1...255 : 0...999_999
    for (index, action) in script.actions.enumerated() {
      guard let object = action.object, !possible.contains(object) else { continue }
      throw Failure(
        .usage, code: "labels.identifier",
        "object number \(object) does not fit "
          + (inPalette ? "in a palette PNG (1 to 255)" : "(0 to 999999)"),
        place: "actions[\(index)]",
        hint: inPalette
          ? "number the objects from 1, or write --format sav" : "number the objects from 1")
    }
  }

  /// Reads all masks, so that a bad one is found before the work.
  /// - Throws: as `MaskFile`.
  public mutating func loadMasks() throws(Failure) {
    for name in script.maskFiles where masks[name] == nil {
      masks[name] = try references[name].map { (reference) throws(Failure) in
        try TrackPlan.load(reference)
      }
    }
  }

  /// The mask that the script calls `name`.
  func mask(_ name: String) throws(Failure) -> BinaryMask {
    guard let mask = masks[name] else {
      throw Failure(.internalError, code: "mask.unread", "the mask has not been read", file: name)
    }
    return mask
  }

  private static func load(_ reference: MaskReference) throws(Failure) -> BinaryMask {
    switch reference {
    case .file(let path): return try MaskFile.mask(path)
    case .label(let label, let path): return try MaskFile.labels(path).mask(of: label)
    case .object(let object, let path):
      let labels = try MaskFile.labels(path)
      guard labels.identifiers.count > 1 else { return try MaskFile.mask(path) }
      guard labels.identifiers.contains(object) else {
        throw Failure(
          .badInput, code: "mask.label",
          "no pixel has the label \(object); there are \(labels.identifiers)", file: path)
      }
      return labels.mask(of: object)
    }
  }

  /// The clicks and boxes on each frame, for overlays.
  public var marks: [Int: [Overlay.Prompt]] {
    var marks: [Int: [Overlay.Prompt]] = [:]
    for action in script.actions {
      guard case .addPoints(let frame, _, let points, let box, _) = action else { continue }
      marks[frame, default: []] += Overlay.Prompt.marks(points: points, box: box)
    }
    return marks
  }
}

extension InteractionScript.Action {
  /// The object it annotates; nil for what is not an annotation.
  var object: Int? {
    switch self {
    case .addPoints(_, let object, _, _, _), .addMask(_, let object, _): object
    case .propagate, .clearFrame, .removeObject, .reset: nil
    }
  }

  /// The frame it annotates; nil for what is not an annotation.
  var frame: Int? {
    switch self {
    case .addPoints(let frame, _, _, _, _), .addMask(let frame, _, _): frame
    case .propagate, .clearFrame, .removeObject, .reset: nil
    }
  }
}
