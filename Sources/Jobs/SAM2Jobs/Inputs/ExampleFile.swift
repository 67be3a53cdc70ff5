public import Bytes
import JSON
import JobSupport
import SAM2

/// A picture with marked objects, as given by a person.
public struct RequestedExample: Sendable {
  /// Path of the picture.
  public var image: String
  public var prompts: [RequestedPrompt]

  public init(image: String, prompts: [RequestedPrompt]) {
    (self.image, self.prompts) = (image, prompts)
  }
}

extension [RequestedExample] {
  /// Prompts naming each object once, in the order of the masks.
  public var objects: [RequestedPrompt] {
    var numbers: [Int] = []
    for prompt in flatMap(\.prompts) where !numbers.contains(prompt.object) {
      numbers.append(prompt.object)
    }
    return numbers.map { RequestedPrompt(object: $0) }
  }
}

/// Pictures with marked objects, in one JSON file.
///
///     {"examples": [{"image": "first.jpg", "prompts": [{"object": 1, "points": [[210, 350]]}]}]}
///
/// `Formats/examples.md` describes it. Picture and mask paths are relative to the file's folder.
public enum ExampleFile {
  /// Maximum number of examples per run: each adds the work of one memory to every picture.
  static let limit = 64

  /// Reads the file at `path`.
  /// - Throws: `file.*`, `json.*`, `prompts.*`, `examples.*`; the place names the example and
  ///   prompt.
  public static func read(_ path: String) throws(Failure) -> [RequestedExample] {
    do throws(Failure) {
      let json = try JSONValue(parsing: MappedFile.open(path))
      for (key, _) in json.object ?? [] where key != "examples" {
        throw Failure(
          .badInput, code: "examples.member",
          "there is no member \"\(printable(key))\"; there is \"examples\"")
      }
      return try examples(json.requiredArray("examples"), folder: folderName(path))
    } catch {
      throw error.about(file: path)
    }
  }

  private static func examples(
    _ list: [JSONValue], folder: String
  ) throws(Failure) -> [RequestedExample] {
    guard (1...limit).contains(list.count) else {
      throw Failure(
        .badInput, code: "examples.count", "there are \(list.count) examples, not 1 to \(limit)")
    }
    var examples: [RequestedExample] = []
    for (index, element) in list.enumerated() {
      do throws(Failure) {
        examples.append(try example(element, folder: folder))
      } catch var failure {
        failure.place = "examples[\(index)]" + (failure.place.map { ", \($0)" } ?? "")
        throw failure
      }
    }
    return examples
  }

  private static func example(
    _ json: JSONValue, folder: String
  ) throws(Failure) -> RequestedExample {
    for (key, _) in json.object ?? [] where !["image", "prompts"].contains(key) {
      throw Failure(
        .badInput, code: "examples.member",
        "there is no member \"\(printable(key))\"; there are \"image\" and \"prompts\"")
    }
    let image = try json.requiredString("image")
    let prompts = try PromptFile.prompts(json.requiredArray("prompts"), folder: folder)
    guard prompts.allSatisfy({ $0.multimask == nil }) else {
      throw Failure(
        .badInput, code: "examples.multimask", "an example has one mask for each object",
        hint: "leave out \"multimask\"")
    }
    return RequestedExample(
      image: image.hasPrefix("/") ? image : "\(folder)/\(image)", prompts: prompts)
  }
}
