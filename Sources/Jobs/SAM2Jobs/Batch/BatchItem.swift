import Bytes
import JSON
import JobSupport
import SAM2

/// One item of a list: a picture or a video, and the work to do on it.
///
/// `Formats/batch.md` describes the JSON.
struct BatchItem {
  enum Work {
    case prompts([RequestedPrompt])
    /// The words for a detector to look for.
    case words([String])
    /// The objects marked on the pictures in a file.
    case examples(BatchExamples.Source)
    case automatic(AutomaticMaskOptions)
    case track(TrackPlan, BatchTrackOptions)
  }

  let id: String
  /// The picture or video, as written in the manifest.
  let input: String
  /// The same, relative to the working folder.
  let path: String
  let work: Work
  /// The formats of its masks, or nil to use those for all items.
  let formats: BatchFormats?

  var isVideo: Bool { if case .track = work { true } else { false } }

  private static let members =
    [
      "id", "image", "prompts", "text", "examples", "auto", "video", "actions", "script", "format",
      "detect_every",
    ] + BatchTrackOptions.Name.allCases.map(\.rawValue)

  /// Reads an item; relative paths start from `folder`.
  /// - Throws: `batch.member`, `batch.work`, `batch.format`, `batch.option`; `json.*`, `prompts.*`,
  ///   `examples.*`, `auto.option`, `script.*`, `labels.identifier`.
  init(id: String, json: JSONValue, folder: String) throws(Failure) {
    for (key, _) in json.object ?? [] {
      guard BatchItem.members.contains(key) else {
        let guess = Suggestion.nearest(to: key, among: BatchItem.members)
        throw Failure(
          .badInput, code: "batch.member", "there is no member \"\(printable(key))\"",
          hint: guess.map { "did you mean \"\($0)\"?" } ?? "there are \(BatchItem.members)")
      }
    }
    let works = ["prompts", "text", "examples", "auto", "actions", "script"].filter {
      json[$0] != nil
    }
    let kind = json["image"] != nil ? "image" : "video"
    guard works.count == 1, json["image"] == nil || json["video"] == nil else {
      throw BatchItem.workFailure
    }
    self.id = id
    input = try json.requiredString(kind)
    path = BatchItem.resolved(input, folder)
    formats = try BatchItem.formats(json["format"])
    if kind == "image" { try BatchItem.checkPicture(json) }
    if json["detect_every"] != nil, works != ["text"] || kind == "image" {
      throw Failure(
        .badInput, code: "batch.option", "\"detect_every\" is about \"text\" of a video")
    }
    switch (kind, works[0]) {
    case ("image", "prompts"):
      work = .prompts(try PromptFile.prompts(json.requiredArray("prompts"), folder: folder))
    case ("image", "text"): work = .words(try BatchItem.texts(json.required("text")))
    case ("image", "examples"):
      let file = BatchItem.resolved(try json.requiredString("examples"), folder)
      work = .examples(BatchExamples.Source(file: file, examples: try ExampleFile.read(file)))
    case ("image", "auto"):
      work = .automatic(try AutomaticMaskOptions(json: json.required("auto")))
    case ("video", "text"):
      var search = InteractionScript.Search(texts: try BatchItem.texts(json.required("text")))
      search.interval = try BatchItem.interval(json["detect_every"])
      work = .track(
        TrackPlan(script: .tracking(search), folder: folder), try BatchTrackOptions(item: json))
    case ("video", "actions"):
      let actions = try json.required("actions")
      let script = try InteractionScript(json: .object([("actions", actions)]))
      work = .track(
        TrackPlan(script: script, folder: folder), try BatchTrackOptions(item: json))
    case ("video", "script"):
      let file = BatchItem.resolved(try json.requiredString("script"), folder)
      work = .track(try TrackPlan(scriptFile: file), try BatchTrackOptions(item: json))
    default: throw BatchItem.workFailure
    }
  }

  private static func interval(_ json: JSONValue?) throws(Failure) -> Int? {
    guard let json, !json.isNull else { return nil }
    guard let interval = json.wholeNumber, interval > 0 else {
      throw Failure(
        .badInput, code: "batch.option", "\"detect_every\" must be an integer of 1 or more")
    }
    return interval
  }

  /// One text, or several distinct ones.
  private static func texts(_ json: JSONValue) throws(Failure) -> [String] {
    let texts = json.string.map { [$0] } ?? json.array?.compactMap(\.string) ?? []
    let count = json.string == nil ? json.array?.count ?? 0 : 1
    guard !texts.isEmpty, texts.count == count, Set(texts).count == count else {
      throw Failure(
        .badInput, code: "batch.text", "\"text\" must be words, or an array of different ones")
    }
    return texts
  }

  /// Checks that a picture has no video options.
  private static func checkPicture(_ json: JSONValue) throws(Failure) {
    guard let option = BatchTrackOptions.Name.allCases.first(where: { json[$0.rawValue] != nil })
    else { return }
    throw Failure(
      .badInput, code: "batch.option", "\"\(option.rawValue)\" is an option of videos")
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
      .badInput, code: "batch.work", "the item does not name its work",
      hint:
        "give \"image\" with \"prompts\", \"text\", \"examples\" or \"auto\", or \"video\" with "
        + "\"text\", \"actions\" or \"script\"")
  }

  private static func resolved(_ path: String, _ folder: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : "\(folder)/\(path)"
  }
}
