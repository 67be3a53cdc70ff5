import Annotations
import Bytes
import JSON
import Media
import SAM2

/// The options of `sam2 track` that are available for a video in a batch, under the same names with
/// underscores.
///
/// Options that name files on the command line choose a form here: an item's files have names of
/// their own in its folder.
struct BatchTrackOptions: Sendable {
  private(set) var video = VideoOptions()
  /// Whether frames that cannot be decoded are skipped, or nil to use the setting for all items.
  private(set) var toleratesDamage: Bool?
  private(set) var stopAfter: Int?
  private(set) var context = AnnotationContext()
  /// The options of `context` that the item sets.
  private var named: Set<Name> = []
  private(set) var overlay: OverlayForm?
  private(set) var overlayParts = Overlay.Parts.all
  /// The file extension of the contact sheet.
  private(set) var contactSheet: String?
  private(set) var savesLogits = false

  enum OverlayForm: String {
    case movie = "mp4"
    case pictures = "jpg"
  }

  /// The members of an item that are options.
  enum Name: String, CaseIterable {
    case fillHoleArea = "fill_hole_area"
    case nonOverlapMasks = "non_overlap_masks"
    case clearMemory = "clear_non_cond_mem_around_input"
    case correctionsCondition = "add_all_frames_to_correct_as_cond"
    case maxConditioningFrames = "max_cond_frames_in_attn"
    case memoryStride = "memory_temporal_stride_for_eval"
    case multimask = "multimask_output_for_tracking"
    case tracker
    case trackerConstants = "tracker_constants"
    case pruneMemory = "prune_memory"
    case onError = "on_error"
    case stopAfter = "stop_after"
    case category
    case imagePrefix = "image_prefix"
    case polygonTolerance = "polygon_tolerance"
    case overlay
    case overlayParts = "overlay_parts"
    case contactSheet = "contact_sheet"
    case saveLogits = "save_logits"

    /// The accepted values, for messages.
    fileprivate var values: String {
      switch self {
      case .fillHoleArea: "an integer from 0 to 1000000"
      case .nonOverlapMasks, .clearMemory, .correctionsCondition, .multimask, .pruneMemory,
        .saveLogits:
        "true or false"
      case .maxConditioningFrames: "an integer of 2 or more, or -1"
      case .memoryStride: "an integer from 1 to 4096"
      case .tracker: "one of \(Tracker.allCases.map(\.rawValue).joined(separator: ", "))"
      case .trackerConstants: "an object of numbers by names of constants"
      case .onError: "\"stop\" or \"skip\""
      case .stopAfter: "an integer of 1 or more"
      case .category, .imagePrefix: "a string"
      case .polygonTolerance: "a number from 0 to 1000"
      case .overlay: "\"mp4\" or \"jpg\""
      case .overlayParts: "names of \(Overlay.Parts.names.joined(separator: ", ")), with commas"
      case .contactSheet: "\"png\" or \"jpg\""
      }
    }
  }

  /// Reads the options among an item's members.
  /// - Throws: `batch.option`.
  init(item: JSONValue) throws(Failure) {
    for name in Name.allCases {
      guard let value = item[name.rawValue] else { continue }
      guard set(name, value) else {
        throw Failure(
          .badInput, code: "batch.option", "\"\(name.rawValue)\" must be \(name.values)")
      }
      named.insert(name)
    }
  }

  /// Whether the item chooses the tracker.
  var namesTracker: Bool { named.contains(.tracker) }

  /// Whether the item has files that belong to no format.
  var hasOtherFiles: Bool { overlay != nil || contactSheet != nil || savesLogits }

  /// `preset` with the choices made here applied.
  func context(_ preset: AnnotationContext) -> AnnotationContext {
    var result = preset
    if named.contains(.category) { result.category = context.category }
    if named.contains(.imagePrefix) { result.imagePrefix = context.imagePrefix }
    if named.contains(.polygonTolerance) { result.polygonTolerance = context.polygonTolerance }
    return result
  }

  /// Sets one option; returns false if the value is not accepted.
  private mutating func set(_ name: Name, _ value: JSONValue) -> Bool {
    switch name {
    case .fillHoleArea: put(value.wholeNumber.within(0...1_000_000), \.video.fillHoleArea)
    case .nonOverlapMasks: put(value.bool, \.video.masksDoNotOverlap)
    case .clearMemory: put(value.bool, \.video.clearsMemoryAroundInput)
    case .correctionsCondition: put(value.bool, \.video.correctionsCondition)
    case .maxConditioningFrames:
      put(
        value.wholeNumber.flatMap { $0 == -1 || $0 >= 2 ? $0 : nil }, \.video.maxConditioningFrames)
    case .memoryStride: put(value.wholeNumber.within(1...4096), \.video.memoryStride)
    case .multimask: put(value.bool, \.video.tracksWithMultimask)
    case .tracker: put(value.string.flatMap { Tracker(rawValue: $0) }, \.video.tracker)
    case .trackerConstants: setConstants(value)
    case .pruneMemory: put(value.bool, \.video.prunesMemory)
    case .onError:
      put(["stop": false, "skip": true][value.string ?? ""], \.toleratesDamage)
    case .stopAfter: put(value.wholeNumber.within(1...Int.max), \.stopAfter)
    case .category: put(value.string, \.context.category)
    case .imagePrefix: put(value.string, \.context.imagePrefix)
    case .polygonTolerance: put(value.double.within(0...1000), \.context.polygonTolerance)
    case .overlay: put(value.string.flatMap { OverlayForm(rawValue: $0) }, \.overlay)
    case .overlayParts:
      put(value.string.flatMap { Overlay.Parts(names: $0) }, \.overlayParts)
    case .contactSheet:
      put(value.string.flatMap { ["png", "jpg"].contains($0) ? $0 : nil }, \.contactSheet)
    case .saveLogits: put(value.bool, \.savesLogits)
    }
  }

  private mutating func setConstants(_ value: JSONValue) -> Bool {
    guard case .object(let members) = value else { return false }
    for (name, value) in members {
      guard let constant = TrackerConstant(rawValue: name), let number = value.double else {
        return false
      }
      do throws(Failure) { try constant.set(number, in: &video) } catch { return false }
    }
    return true
  }

  private mutating func put<T>(_ value: T?, _ path: WritableKeyPath<Self, T>) -> Bool {
    guard let value else { return false }
    self[keyPath: path] = value
    return true
  }

  private mutating func put<T>(_ value: T?, _ path: WritableKeyPath<Self, T?>) -> Bool {
    guard let value else { return false }
    self[keyPath: path] = value
    return true
  }
}

extension Optional where Wrapped: Comparable {
  /// The value if it is in `range`, else nil.
  fileprivate func within(_ range: ClosedRange<Wrapped>) -> Wrapped? {
    flatMap { range.contains($0) ? $0 : nil }
  }
}
