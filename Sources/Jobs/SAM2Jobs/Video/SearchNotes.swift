import Bytes
import JSON
import SAM2

/// The results of a script's searches, as stored in a state's notes.
struct SearchNotes {
  let json: JSONValue

  init(_ player: ScriptPlayer, _ labels: FoundLabels) {
    json = [
      "script": player.script.json, "reached": player.reachedFrame.map { .init($0) } ?? .null,
      "objects": .array(labels.report),
    ]
  }

  /// Reads the notes of a stopped job, and restores the names of its objects to `labels`.
  /// - Throws: `state.notes`.
  static func growth(
    in notes: [UInt8], restoring labels: FoundLabels
  ) throws(Failure) -> ScriptPlayer.Growth {
    guard let json = try VideoLedger.json(notes)["searches"], let text = json["script"],
      let script = try? InteractionScript(json: text), let objects = json["objects"]?.array,
      objects.allSatisfy({ labels.restore($0) })
    else { throw VideoLedger.damaged() }
    return ScriptPlayer.Growth(script: script, reachedFrame: json["reached"]?.int)
  }
}
