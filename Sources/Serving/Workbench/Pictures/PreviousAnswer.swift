public import Bytes
public import JSON

/// An earlier answer that a prompt refines: the name of its logits, and the mask that was chosen.
public struct PreviousAnswer: Sendable, Equatable {
  private static let lengthLimit = 64

  public let logits: String
  public let mask: Int

  public init(logits: String, mask: Int) { (self.logits, self.mask) = (logits, mask) }

  /// - Throws: `json.*`; `serve.logits` for an invalid name.
  public init(json: JSONValue) throws(Failure) {
    let reader = try RequestObject(json, members: ["logits", "mask"])
    logits = try reader.string("logits")
    mask = try reader.optionalInteger("mask") ?? 0
    guard logits.utf8.count <= Self.lengthLimit else {
      throw Failure(.badInput, code: "serve.logits", "this is not the name of an earlier answer")
    }
  }

  public var json: JSONValue { ["logits": .string(logits), "mask": .init(mask)] }
}
