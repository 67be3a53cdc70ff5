public import Annotations
public import Bytes
import JobSupport
public import Media
public import SAM2

/// The actions on a video, and the masks they need.
public struct TrackPlan: Sendable {
  /// The source of a mask named by the script.
  public enum MaskReference: Sendable {
    /// The pixels in a file that belong to one object: those with its number if there are several
    /// labels, otherwise all marked pixels.
    case object(Int, String)
    /// The pixels in a file with one particular label.
    case label(Int, String)

    /// The file.
    var path: String {
      switch self {
      case .object(_, let path), .label(_, let path): path
      }
    }
  }

  public let script: InteractionScript
  private let references: [String: MaskReference]
  private var masks: [String: BinaryMask] = [:]
  /// Choices made when reading masks.
  public private(set) var notices: [Notice] = []

  public init(
    script: InteractionScript, masks: [String: MaskReference], notices: [Notice] = []
  ) {
    self.script = script
    references = masks
    self.notices = notices
  }

  /// A plan for `script`, with relative names of masks starting from `folder`.
  public init(script: InteractionScript, folder: String) {
    var references: [String: MaskReference] = [:]
    var renamed = script
    renamed.actions = script.actions.map { action in
      guard case .addMask(let frame, let object, let file) = action else { return action }
      // One file may hold the masks of several objects.
      let name = "\(file) (object \(object))"
      let isWhole = file.hasPrefix("/") || folder == "."
      references[name] = .object(object, isWhole ? file : "\(folder)/\(file)")
      return .addMask(frame: frame, object: object, file: name)
    }
    self.init(script: renamed, masks: references)
  }

  /// Reads the interaction script at `path`.
  /// - Throws: `file.*`, `json.*`, `script.*`.
  public init(scriptFile path: String) throws(Failure) {
    do throws(Failure) {
      let bytes = try MappedFile.open(path).withUnsafeBytes { [UInt8]($0) }
      self.init(script: try InteractionScript(parsing: bytes), folder: folderName(path))
    } catch {
      throw error.about(file: path)
    }
  }

  /// The files containing the masks.
  var maskPaths: [String] { references.values.map(\.path) }

  /// Whether playing it tracks each frame of a video exactly once, from first to last.
  var isOneForwardPass: Bool {
    guard
      case .propagate(start: let start, maxFrames: nil, isReverse: false)? = script.actions.last,
      script.actions.dropLast().allSatisfy({ $0.frame != nil })
    else { return false }
    return start ?? script.actions.compactMap(\.frame).min() == 0
  }

  /// The numbers of all objects that are annotated.
  var objects: Set<Int> { Set(script.actions.compactMap(\.object)) }

  /// Checks that every object has a number the formats can hold: 1 to 255 in palette PNGs, 0 and
  /// above elsewhere.
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

  /// Reads all masks, so that a bad one is found before work begins.
  /// - Throws: as `MaskFile`.
  public mutating func loadMasks(_ reading: InputReading = InputReading()) throws(Failure) {
    for name in script.maskFiles where masks[name] == nil {
      guard let reference = references[name] else { continue }
      let found = try TrackPlan.load(reference, reading)
      masks[name] = found.mask
      for notice in found.notices { notices.merge(notice) }
    }
  }

  /// The mask named `name` in the script.
  func mask(_ name: String) throws(Failure) -> BinaryMask {
    guard let mask = masks[name] else {
      throw Failure(.internalError, code: "mask.unread", "the mask has not been read", file: name)
    }
    return mask
  }

  private static func load(
    _ reference: MaskReference, _ reading: InputReading
  ) throws(Failure) -> MaskFile.Reading {
    let file = MaskFile(reference.path, reading)
    switch reference {
    case .label(let label, _):
      // The plan already holds the notices about all labels.
      return MaskFile.Reading(mask: try file.labels().mask(of: label), notices: [])
    case .object(let object, _): return try file.mask(of: object)
    }
  }

  /// Notices about clicks and boxes outside frames of `width` x `height`.
  func promptNotices(width: Int, height: Int) -> [Notice] {
    var notices: [Notice] = []
    for action in script.actions {
      guard case .addPoints(_, _, let points, let box, _) = action else { continue }
      for notice in Prompt.notices(points: points, box: box, width: width, height: height) {
        notices.merge(notice)
      }
    }
    return notices
  }

  /// Whether objects are found by words, so that their numbers are not known in advance.
  public var hasSearches: Bool { !script.searches.isEmpty }

  /// The classes of its objects: the texts of all searches, plus `unnamed` for objects that a
  /// person points at.
  public func categories(unnamed: String) -> [String] {
    var texts: [String] = []
    for text in script.searches.flatMap(\.texts) where !texts.contains(text) { texts.append(text) }
    return texts + (objects.isEmpty ? [] : [unnamed])
  }
}

extension InteractionScript {
  /// A plan to find `search` and track the results, either to the end or from one search to the
  /// next.
  public static func tracking(_ search: Search) -> InteractionScript {
    InteractionScript(
      [.detect(search)]
        + (search.interval == nil
          ? [.propagate(start: nil, maxFrames: nil, isReverse: false)] : []))
  }

  /// The clicks and boxes on each frame, as drawn on overlays.
  public var marks: [Int: [Overlay.Prompt]] {
    var marks: [Int: [Overlay.Prompt]] = [:]
    for action in actions {
      guard case .addPoints(let frame, _, let points, let box, _) = action else { continue }
      marks[frame, default: []] += Overlay.Prompt.marks(points: points, box: box)
    }
    return marks
  }
}

extension InteractionScript.Action {
  /// The object it annotates, or nil if it is not an annotation.
  var object: Int? {
    switch self {
    case .addPoints(_, let object, _, _, _), .addMask(_, let object, _): object
    case .propagate, .clearFrame, .removeObject, .reset, .detect: nil
    }
  }

  /// The frame it annotates, or nil if it is not an annotation.
  var frame: Int? {
    switch self {
    case .addPoints(let frame, _, _, _, _), .addMask(let frame, _, _): frame
    case .propagate, .clearFrame, .removeObject, .reset, .detect: nil
    }
  }
}
