import Bytes
import JSON
import JobSupport
import SAM2

/// One item of a manifest: what to do with a picture or a video.
///
/// `Formats/batch.md` describes the JSON.
struct BatchItem {
  enum Work {
    case prompts([RequestedPrompt])
    case automatic(AutomaticMaskOptions)
    case track(TrackPlan)
  }

  let id: String
  /// The picture or video as the manifest writes it.
  let input: String
  /// The same, from where we are.
  let path: String
  let work: Work
  /// How its masks are written; nil for what is said for all items.
  let formats: BatchFormats?

  var isVideo: Bool { if case .track = work { true } else { false } }

  private static let members = [
    "id", "image", "prompts", "auto", "video", "actions", "script", "format",
  ]

  /// Reads an item; relative paths start at `folder`.
  /// - Throws: `batch.member`, `batch.work`, `batch.format`; `json.*`, `prompts.*`, `auto.option`, `script.*`,
  ///   `labels.identifier`.
  init(id: String, json: JSONValue, folder: String) throws(Failure) {
    for (key, _) in json.object ?? [] {
      guard BatchItem.members.contains(key) else {
        let guess = Suggestion.nearest(to: key, among: BatchItem.members)
        throw Failure(
          .badInput, code: "batch.member", "there is no member \"\(printable(key))\"",
          hint: guess.map { "did you mean \"\($0)\"?" } ?? "there are \(BatchItem.members)")
      }
    }
    let works = ["prompts", "auto", "actions", "script"].filter { json[$0] != nil }
    let kind = json["image"] != nil ? "image" : "video"
    guard works.count == 1, json["image"] == nil || json["video"] == nil else {
      throw BatchItem.workFailure
    }
    self.id = id
    input = try json.requiredString(kind)
    path = BatchItem.resolved(input, folder)
    formats = try BatchItem.formats(json["format"])
    switch (kind, works[0]) {
    case ("image", "prompts"):
      work = .prompts(try PromptFile.prompts(json.requiredArray("prompts"), folder: folder))
    case ("image", "auto"):
      work = .automatic(try AutomaticMaskOptions(json: json.required("auto")))
    case ("video", "actions"):
      let actions = try json.required("actions")
      let script = try InteractionScript(json: .object([("actions", actions)]))
      let masks = script.maskFiles.map { ($0, BatchItem.resolved($0, folder)) }
      let references = Dictionary(masks) { first, _ in first }
      work = .track(TrackPlan(script: script, masks: references.mapValues { .file($0) }))
    case ("video", "script"):
      let file = BatchItem.resolved(try json.requiredString("script"), folder)
      work = .track(try TrackPlan(scriptFile: file))
    default: throw BatchItem.workFailure
    }
  }

  private static func formats(_ json: JSONValue?) throws(Failure) -> BatchFormats? {
    guard let json else { return nil }
    if let formats = json.string.flatMap({ BatchFormats(list: $0) }) { return formats }
    throw Failure(
      .badInput, code: "batch.format", "\"format\" must be one or several names with commas",
      hint: "there are \(BatchFormats.allNames.joined(separator: ", "))")
  }

  private static var workFailure: Failure {
    Failure(
      .badInput, code: "batch.work", "it is not said what to do",
      hint: "give \"image\" with \"prompts\" or \"auto\", or \"video\" with \"actions\" or "
        + "\"script\"")
  }

  private static func resolved(_ path: String, _ folder: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : "\(folder)/\(path)"
  }
}
