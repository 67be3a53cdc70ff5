/// A habit of wording that makes text hard to read, and the words by which it is found.
///
/// `Formats/glossary.md` has the words to use instead.
struct Habit: Sendable {
  let name: String
  /// Words that begin a sentence, in comments and documents.
  var openings: [String] = []
  /// Words in a row, also inside identifiers: `leastRows` has "least".
  var phrases: [String] = []
  /// Phrases that contain one of `phrases` and are good English.
  var allowed: [String] = []
}

extension Habit {
  static let all = [
    Habit(
      name: "a question word instead of a noun", openings: ["what", "who", "whoever", "whatever"]),
    Habit(
      name: "data that lies, stands or goes",
      phrases: [
        "lie", "lies", "lay", "lying", "stand", "stands", "stood", "standing", "goes", "gone",
        "comes to be", "come to be", "came to be",
      ], allowed: ["lay out", "lays out", "lay heads out", "checkpoint goes in"]),
    Habit(
      name: "made, for computed, written or created",
      phrases: [
        "made of", "is made", "are made", "was made", "were made", "be made", "being made", "maker",
        "makers", "made by",
      ], allowed: ["is made from", "was made from", "were made from"]),
    Habit(
      name: "least, most and wished, for minimum, maximum and target",
      phrases: ["least", "most", "wished", "wishes", "wanted", "wants"],
      allowed: [
        "at least", "at most", "most recent", "most recently", "most similar", "most significant",
        "most important", "most prominent", "most urgent", "the most tensors",
        "least significant", "least squares", "least recently", "most of", "least normal",
        "least nonzero",
        "least common",
        "most operators",
        "most steps",
        "most trainers", "agree least", "agrees least", "differ most", "differs most",
        "changed most", "changes most",
        // Members of JSON.
        "least iou",
      ]),
    Habit(
      name: "turn, for rotate and convert", phrases: ["turn", "turns", "turned", "turning"],
      allowed: ["in turn", "turned off"]),
    Habit(
      name: "tell and say, for report, detect and print",
      phrases: ["tell", "tells", "told", "telling", "say", "says", "said", "saying"]),
    Habit(name: "behind, for after", phrases: ["behind"]),
    Habit(
      name: "is no, for is not a",
      phrases: ["is no", "are no", "was no", "were no", "is none", "are none", "was none"],
      allowed: [
        "is no longer", "are no longer", "was no longer", "there is no", "there are no",
        "are no mask dense", "there was no", "there were no", "there is none", "there are none",
      ]),
    Habit(
      name: "go on, for continue and resume",
      phrases: ["go on", "goes on", "going on", "went on", "gone on"]),
    Habit(name: "one a line, for one per line", phrases: perPhrases, allowed: ["masks an object"]),
    Habit(name: "of ours, by us", phrases: ["of ours", "by us"]),
    Habit(name: "but for, for except", phrases: ["but for"]),
    Habit(
      name: "so many, some ten",
      phrases: ["so many", "so much", "some two", "some five", "some ten", "some twenty"]),
  ]

  /// Amounts followed by "a" and a noun.
  private static let perPhrases: [String] = {
    let amounts = [
      "one", "two", "three", "four", "eight", "ten", "mb", "kb", "gb", "mib", "kib", "ms", "bytes",
      "numbers", "values", "masks", "rows", "elements", "times", "tables",
    ]
    let nouns = [
      "line", "frame", "channel", "row", "column", "token", "call", "picture", "file", "window",
      "head", "tile", "pair", "position", "step", "layer", "thread", "core", "task", "cell",
      "block", "group", "mask", "prompt", "second", "minute", "reader", "byte", "pixel", "graph",
      "node",
      "machine", "level", "query", "key", "box", "weight", "stage", "clip", "video", "request",
      "client", "room",
    ]
    return amounts.flatMap { amount in nouns.map { "\(amount) a \($0)" } }
      + amounts.flatMap { amount in
        ["object", "item", "image", "element", "entry", "hour"].map { "\(amount) an \($0)" }
      }
  }()
}
