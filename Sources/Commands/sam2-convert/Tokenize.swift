import ArgumentParser
import Bytes
import CLISupport
import JSON
import Tokenizer

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the tokens of texts, as the text encoder of a detector sees them.",
    discussion: """
      Examples:

        sam2-convert tokenize owlv2/tokenizer.json --text "a red hexagon"
        sam2-convert tokenize merges.txt --texts texts.json

      One line per text is printed: its tokens as a JSON array, the start and the end of the text \
      included.
      """)

  @Argument(help: "merges.txt, tokenizer.json, CLIP's bpe_simple_vocab_16e6.txt, or their folder.")
  var tokenizer: String

  @Option(parsing: .upToNextOption, help: "Texts.")
  var text: [String] = []

  @Option(help: "A JSON array of texts.")
  var texts: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if text.isEmpty && texts == nil { throw ValidationError("give --text or --texts FILE.json") }
  }

  func run() throws {
    try Tool.run(json: false) {
      let tokenizer = BytePairTokenizer(try MergeList(path: self.tokenizer))
      for text in text + (try texts.map(Self.read) ?? []) {
        let tokens = tokenizer.tokens(text).map { JSONValue(Int($0)) }
        Console.data(JSONValue.array(tokens).text(.compact))
      }
    }
  }

  private static func read(_ path: String) throws -> [String] {
    do throws(Failure) {
      let entries = try JSONValue(parsing: try MappedFile.open(path)).array ?? []
      let texts = entries.compactMap(\.string)
      guard !texts.isEmpty, texts.count == entries.count else {
        throw Failure(
          .badInput, code: "tokenizer.texts", "the file is not a JSON array of strings")
      }
      return texts
    } catch {
      throw error.about(file: path)
    }
  }
}
